"""Segments of a programme: what each loop does, and when the next one may begin.

Both loops of a segment move together; the next segment begins when both have arrived and the
dwell is over. A loop that is not named keeps its setpoint.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.numbers import (
    DurationS,
    Name,
    RateCPerMin,
    RateMpaPerS,
    ToleranceK,
    ToleranceMpa,
)

RATE_C_PER_MIN_MAX = 60.0
RATE_MPA_PER_S_MAX = 20.0

Move = Literal["ramp", "step"]
Holdback = Literal["off", "low", "high", "band"]
"""Waits while the measurement is too low, too high, or either; `off` never waits."""
HoldbackS = Annotated[
    float, Meta(ge=1.0, le=86_400.0, description="Longest wait before on_timeout, s")
]
DutyFraction = Annotated[
    float, Meta(ge=0.0, le=1.0, description="Greatest duty of the heaters, 0..1; 0 heats nothing")
]
MoveS = Annotated[float, Meta(ge=1.0, le=86_400.0, description="Duration of the ramp, s")]


class TemperatureMove(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ramp by `rate_c_per_min` or by `time_s`, or a step."""

    kind: Move = "ramp"
    temperature_c: Annotated[float, Meta(ge=5.0, le=400.0, description="°C")]
    rate_c_per_min: RateCPerMin | None = None
    time_s: MoveS | None = None
    holdback: Holdback = "band"
    holdback_k: ToleranceK = 3.0
    holdback_s_max: HoldbackS = 300.0

    def __post_init__(self) -> None:
        _one_way(self.kind, self.rate_c_per_min, self.time_s, "rate_c_per_min")

    def rate_c_per_s(self, from_c: float) -> float:
        """Of the setpoint, bounded; a step goes as fast as the kernel's jerk limit lets it."""
        if self.rate_c_per_min is not None:
            return self.rate_c_per_min / 60.0
        most = RATE_C_PER_MIN_MAX / 60.0
        if self.time_s is None:
            return most
        return min(most, max(1e-4, abs(self.temperature_c - from_c) / self.time_s))


class PressureMove(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ramp by `rate_mpa_per_s` or by `time_s`, or a step."""

    kind: Move = "ramp"
    pressure_mpa: Annotated[float, Meta(ge=0.01, le=700.0, description="Stack pressure in MPa")]
    rate_mpa_per_s: RateMpaPerS | None = None
    time_s: MoveS | None = None
    holdback: Holdback = "band"
    holdback_mpa: ToleranceMpa = 3.0
    holdback_s_max: HoldbackS = 60.0

    def __post_init__(self) -> None:
        _one_way(self.kind, self.rate_mpa_per_s, self.time_s, "rate_mpa_per_s")

    def mpa_per_s(self, from_mpa: float) -> float:
        """Of the setpoint, bounded."""
        if self.rate_mpa_per_s is not None:
            return self.rate_mpa_per_s
        if self.time_s is None:
            return RATE_MPA_PER_S_MAX
        rate = abs(self.pressure_mpa - from_mpa) / self.time_s
        return min(RATE_MPA_PER_S_MAX, max(1e-4, rate))


class Segment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two moves and a dwell. With `guaranteed` each zone must itself have been near for `dwell_s`
    in all, and so must stack and pressure; without, the dwell is time.

    `heater_duty_fraction_max` limits every heater for as long as the segment lasts, and in a hold
    or by hand within it: no time-proportioning window has more."""

    name: Name | None = None
    temperature: TemperatureMove | None = None
    pressure: PressureMove | None = None
    dwell_s: DurationS = 0.0
    guaranteed: bool = False
    zone_tolerance_k: ToleranceK = 2.0
    stack_tolerance_k: ToleranceK = 5.0
    pressure_tolerance_mpa: ToleranceMpa = 2.0
    heater_duty_fraction_max: DutyFraction = 1.0

    def __post_init__(self) -> None:
        if self.temperature is None and self.pressure is None and self.dwell_s == 0.0:
            raise ValueError("a segment moves temperature or pressure, or dwells; give one")


def _one_way(kind: Move, rate: float | None, time_s: float | None, name: str) -> None:
    given = (rate is not None) + (time_s is not None)
    if kind == "step" and given:
        raise ValueError(f"a step has neither {name} nor time_s; remove them")
    if kind == "ramp" and given != 1:
        raise ValueError(f"a ramp has either {name} or time_s; give one of them")
