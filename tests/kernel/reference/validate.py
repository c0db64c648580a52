"""Slow, obvious validation of readings: one object a channel, its whole past kept in lists.

Specification of native/kernel/validate.c and pair.c. Reads plain namespaces with the field names
of press.h. Compared with `==`, so the order of floating-point operations is part of it.
"""

from __future__ import annotations

import math

GOOD, UNCERTAIN, BAD = 0, 1, 2
NOT_FITTED, DEVICE, NON_FINITE, UNDER, OVER, SATURATED, RATE, AGE, STUCK, PAIR = (
    1 << i for i in range(10)
)
FATAL = {NOT_FITTED, DEVICE, NON_FINITE, UNDER, OVER, AGE, STUCK}
ZONES = range(6)
STACK = 8
CYLINDER_A, CYLINDER_B, LOAD_CELL = 11, 12, 13
LVDTS = range(14, 18)
CURRENT_LOOP, DIRECT = 1, 0


def ne43(milliampere):
    """NAMUR NE43: 3.8..20.5 mA measures, below 3.6 and above 21 mA is a failed loop."""
    if milliampere < 3.6:
        return {UNDER}
    if milliampere > 21.0:
        return {OVER}
    return set() if 3.8 <= milliampere <= 20.5 else {SATURATED}


class Channel:
    def __init__(self, number, config, tick_s):
        self.number, self.config, self.tick_s = number, config, tick_s
        self.measurement = 0.0
        self.reading = 0.0  # last accepted
        self.tracker = None  # None until a first reading was accepted
        self.silence_s = 0.0
        self.rejected_at = []  # steps
        self.spikes_at = []
        self.refusing = False
        self.mate_due = False
        self.still_from = 0.0
        self.mate_from = 0.0
        self.still_s = 0.0

    def reading_reasons(self, raw, age_s, ok, fresh):
        reasons = set()
        if ok != 1:
            reasons.add(DEVICE)
        if not fresh or not 0.0 <= age_s <= self.config.age_s_max:
            reasons.add(AGE)
        if not math.isfinite(raw):
            return reasons | {NON_FINITE}
        if self.config.kind == CURRENT_LOOP:
            return reasons | ne43(raw)
        if self.config.kind != DIRECT:
            return reasons | {DEVICE}
        if raw < self.config.range_low_channel_unit:
            return reasons | {UNDER}
        return reasons | {OVER} if raw > self.config.range_high_channel_unit else reasons

    def scaled(self, raw):
        c = self.config
        if c.kind == DIRECT:
            return raw + c.offset_channel_unit
        span = c.range_high_channel_unit - c.range_low_channel_unit
        return c.range_low_channel_unit + (raw - 4.0) / 16.0 * span + c.offset_channel_unit

    def take(self, raw, age_s, step):
        c, unit = self.config, self.scaled(raw)
        elapsed_s = max(self.silence_s - age_s, self.tick_s)
        reach = c.rate_channel_unit_per_s_max * elapsed_s
        if self.tracker is None:
            self.tracker = self.measurement = unit
        elif abs(unit - self.tracker) > reach + c.noise_channel_unit_max:
            self.rejected_at.append(step)
            return {RATE}
        else:
            self.tracker += min(max(unit - self.tracker, -reach), reach)
            if elapsed_s > c.filter_s:
                self.measurement = unit
            else:
                weight = elapsed_s / (c.filter_s + elapsed_s)
                self.measurement += weight * (unit - self.measurement)
        self.reading, self.silence_s, self.refusing = unit, age_s, False
        return set()

    def rejected_too_often(self, step):
        last_five = self.rejected_at[-5:]
        return len(last_five) == 5 and (step - last_five[0]) * self.tick_s <= 10.0

    def departs(self, reasons, step):
        """A spike is one departure from what is believed, however long it is shown."""
        if reasons & {NON_FINITE, UNDER, OVER, RATE}:
            if not self.refusing:
                self.spikes_at.append(step)
            self.refusing = True

    def spikes_often(self, step):
        last_six = self.spikes_at[-6:]
        return len(last_six) == 6 and (step - last_six[0]) * self.tick_s <= 60.0

    def stuck(self, step, mate, mate_move, heated):
        if step <= 2 or abs(self.reading - self.still_from) > self.config.stuck_band_channel_unit:
            self.still_from, self.still_s, self.mate_due = self.reading, 0.0, True
            return False
        if self.mate_due:
            self.mate_from, self.mate_due = 0.0 if mate is None else mate, False
        neighbours_moved = mate is not None and abs(mate - self.mate_from) > mate_move
        if neighbours_moved or heated:
            self.still_s += self.tick_s
        return self.still_s >= self.config.stuck_s_max - 0.5 * self.tick_s


