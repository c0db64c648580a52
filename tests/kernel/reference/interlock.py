"""Slow, obvious permissives, interlocks and trips: a stopwatch a suspicion, a function a row.

Specification of native/kernel/watch.c, cause.c, trip.c and interlock.c. `now` is a namespace of
what one tick shows: the configuration, the sensor frame, the observation as far as estimated, what
the last gate wrote, the accepted command and the laws' demands. Bits are sets of names here.
"""

from __future__ import annotations

import math

BAD = 2
STUCK = 256
CYLINDERS, CELL = (11, 12), 13
PRESSURE = (11, 12, 13)
HEATER_CURRENT = 18
STACK_TEMPERATURE = 8
WAYS_OUT = {"pump", "dump_valve", "load_holding_valve_open"}


class Stopwatch:
    """Counts ticks while `run` is called with True; stands at zero otherwise."""

    def __init__(self, tick_s):
        self.tick_s, self.s = tick_s, 0.0

    def run(self, accused):
        self.s = self.s + self.tick_s if accused else 0.0

    def reached(self, limit_s):
        return self.s > 0.0 and self.s >= limit_s - 0.5 * self.tick_s


class Window:
    """Compares a value with itself one full window ago; the verdict stands until the next."""

    def __init__(self, tick_s):
        self.tick_s, self.s, self.start, self.verdict = tick_s, 0.0, 0.0, False

    def restart(self, value):
        self.s, self.start = 0.0, value

    def run(self, value, window_s, judge):
        self.s += self.tick_s
        if self.s >= window_s - 0.5 * self.tick_s:
            self.verdict = judge(self.start, value)
            self.restart(value)


class Zone:
    def __init__(self, number, tick_s):
        self.number, self.tick_s = number, tick_s
        self.ssr, self.welded, self.broken, self.over, self.family, self.blind, self.loop = (
            Stopwatch(tick_s) for _ in range(7)
        )
        self.rise = Window(tick_s)
        self.reference_c = None
        self.loop_from_c = 0.0


class Mains:
    """Away from its loss until 0.3 s after it came back."""

    def __init__(self, tick_s):
        self.tick_s, self.away, self.back = tick_s, False, Stopwatch(tick_s)

    def run(self, there):
        self.away = self.away or not there
        self.back.run(there and self.away)
        if self.back.reached(0.3):
            self.away = False


class Burst:
    """Half the pressure gone since the start of this 0.2 s or of the one before."""

    def __init__(self, config):
        self.config, self.clock = config, Stopwatch(config.tick_s)
        self.starts, self.verdict = [0.0, 0.0], False

    def run(self, now):
        bar, limit = now.cylinder_bar, self.config.limit
        let_out = now.written & {"dump_valve", "approach_valve"} or now.command.hydraulics == 3
        if let_out or now.pressure_quality == BAD:
            self.starts, self.verdict, self.clock.s = [bar, bar], False, 0.0
            return
        high = max(self.starts)
        self.verdict = high - bar > max(limit.burst_bar, limit.burst_fraction * high)
        self.clock.run(True)
        if self.clock.reached(0.2):
            self.starts, self.clock.s = [self.starts[1], bar], 0.0


class Rise:
    """Up by so much within a second in which nobody asked for it."""

    def __init__(self, config):
        self.config, self.clock = config, Stopwatch(config.tick_s)
        self.start, self.verdict = 0.0, False

    def run(self, now, bar):
        hydraulic, limit = self.config.hydraulic, self.config.limit
        asked = max(
            now.valve * hydraulic.valve_full_scale_bar,
            hydraulic.close_bar,
            hydraulic.pressure_min_bar,
        )
        asked_for = "pump" in now.written and bar <= asked + limit.uncommanded_bar
        asked_for = asked_for or not bar > limit.released_bar_max
        if asked_for or now.pressure_quality == BAD:
            self.start, self.verdict, self.clock.s = bar, False, 0.0
            return
        rose = bar - self.start >= limit.uncommanded_rise_bar
        self.verdict = self.verdict or rose
        self.clock.run(True)
        if self.clock.reached(1.0):  # a second's window: without a rise it takes the verdict back
            self.verdict = rose
            self.start, self.clock.s = bar, 0.0


