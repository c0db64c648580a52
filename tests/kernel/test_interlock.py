"""Permissives, interlocks and trips equal their reference on arbitrary histories."""

from __future__ import annotations

import math
from random import Random
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import (
    CHANNEL,
    INPUT,
    INTERLOCK,
    OUTPUT,
    PERMISSIVE,
    REST_ESTIMATE,
    REST_INPUTS,
    TRIP,
    ZONES,
    Bench,
    plain,
)
from kernel_case import bits as bits_of
from kernel_case import names as names_of_bits
from reference.interlock import Interlocks

from controller.kernel import lib

ACTION = {
    "heaters_off": lib.PRESS_ACTION_HEATERS_OFF,
    "contactors_open": lib.PRESS_ACTION_CONTACTORS_OPEN,
    "pump_off": lib.PRESS_ACTION_PUMP_OFF,
    "valve_zero": lib.PRESS_ACTION_VALVE_ZERO,
    "all_off": lib.PRESS_ACTION_ALL_OFF,
    "dump": lib.PRESS_ACTION_DUMP,
}
ACTIONS_OF = {
    name: {action for action, bit in ACTION.items() if lib.press_trip_action_bits(number) & bit}
    for name, number in TRIP.items()
}


def now_of(bench):
    """What this tick shows, read after validation and before press_interlock."""
    state, seen = bench.state, bench.seen
    return SimpleNamespace(
        sensor=bench.sensor,
        quality=list(seen.quality),
        reasons=list(seen.quality_reason_bits),
        measurement=list(seen.measurement_channel_unit),
        reading=[channel.reading_channel_unit for channel in state.channel],
        inputs=names_of_bits(INPUT, seen.digital_input_bits),
        written=names_of_bits(OUTPUT, state.digital_output_bits),
        written_bits=state.digital_output_bits,
        written_bits_before=state.digital_output_bits_previous,
        valve=state.valve_open_fraction,
        valve_before=state.valve_open_fraction_previous,
        excluded=names_of_bits(INTERLOCK, state.exclusion_bits),
        temperature_held=state.temperature_ramp_held != 0,
        pressure_held=names_of_bits(INTERLOCK, state.pressure_ramp_held),
        command=state.command,
        demand=[zone.demand_fraction for zone in state.zone],
        digital_stale_s=state.digital_stale_s,
        reading_stale_s=state.reading_stale_s,
        cylinder_bar=seen.cylinder_pressure_bar,
        pressure_quality=seen.pressure_quality,
        median_c=seen.zone_temperature_c_median,
        setpoint_c=seen.zone_temperature_setpoint_c,
        setpoint_mpa=seen.stack_pressure_setpoint_mpa,
        stack_mpa=seen.stack_pressure_mpa,
        contact=seen.contact,
        actions_of=ACTIONS_OF,
    )


SHORT = {  # limits of a few ticks, so that short histories cross them
    "over_temperature_warn_s": 0.03,
    "out_of_family_s": 0.04,
    "pressure_pair_s_max": 0.03,
    "ssr_welded_s": 0.05,
    "uncommanded_rise_s": 0.05,
    "heater_break_s": 0.04,
    "loop_break_s": 0.06,
    "contactor_mismatch_s": 0.03,
    "pump_mismatch_s": 0.04,
    "pump_no_rise_s": 0.07,
    "pressure_loss_s": 0.05,
    "io_age_s_max": 0.05,
    "zone_sensor_bad_s_max": 0.06,
    "readback_s_max": 0.02,
    "mains_s_max": 0.03,
    "burst_fraction": 0.35,
    "burst_bar": 12.0,
    "uncommanded_bar": 12.0,
    "uncommanded_rise_bar": 3.0,
    "runaway_k_per_s": 1e9,  # evidence at the thermal rate has its own tests
    "zone_falls_k": 1e9,
    "follow_bar": 1e9,
    "dump_stuck_s": 1e9,
}
NEAR_C = (22.0, 60.0, 60.1, 64.9, 65.0, 65.1, 75.0, 75.1, 95.0, 95.1, 100.0, 130.0, 130.1)
NEAR_BAR = (0.0, 7.9, 8.1, 15.4, 15.6, 100.0, 101.9, 102.0, 124.0, 239.9, 240.1)
NEAR_MPA = (0.0, 3.0, 3.1, 110.0, math.nextafter(110.0, 200), math.nan)