class Validator:
    def __init__(self, config):
        self.config = config
        self.step_count = 0
        self.tick = 0
        self.input_bits = 0
        self.digital_stale_s = self.reading_stale_s = 0.0
        self.channels = [Channel(i, c, config.tick_s) for i, c in enumerate(config.channel)]

    def _mate(self, number):
        """Mean of the fitted neighbours and how far it must move to accuse, or nothing."""
        if number <= STACK:
            group, move = ZONES, 1.0
        elif number in (CYLINDER_A, CYLINDER_B, LOAD_CELL):
            group, move = (CYLINDER_A, CYLINDER_B), 5.0
        elif number in LVDTS:
            group, move = LVDTS, 0.1
        else:
            return None, 0.0
        others = [
            self.channels[i].measurement
            for i in group
            if i != number and self.config.channel[i].fitted == 1
        ]
        total = 0.0
        for other in others:
            total += other
        return (total / len(others), move) if others else (None, move)

    def _freshness(self, sensor, fresh):
        tick_s = self.config.tick_s
        ages = [self.reading_stale_s + tick_s]
        for c, ok, age_s in zip(
            self.config.channel, sensor.reading_ok, sensor.reading_age_s, strict=True
        ):
            if fresh and c.fitted == 1 and ok == 1 and age_s >= 0.0:
                ages.append(age_s)
        self.reading_stale_s = min(ages)
        digital = (
            fresh
            and sensor.digital_ok == 1
            and sensor.digital_age_s >= 0.0
            and math.isfinite(sensor.digital_age_s)
        )
        if digital:
            self.input_bits = sensor.digital_input_bits & (2**14 - 1)
        if digital and sensor.readback_ok == 1:
            self.digital_stale_s = sensor.digital_age_s
        else:
            self.digital_stale_s += tick_s

    def _channel(self, number, sensor, fresh, duty):
        channel = self.channels[number]
        if channel.config.fitted != 1:
            return {NOT_FITTED}, True
        raw, age_s = sensor.reading_channel_unit[number], sensor.reading_age_s[number]
        channel.silence_s += self.config.tick_s
        reasons = channel.reading_reasons(raw, age_s, sensor.reading_ok[number], fresh)
        if not reasons & FATAL:
            reasons |= channel.take(raw, age_s, self.step_count)
        channel.departs(reasons, self.step_count)
        if channel.spikes_often(self.step_count):
            reasons.add(RATE)
        often = channel.rejected_too_often(self.step_count)
        heated = number < self.config.zone_count and duty[number] > 0.2
        if channel.stuck(self.step_count, *self._mate(number), heated):
            reasons.add(STUCK)
        bad = often or bool(reasons & FATAL) or channel.tracker is None
        return reasons | ({RATE} if often else set()), bad

    def _pair(self, quality, reasons):
        """The higher cylinder pressure of those trusted; contradiction makes both uncertain."""
        fitted = [i for i in (CYLINDER_A, CYLINDER_B) if self.config.channel[i].fitted == 1]
        trusted = [i for i in fitted if quality[i] != BAD]
        asked = trusted or fitted or [CYLINDER_A, CYLINDER_B]
        bar = max(self.channels[i].measurement for i in asked)

        def doubt(i):
            reasons[i] = reasons[i] | {PAIR}
            quality[i] = max(quality[i], UNCERTAIN)

        if len(trusted) == 2 and not any(SATURATED in reasons[i] for i in trusted):
            gap = self.channels[CYLINDER_A].measurement - self.channels[CYLINDER_B].measurement
            if abs(gap) > self.config.limit.pressure_pair_bar_max:
                doubt(CYLINDER_A)
                doubt(CYLINDER_B)
        cell = self.config.channel[LOAD_CELL]
        cell_measures = quality[LOAD_CELL] != BAD and SATURATED not in reasons[LOAD_CELL]
        if trusted and cell.fitted == 1 and cell_measures:
            h = self.config.hydraulic
            kn_per_bar = h.cylinder_area_mm2 * 1e-4
            expected_kn = bar * kn_per_bar - h.ram_weight_kn
            measured_kn = self.channels[LOAD_CELL].measurement
            larger_kn = max(measured_kn, expected_kn)
            range_kn = cell.range_high_channel_unit
            floor_kn = 0.1 * range_kn + h.close_bar * kn_per_bar
            fraction = self.config.limit.force_mismatch_fraction_max
            most_kn = fraction * max(larger_kn, 0.2 * range_kn)
            if larger_kn > floor_kn and abs(measured_kn - expected_kn) > most_kn:
                doubt(LOAD_CELL)
        return bar

    def step(self, sensor, duty=(0.0,) * 6):
        """What press_validate writes into the observation, as a dict."""
        fresh = self.step_count == 0 or sensor.tick > self.tick
        self.step_count += 1
        if fresh:
            self.tick = sensor.tick
        self._freshness(sensor, fresh)
        quality, reasons = [], []
        for number in range(len(self.channels)):
            why, bad = self._channel(number, sensor, fresh, duty)
            reasons.append(why)
            quality.append(BAD if bad else UNCERTAIN if why else GOOD)
        bar = self._pair(quality, reasons)
        pressure = [
            quality[i]
            for i in (CYLINDER_A, CYLINDER_B, LOAD_CELL)
            if self.config.channel[i].fitted == 1
        ]
        return {
            "tick": self.tick,
            "digital_input_bits": self.input_bits,
            "measurement_channel_unit": [c.measurement for c in self.channels],
            "quality": quality,
            "quality_reason_bits": [sum(why) for why in reasons],
            "cylinder_pressure_bar": bar,
            "pressure_quality": max(pressure, default=GOOD),
        }
