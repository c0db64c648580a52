"""How long a phase should take by its own numbers.

Used for the time remaining, for the timeout of a phase that gives none, and by the lint
for the total. It knows the recipe, not the press: what the press adds is in the margins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.recipe.phases import (
    Cool,
    Gate,
    Heat,
    Hold,
    Phase,
    Prepress,
    Pressurise,
    Programme,
    Release,
    Soak,
    Touch,
    Unload,
    ends_on_density,
)
from controller.recipe.segments import Segment

STACK_LAG_S = 120.0
"""Typical time for the stack to follow the platens after a ramp under low pressure."""
TRAVEL_S = 5.0
"""Typical time to close or open a few millimetres of daylight."""
TIMEOUT_FACTOR = 2.0
TIMEOUT_MARGIN_S = 180.0
SLOW_COOLING_S = 14_400.0
"""Without water a press takes hours; a phase that cools so gives up only after this."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a phase starts or ends."""

    temperature_c: float
    pressure_mpa: float


def after(phase: Phase, start: Point) -> Point:
    """Where the phase leaves the stack."""
    match phase:
        case Heat() | Cool():
            return Point(phase.temperature_c, start.pressure_mpa)
        case Touch() | Prepress() | Pressurise():
            return Point(start.temperature_c, phase.pressure_mpa)
        case Release() | Unload():
            return Point(start.temperature_c, 0.0)
        case Programme():
            for segment in phase.segment:
                start = after_segment(segment, start)
            return start
        case _:
            return start


def after_segment(segment: Segment, start: Point) -> Point:
    heat, press = segment.temperature, segment.pressure
    return Point(
        start.temperature_c if heat is None else heat.temperature_c,
        start.pressure_mpa if press is None else press.pressure_mpa,
    )


def segment_s(segment: Segment, start: Point) -> float:
    """The slower of both moves, then the dwell; a guaranteed one waits for the stack too."""
    end, moves_s = after_segment(segment, start), [0.0]
    if segment.temperature is not None:
        rate_c_per_s = segment.temperature.rate_c_per_s(start.temperature_c)
        moves_s.append(abs(end.temperature_c - start.temperature_c) / rate_c_per_s)
    if segment.pressure is not None:
        rate_mpa_per_s = segment.pressure.mpa_per_s(start.pressure_mpa)
        moves_s.append(abs(end.pressure_mpa - start.pressure_mpa) / rate_mpa_per_s)
    return max(moves_s) + segment.dwell_s + (STACK_LAG_S if segment.guaranteed else 0.0)


def _segments_s(phase: Programme, start: Point) -> float:
    total = 0.0
    for segment in phase.segment:
        total += segment_s(segment, start)
        start = after_segment(segment, start)
    return total


def duration_s(phase: Phase, start: Point) -> float:
    """Seconds from `start` to the phase's end when the press follows exactly."""
    end = after(phase, start)
    rise_mpa = abs(end.pressure_mpa - start.pressure_mpa)
    match phase:
        case Gate():
            return 0.0
        case Touch() | Unload():
            return TRAVEL_S + phase.settle_s
        case Prepress():
            return rise_mpa / phase.rate_mpa_per_s + phase.hold_s
        case Heat():
            return 60.0 * abs(end.temperature_c - start.temperature_c) / phase.rate_c_per_min
        case Cool():
            fall_k = max(0.0, start.temperature_c - end.temperature_c)
            return 60.0 * fall_k / phase.rate_c_per_min + (STACK_LAG_S if fall_k else 0.0)
        case Soak():
            return phase.soak_s + STACK_LAG_S
        case Hold():
            return phase.hold_s
        case Programme():
            return _segments_s(phase, start)
        case Pressurise() | Release():
            return rise_mpa / phase.rate_mpa_per_s


def total_s(phases: Sequence[Phase], start: Point) -> float:
    """All phases one after the other."""
    total = 0.0
    for phase in phases:
        total += duration_s(phase, start)
        start = after(phase, start)
    return total


def timeout_s(phase: Phase, start: Point) -> float:
    """The phase's own `timeout_s`, else twice its duration and three minutes."""
    if phase.timeout_s is not None:
        return phase.timeout_s
    if isinstance(phase, Hold) and ends_on_density(phase):
        longest = max(phase.hold_s, phase.hold_s_max or 0.0)
        return TIMEOUT_FACTOR * longest + TIMEOUT_MARGIN_S
    if isinstance(phase, Cool) and phase.medium != "water":
        return SLOW_COOLING_S
    return TIMEOUT_FACTOR * duration_s(phase, start) + TIMEOUT_MARGIN_S