class Mischief:
    """A random but plausible life of a press: each call disturbs or repairs one thing."""

    def __init__(self, bench, random):
        self.bench, self.random = bench, random
        themes = [self.heat, self.zones, self.pressure, self.wire, self.inputs, self.outputs]
        self.themes = random.sample([*themes, self.command, self.laws, self.reset], 4)

    def __call__(self):
        self.random.choice([*self.themes, self.reset])()
        if self.random.random() < 0.15:
            self.repair()

    def flag(self, flags, names, table):
        bit = bits_of(table, self.random.choice(names))
        return flags | bit if self.random.random() < 0.5 else flags & ~bit

    def heat(self):
        bench, zone = self.bench, self.random.randrange(6)
        bench.put(f"heater_{zone + 1}_current_a", self.random.choice([0.0, 0.5, 0.51, 3.47, 3.49]))
        heaters = [f"heater_{i + 1}_ssr" for i in ZONES] + ["contactor_top", "contactor_bottom"]
        bench.wanted_bits = self.flag(bench.wanted_bits, heaters, OUTPUT)
        bench.state.zone[zone].demand_fraction = self.random.choice([0.0, 0.9, 0.91, 1.0])
        bench.command.heat_enable = self.random.choice([0, 1, 1, 2])
        mirrors = ["contactor_top_closed", "contactor_bottom_closed"]
        bench.inputs = self.flag(bench.inputs, mirrors, INPUT)

    def zones(self):
        bench, temperature_c = self.bench, self.random.choice(NEAR_C)
        name = self.random.choice(list(CHANNEL)[:9])
        if self.random.random() < 0.5:
            bench.put(name, temperature_c)
        else:
            bench.put_zones(temperature_c)
        bench.estimate["zone_temperature_c_median"] = self.random.choice(NEAR_C)
        bench.estimate["zone_temperature_setpoint_c"] = self.random.choice(NEAR_C)
        bench.sensor.reading_ok[self.random.randrange(9)] = self.random.choice([0, 1])

    def pressure(self):
        bench = self.bench
        bench.put_pressure(self.random.choice(NEAR_BAR))
        if self.random.random() < 0.3:
            bench.put("cylinder_b_pressure_bar", self.random.choice(NEAR_BAR))
        bench.estimate["stack_pressure_mpa"] = self.random.choice(NEAR_MPA)
        bench.estimate["stack_pressure_setpoint_mpa"] = self.random.choice(NEAR_MPA)
        bench.estimate["contact"] = self.random.randrange(2)
        bench.command.hydraulics = self.random.randrange(5)
        bench.wanted_bits = self.flag(bench.wanted_bits, ["pump"], OUTPUT)
        bench.sensor.reading_ok[self.random.choice([11, 12, 13])] = self.random.choice([0, 1, 1])

    def wire(self):
        sensor = self.bench.sensor
        name = self.random.choice(["digital_ok", "readback_ok"])
        setattr(sensor, name, self.random.choice([0, 1, 1, 2]))
        sensor.lease_lapse_count = self.random.randrange(3)
        if self.random.random() < 0.3:
            ok = self.random.randrange(2)
            for i in range(lib.PRESS_CHANNEL_COUNT):
                sensor.reading_ok[i] = ok

    def inputs(self):
        self.bench.inputs = self.flag(self.bench.inputs, list(INPUT), INPUT)

    def outputs(self):
        bench = self.bench
        bench.wanted_bits = self.flag(bench.wanted_bits, list(OUTPUT), OUTPUT)
        bench.wanted_valve_fraction = self.random.choice([0.0, 0.01, 0.0101, 0.5, 1.0])
        bench.follow = self.random.random() < 0.5
        sensor = bench.sensor
        sensor.digital_output_bits_readback = self.random.choice([0, bench.wanted_bits, 1 << 20])
        sensor.valve_open_fraction_readback = self.random.choice([0.0, 0.5, 1.0, math.nan])

    def command(self):
        command = self.bench.command
        command.cooling = self.random.choice([0, 2, 2, 3])
        water = ["cooling_water_top", "cooling_water_bottom"]
        self.bench.wanted_bits = self.flag(self.bench.wanted_bits, water, OUTPUT)

    def laws(self):
        state = self.bench.state
        state.temperature_ramp_held = self.random.randrange(2)
        state.pressure_ramp_held = self.random.randrange(64)
        state.exclusion_bits = self.random.randrange(1 << 12)

    def reset(self):
        self.bench.command.reset = self.random.choice([0, 1, 1, 2])

    def repair(self):
        bench = self.bench
        bench.inputs, bench.wanted_bits, bench.follow = bits_of(INPUT, *REST_INPUTS), 0, True
        bench.sensor.digital_ok = bench.sensor.readback_ok = 1
        for i in range(lib.PRESS_CHANNEL_COUNT):
            bench.sensor.reading_ok[i] = 1
        bench.put_zones(22.0)
        bench.put_pressure(0.0)
        for name in list(CHANNEL)[6:11]:
            bench.put(name, 22.0)
        bench.estimate.update(REST_ESTIMATE)
        bench.command.hydraulics = bench.command.cooling = bench.command.heat_enable = 0