class Interlocks:
    def __init__(self, config, trips, interlocks):
        self.config, self.tick_s = config, config.tick_s
        self.trip_names, self.interlock_names = trips, interlocks
        self.zones = [Zone(i, config.tick_s) for i in range(config.zone_count)]
        self.latched = {"boot"}
        self.first_out = ("boot", -1, 0.0)
        self.cause_stands = {name: Stopwatch(config.tick_s) for name in trips}
        self.interlock_stands = {name: Stopwatch(config.tick_s) for name in interlocks}
        self.standing = set()
        self.lapses = None
        self.retained_s = 0.0
        self.leak = Window(config.tick_s)
        self.pump = Stopwatch(config.tick_s)
        self.pump_from_bar = 0.0
        self.burst = Burst(config)
        self.rise = Rise(config)
        self.mains = Mains(config.tick_s)
        self.actions_before = set()
        self.seen_before = None
        self.changes = 0

    # ---- evidence -----------------------------------------------------------------------------

    def trusted(self, now, channel):
        return self.config.channel[channel].fitted == 1 and now.quality[channel] != BAD

    def _current(self, now, zone):
        channel = HEATER_CURRENT + zone.number
        on = f"heater_{zone.number + 1}_ssr" in now.written
        mirror = ("contactor_top_closed", "contactor_bottom_closed")[
            self.config.zone[zone.number].platen
        ]
        if not self.trusted(now, channel) or not zone.ssr.reached(0.1):
            return
        limit, current_a = self.config.limit, now.reading[channel]
        if not on:
            zone.welded.run(current_a > limit.ssr_welded_current_a)
        elif mirror in now.inputs:
            rated_a = self.config.zone[zone.number].rated_current_a
            zone.broken.run(current_a < limit.heater_break_fraction * rated_a)

    def _platen_off_s(self, now, zone):
        platen = self.config.zone[zone.number].platen
        same = [z for z in self.zones if self.config.zone[z.number].platen == platen]
        if any(f"heater_{z.number + 1}_ssr" in now.written for z in same):
            return 0.0
        return min(z.ssr.s for z in same)

    def _temperature(self, now, zone):
        limit, i = self.config.limit, zone.number
        measured_c, reading_c = now.measurement[i], now.reading[i]
        if not self.trusted(now, i):
            zone.blind.run(True)
            for watch in (zone.over, zone.family, zone.loop):
                watch.run(False)
            zone.rise.restart(measured_c)
            zone.rise.verdict = False
            return
        zone.blind.run(False)
        zone.family.run(not abs(measured_c - now.median_c) <= limit.out_of_family_k)
        lowest_c = reading_c if zone.reference_c is None else min(zone.reference_c, reading_c)
        zone.reference_c = max(lowest_c, limit.start_temperature_c_max, now.setpoint_c)
        zone.over.run(reading_c > zone.reference_c + limit.over_temperature_warn_k)

        heats = (
            now.command.heat_enable == 1
            and not self.actions_before & {"heaters_off", "all_off"}
            and now.demand[i] > 0.9
        )
        risen = measured_c - zone.loop_from_c >= limit.loop_break_rise_k
        if not heats or zone.loop.s == 0.0 or risen:
            zone.loop_from_c = measured_c
            zone.loop.run(False)
        if heats:
            zone.loop.run(True)

        if self._platen_off_s(now, zone) < 30.0 - 0.5 * self.tick_s:
            zone.rise.restart(measured_c)
            zone.rise.verdict = False
            return
        most_k = limit.uncommanded_rise_k_per_s * limit.uncommanded_rise_s
        zone.rise.run(measured_c, limit.uncommanded_rise_s, lambda a, b: b - a > most_k)

    def _retained(self, now):
        limit, bar = self.config.limit, now.cylinder_bar
        if now.written & WAYS_OUT or now.pressure_quality == BAD:
            self.retained_s, self.leak.verdict = 0.0, False
        else:
            self.retained_s += self.tick_s
        if self.retained_s < 2.0 - 0.5 * self.tick_s:
            self.leak.restart(bar)
            return
        most_bar = limit.pressure_loss_bar_per_min * (limit.pressure_loss_s / 60.0)
        self.leak.run(
            bar,
            limit.pressure_loss_s,
            lambda before, after: before > limit.released_bar_max and before - after > most_bar,
        )

    def _pump(self, now):
        missing_mpa = now.setpoint_mpa - now.stack_mpa
        ought = "pump" in now.written and (
            (now.command.hydraulics == 1 and not now.contact)
            or (
                now.command.hydraulics == 2
                and missing_mpa > self.config.limit.pressure_holdback_mpa
            )
        )
        if not ought or self.pump.s == 0.0 or now.cylinder_bar - self.pump_from_bar >= 2.0:
            self.pump_from_bar = now.cylinder_bar
            self.pump.run(False)
        if ought:
            self.pump.run(True)

    # ---- trips: None, or what offended --------------------------------------------------------

    def cause_estop(self, now):
        return None if {"estop_a_ok", "estop_b_ok"} <= now.inputs else (0.0, -1)

    def cause_guard_open(self, now):
        closed = {"guard_a_closed", "guard_b_closed"} <= now.inputs
        at_rest = (
            now.command.hydraulics == 0 and now.cylinder_bar <= self.config.limit.released_bar_max
        )
        return None if closed or at_rest else (now.cylinder_bar, CYLINDERS[0])

    def cause_safety_relay(self, now):
        closed = "safety_relay_ok" in now.inputs or self.mains.away
        return None if closed else (0.0, -1)

    def cause_limiter(self, now):
        return None if "limiter_ok" in now.inputs else (0.0, -1)

    def cause_mains(self, now):
        return None if "mains_ok" in now.inputs else (0.0, -1)

    def cause_io_lost(self, now):
        stale_s = max(now.digital_stale_s, now.reading_stale_s)
        return None if stale_s <= self.config.limit.io_age_s_max else (stale_s, -1)

    def cause_io_lease_lapsed(self, now):
        if now.sensor.readback_ok != 1 or self.lapses in (None, now.sensor.lease_lapse_count):
            return None
        return float(now.sensor.lease_lapse_count), -1

    def cause_output_readback(self, now):
        if now.sensor.readback_ok != 1:
            return None
        seen = now.sensor.digital_output_bits_readback & 0xFFFF
        if seen not in (now.written_bits, now.written_bits_before):
            return float(seen), -1
        valve = now.sensor.valve_open_fraction_readback
        if any(abs(valve - wrote) <= 0.01 for wrote in (now.valve, now.valve_before)):
            return None
        return (valve if math.isfinite(valve) else 0.0), -1

    def cause_over_temperature(self, now):
        limit = self.config.limit
        for i in range(STACK_TEMPERATURE + 1):
            limit_c = limit.temperature_c_trip
            if i < len(self.zones) and self.zones[i].reference_c is not None:
                above_c = self.zones[i].reference_c + limit.over_temperature_trip_k
                limit_c = min(limit_c, above_c)
            if self.trusted(now, i) and now.reading[i] > limit_c:
                return now.reading[i], i
        return None

    def cause_zone_sensor(self, now):
        for zone in self.zones:
            last_c = now.measurement[zone.number]
            hot = last_c > self.config.limit.start_temperature_c_max
            if (hot or now.command.heat_enable == 1) and zone.blind.reached(
                self.config.limit.zone_sensor_bad_s_max
            ):
                return last_c, zone.number
        return None

    def _first_zone(self, offends, value, channel=0):
        for zone in self.zones:
            if offends(zone):
                return value[channel + zone.number], channel + zone.number
        return None

    def cause_zone_out_of_family(self, now):
        limit_s = self.config.limit.out_of_family_s
        return self._first_zone(lambda z: z.family.reached(limit_s), now.measurement)

    def cause_ssr_welded(self, now):
        limit_s = self.config.limit.ssr_welded_s
        return self._first_zone(lambda z: z.welded.reached(limit_s), now.reading, HEATER_CURRENT)

    def cause_uncommanded_heat(self, now):
        return self._first_zone(lambda z: z.rise.verdict, now.measurement)

    def cause_heater_break(self, now):
        limit_s = self.config.limit.heater_break_s
        return self._first_zone(lambda z: z.broken.reached(limit_s), now.reading, HEATER_CURRENT)

    def cause_loop_break(self, now):
        limit_s = self.config.limit.loop_break_s
        return self._first_zone(lambda z: z.loop.reached(limit_s), now.measurement)

    def cause_contactor_mismatch(self, now):
        agree = all(
            (f"contactor_{platen}_closed" in now.inputs) == (f"contactor_{platen}" in now.written)
            for platen in ("top", "bottom")
        )
        return None if agree else (0.0, -1)

    def cause_over_pressure(self, now):
        limit = self.config.limit
        for i in CYLINDERS:
            if self.trusted(now, i) and now.reading[i] > limit.cylinder_bar_trip:
                return now.reading[i], i
        force_kn = now.reading[CELL]
        cell_mpa = force_kn * 1000.0 / self.config.stack.area_mm2
        if self.trusted(now, CELL) and cell_mpa > limit.stack_pressure_mpa_max:
            return force_kn, CELL
        if not now.stack_mpa <= limit.stack_pressure_mpa_max:
            return now.cylinder_bar, CYLINDERS[0]
        return None

    def cause_pressure_sensor(self, now):
        for i in PRESSURE:
            if self.config.channel[i].fitted == 1 and now.quality[i] == BAD:
                return now.measurement[i], i
        return None

    def cause_pressure_disagreement(self, now):
        for i in PRESSURE:
            if now.reasons[i] & 512:
                return now.measurement[i], i
        return None

    def cause_pressure_loss(self, now):
        return (now.cylinder_bar, CYLINDERS[0]) if self.leak.verdict else None

    def cause_pump_no_rise(self, now):
        stood = self.pump.reached(self.config.limit.pump_no_rise_s)
        return (now.cylinder_bar, CYLINDERS[0]) if stood else None

    def cause_pump_mismatch(self, now):
        agree = ("pump_running" in now.inputs) == ("pump" in now.written)
        return None if agree else (0.0, -1)

    def cause_boot(self, now):
        return None

    cause_command_lease = cause_boot

    def debounce_s(self, name):
        limit = self.config.limit
        return {
            "mains": limit.mains_s_max,
            "output_readback": limit.readback_s_max,
            "contactor_mismatch": limit.contactor_mismatch_s,
            "pressure_sensor": 0.2,
            "pressure_disagreement": limit.pressure_pair_s_max,
            "pump_mismatch": limit.pump_mismatch_s,
        }.get(name, 0.0)

    def _trips(self, now):
        for name in self.trip_names:
            offence = getattr(self, f"cause_{name}")(now)
            watch = self.cause_stands[name]
            watch.run(offence is not None)
            if offence and (name in self.latched or watch.reached(self.debounce_s(name))):
                self.latched.add(name)
                self.first_out = self.first_out or (name, offence[1], offence[0])
        if self.first_out is None and self.latched:
            upper = next(name for name in self.trip_names if name in self.latched)
            self.first_out = (upper, -1, 0.0)
        if now.sensor.readback_ok == 1:
            self.lapses = now.sensor.lease_lapse_count

    def reset(self):
        """The edge of a reset in lease."""
        self.latched -= {name for name, watch in self.cause_stands.items() if watch.s == 0.0}
        if self.first_out and self.first_out[0] not in self.latched:
            self.first_out = None

    def _lower_bar(self, now):
        if all(self.trusted(now, i) for i in CYLINDERS):
            return min(now.measurement[i] for i in CYLINDERS)
        return now.cylinder_bar

    def cause_pressure_burst(self, now):
        return (now.cylinder_bar, CYLINDERS[0]) if self.burst.verdict else None

    def cause_pressure_uncommanded(self, now):
        return (now.cylinder_bar, CYLINDERS[0]) if self.rise.verdict else None

    def cause_zone_falls(self, now):
        """Evidence of the thermal rate: test_family.py; here its limit is out of reach."""

    def cause_thermal_runaway(self, now):
        """As cause_zone_falls."""

    def cause_release_stuck(self, now):
        """As cause_zone_falls: test_oil.py."""

    # ---- interlocks and permissives -----------------------------------------------------------

    def _zones_below(self, now, limit_c):
        return all(
            self.trusted(now, z.number) and now.measurement[z.number] <= limit_c for z in self.zones
        )

    def _oil(self, now):
        return {"oil_level_ok", "oil_filter_ok", "oil_temperature_ok"} <= now.inputs

    def _held_zones(self, now):
        warn_s = self.config.limit.over_temperature_warn_s
        over = {z.number for z in self.zones if z.over.reached(warn_s)}
        blind = {
            z.number
            for z in self.zones
            if not self.trusted(now, z.number) or now.reasons[z.number] & STUCK
        }
        return over, blind

    def _interlocks(self, now):
        over, blind = self._held_zones(now)
        water = now.written & {"cooling_water_top", "cooling_water_bottom"}
        asks_water = now.command.cooling == 2
        hot = not self._zones_below(now, self.config.limit.steam_limit_c)
        causes = {
            "zone_over_temperature": bool(over),
            "zone_sensor_bad": bool(blind),
            "temperature_holdback": now.temperature_held,
            "cold_stack": "cold_stack" in now.pressure_held,
            "pressure_uncertain": "pressure_uncertain" in now.pressure_held,
            "pressure_holdback": "pressure_holdback" in now.pressure_held,
            "water_above_steam_limit": asks_water and hot,
            "water_no_flow": asks_water
            if "water_no_flow" in self.standing
            else bool(water) and "water_flow_ok" not in now.inputs,
            "oil_not_ok": not self._oil(now),
        }
        debounce_s = {"water_no_flow": 2.0, "oil_not_ok": 1.0}
        standing = set()
        for name in self.interlock_names:
            watch = self.interlock_stands[name]
            watch.run(causes.get(name, name in now.excluded))
            if watch.reached(debounce_s.get(name, 0.0)):
                standing.add(name)
        self.standing = standing
        return over | blind

    def _missing(self, now):
        limit = self.config.limit
        given = {
            "no_trip": not self.latched,
            "guard_closed": {"guard_a_closed", "guard_b_closed"} <= now.inputs,
            "estop_released": {"estop_a_ok", "estop_b_ok"} <= now.inputs,
            "safety_relay_ok": "safety_relay_ok" in now.inputs,
            "limiter_ok": "limiter_ok" in now.inputs,
            "contactors_open": not now.inputs & {"contactor_top_closed", "contactor_bottom_closed"},
            "oil_ok": self._oil(now),
            "mains_ok": "mains_ok" in now.inputs,
            "sensors_good": all(
                quality == 0 or not channel.required
                for quality, channel in zip(now.quality, self.config.channel, strict=True)
            ),
            "pressure_released": now.pressure_quality != BAD
            and now.cylinder_bar <= limit.released_bar_max,
            "cool_enough": self._zones_below(now, limit.start_temperature_c_max),
            "io_fresh": max(now.digital_stale_s, now.reading_stale_s) <= limit.io_age_s_max,
        }
        return {name for name, there in given.items() if not there}

    def step(self, now):
        """What press_interlock writes into the observation, bits as sets of names."""
        for zone in self.zones:
            changed = (now.written_bits ^ now.written_bits_before) >> zone.number & 1
            zone.ssr.s = 0.0 if changed else zone.ssr.s
            zone.ssr.run(True)
        for zone in self.zones:
            self._current(now, zone)
            self._temperature(now, zone)
        self._retained(now)
        self._pump(now)
        self.mains.run("mains_ok" in now.inputs)
        self.burst.run(now)
        self.rise.run(now, self._lower_bar(now))
        self._trips(now)
        held_zones = self._interlocks(now)
        missing = self._missing(now)
        self.actions_before = set().union(*(now.actions_of[name] for name in self.latched))
        at_first = (set(), set(), set(), [0] * len(now.quality), 0)
        seen = (
            set(missing),
            set(self.standing),
            set(self.latched),
            list(now.quality),
            now.advisories,
        )
        self.changes += seen != (self.seen_before or at_first)
        self.seen_before = seen
        name, channel, value = self.first_out or (None, -1, 0.0)
        return {
            "missing": missing,
            "interlocks": self.standing,
            "trips": self.latched,
            "held_zones": held_zones,
            "first_out": (name, channel, value),
            "change_count": self.changes,
        }
