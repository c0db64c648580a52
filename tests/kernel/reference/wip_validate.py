"""Slow, obvious validation of a WIP's readings: a channel is that of the press, and may be flat.

Specification of native/kernel/wip_validate.c, compared with `==`.
"""

from __future__ import annotations

from reference.validate import (
    BAD,
    FATAL,
    GOOD,
    NOT_FITTED,
    PAIR,
    RATE,
    STUCK,
    UNCERTAIN,
    Channel,
)

FLUID_1, FLUID_2, JACKET, LIMITER, OIL, WATER, A, B, LOW = range(9)
H2S = (11, 12)
MATES = {
    FLUID_1: (FLUID_2, 1.0), FLUID_2: (FLUID_1, 1.0),
    JACKET: (LIMITER, 1.0), LIMITER: (JACKET, 1.0),
    A: (B, 2.0), B: (A, 2.0), LOW: (A, 2.0),
}  # fmt: skip
ALIVE = {*range(OIL), OIL, WATER, A, B, *H2S}


class Living(Channel):
    """Counts how long its noise has been silent as well."""

    flat_s = 0.0
    step_size = 0.0

    def listens(self, step, believed):
        moved = abs(self.reading - self.still_from)
        if step <= 2 or moved > self.config.stuck_band_channel_unit:
            self.step_size, self.flat_s = moved, 0.0
        elif believed and self.number in ALIVE:
            self.flat_s += self.tick_s

    def flat(self):
        fine_enough = self.step_size <= self.config.noise_channel_unit_max
        return fine_enough and self.flat_s >= self.config.flat_s_max - 0.5 * self.tick_s


class WipValidator:
    """`vessel_disobeys`: pumped without rise, or let off without a fall. `jacket_heats`: so much
    that it ought to show."""

    def __init__(self, config, tare_mpa, vessel_disobeys, jacket_heats):
        self.config, self.tare_mpa = config, tare_mpa
        self.vessel_disobeys, self.jacket_heats = vessel_disobeys, jacket_heats
        self.step_count = 0
        self.tick = 0
        self.channels = [Living(i, c, config.tick_s) for i, c in enumerate(config.channel)]

    def _mate(self, number):
        mate, move = MATES.get(number, (None, 0.0))
        shut_off = number == LOW and self.channels[LOW].reading > 8.0
        if mate is None or self.config.channel[mate].fitted != 1 or shut_off:
            return None, move
        return self.channels[mate].reading, move

    def _channel(self, number, sensor, fresh):
        channel = self.channels[number]
        if channel.config.fitted != 1:
            return {NOT_FITTED}, True
        raw, age_s = sensor.reading_channel_unit[number], sensor.reading_age_s[number]
        channel.silence_s += self.config.tick_s
        why = channel.reading_reasons(raw, age_s, sensor.reading_ok[number], fresh)
        if not why & FATAL:
            why |= channel.take(raw, age_s, self.step_count)
        channel.departs(why, self.step_count)
        often = channel.rejected_too_often(self.step_count)
        if often:
            why.add(RATE)
        ought = (number in (A, B) and self.vessel_disobeys) or (
            number in (JACKET, LIMITER) and self.jacket_heats
        )
        channel.listens(self.step_count, not why & (FATAL | {RATE}))
        stuck = channel.stuck(self.step_count, *self._mate(number), ought)
        if stuck or channel.flat():
            why.add(STUCK)
        if channel.spikes_often(self.step_count):
            why.add(RATE)
        fatal = why & (FATAL - {STUCK})
        return why, stuck or often or bool(fatal) or channel.tracker is None

    def step(self, sensor):
        """What wip_validate writes into the observation, as a dict."""
        fresh = self.step_count == 0 or sensor.tick > self.tick
        self.step_count += 1
        if fresh:
            self.tick = sensor.tick
        judged = [self._channel(number, sensor, fresh) for number in range(len(self.channels))]
        quality = [BAD if bad else UNCERTAIN if why else GOOD for why, bad in judged]
        reasons = [set(why) for why, _ in judged]
        apart = (self.channels[A].measurement - self.tare_mpa[0]) - (
            self.channels[B].measurement - self.tare_mpa[1]
        )
        if BAD not in (quality[A], quality[B]) and (
            abs(apart) > self.config.limit.pressure_pair_mpa_max
        ):
            for i in (A, B):
                reasons[i].add(PAIR)
                quality[i] = UNCERTAIN
        return {
            "tick": self.tick,
            "measurement_channel_unit": [channel.measurement for channel in self.channels],
            "quality": quality,
            "quality_reason_bits": [sum(why) for why in reasons],
            "pressure_quality": max(quality[A], quality[B]),
            "temperature_quality": min(quality[FLUID_1], quality[FLUID_2]),
        }