def written_by_laws(bench):
    """What the last gate would have written, had the laws been obeyed without question."""
    state = bench.state
    state.digital_output_bits_previous = state.digital_output_bits
    state.digital_output_bits = bench.wanted_bits
    state.valve_open_fraction_previous = state.valve_open_fraction
    state.valve_open_fraction = bench.wanted_valve_fraction
    state.command = bench.command[0]
    state.command.reset = 0


def seen_of(bench):
    seen = bench.seen
    first_out = list(TRIP)[seen.first_out_trip] if seen.first_out_trip >= 0 else None
    return {
        "missing": names_of_bits(PERMISSIVE, seen.permissive_missing_bits),
        "interlocks": names_of_bits(INTERLOCK, seen.interlock_bits),
        "trips": names_of_bits(TRIP, seen.trip_bits),
        "held_zones": {i for i in ZONES if bench.state.zone_interlock_bits >> i & 1},
        "first_out": (first_out, seen.first_out_channel, seen.first_out_channel_unit),
        "change_count": seen.change_count,
    }


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.integers(1, 6))
def test_equal_to_the_reference(seed, settled, zone_count):
    bench = Bench(**{f"limit__{name}": number for name, number in SHORT.items()})
    bench.config.zone_count = zone_count
    for channel in bench.config.channel:
        channel.noise_channel_unit_max = 1e5  # validation has its own test
    reference = Interlocks(plain(bench.config), list(TRIP), list(INTERLOCK))
    if settled:  # as if the last heat and the last pump stroke were long ago
        bench.state.pressure_retained_s = reference.retained_s = 2.0
        for zone, c in zip(reference.zones, bench.state.zone, strict=False):
            zone.ssr.s = c.ssr_s = 30.0
    mischief = Mischief(bench, Random(seed))
    reset_before = 1
    for tick in range(160):
        if mischief.random.random() < 0.25:
            mischief()
        if bench.follow:
            bench.mirror()
        else:
            bench.sensor.digital_input_bits = bench.inputs
        bench.sensor.tick += 1
        lib.press_validate(bench.config, bench.state, bench.sensor, bench.seen)
        for name, number in bench.estimate.items():
            setattr(bench.seen, name, number)
        now = now_of(bench)
        lib.press_interlock(bench.config, bench.state, bench.sensor, bench.seen)
        now.advisories = bench.seen.advisory_bits  # their change is one that is counted
        expected = reference.step(now)
        assert seen_of(bench) == expected, f"tick {tick}"
        assert bench.seen.trip_action_bits == sum(ACTION[a] for a in reference.actions_before)
        bench.command.valid_until_tick = bench.sensor.tick
        lib.press_reset(bench.config, bench.state, bench.command)
        if bench.command.reset == 1 and reset_before == 0:
            reference.reset()
        reset_before = bench.command.reset
        written_by_laws(bench)
