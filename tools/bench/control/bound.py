"""What no law can beat on a given plant: computed on a copy of the plant, never typed.

Heating up: full power, then none. The switch of every zone is searched until its peak just
stays in the band; the bound is when the last zone enters the band from below. A law that is
faster has more heat in the plant than may be there, and leaves the band above.
Disturbance: full power from the first step in which the measurement shows it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.bench.control.plants import MakePlant, Plant, Rows

BAND_K = 0.5
STEP_S = 0.5
HEAT_UP_S_MAX = 20_000.0
_FALLEN_K = 0.02
_FLAT_S = 300.0
_HALVINGS = 15
_RISING_STEPS = 5


@dataclass(frozen=True, slots=True)
class Bound:
    """Of a step up to a target."""

    settle_s: float
    iae_c_s: float
    switch_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Of a disturbance: the worst zone."""

    peak_k: float
    recovery_s: float


Courses = list[list[float]]


def _bang(make: MakePlant, zones: int, switch_s: Sequence[float], step_s: float) -> Courses:
    """Temperatures with full power until each zone's switch, until all have peaked."""
    plant, courses = Rows(make(), zones), list[list[float]]()
    peaks_c, flat_steps, time_s = [float("-inf")] * zones, 0, 0.0
    before_c = [float("-inf")] * zones
    last_s = max(switch_s)
    while time_s < last_s + HEAT_UP_S_MAX:
        duties = [min(1.0, max(0.0, (s - time_s) / step_s)) for s in switch_s]
        now_c = plant.step(duties, step_s)
        moved_k = max(abs(a - b) for a, b in zip(now_c, before_c, strict=True))
        before_c = now_c
        courses.append(now_c)
        time_s += step_s
        peaks_c = [max(pair) for pair in zip(peaks_c, now_c, strict=True)]
        flat_steps = flat_steps + 1 if moved_k < 1e-6 else 0
        fallen = all(p - t > _FALLEN_K for p, t in zip(peaks_c, now_c, strict=True))
        if time_s > last_s and (fallen or flat_steps * step_s > _FLAT_S):
            break
    return courses


def _heat_up_s(make: MakePlant, zones: int, target_c: float, step_s: float) -> float:
    """Full power until every zone is at the target. Raises ValueError where it never is."""
    plant, time_s = Rows(make(), zones), 0.0
    while time_s < HEAT_UP_S_MAX:
        time_s += step_s
        if min(plant.step([1.0] * zones, step_s)) > target_c:
            return time_s
    raise ValueError(f"full power does not reach {target_c} °C within {HEAT_UP_S_MAX:g} s")


def _switches(
    make: MakePlant, zones: int, peak_c: float, step_s: float
) -> tuple[tuple[float, ...], Courses]:
    """Each zone's last moment of power for a peak of `peak_c`, and the courses."""
    most_s = _heat_up_s(make, zones, peak_c, step_s) + step_s
    low_s, high_s = [0.0] * zones, [most_s] * zones
    # Zones push one another, so each bracket stays a little open while the others move.
    for _ in range(_HALVINGS if zones == 1 else 2 * _HALVINGS):
        middle_s = [0.5 * (low + high) for low, high in zip(low_s, high_s, strict=True)]
        courses = _bang(make, zones, middle_s, step_s)
        for zone in range(zones):
            width_s = high_s[zone] - low_s[zone]
            slack_s = 0.0 if zones == 1 else 0.2 * width_s
            if max(now[zone] for now in courses) > peak_c:
                high_s[zone] = min(most_s, middle_s[zone] + slack_s)
            else:
                low_s[zone] = max(0.0, middle_s[zone] - slack_s)
    return tuple(low_s), _bang(make, zones, low_s, step_s)


def _first_above(
    courses: Courses, zone: int, level_c: float, start_c: float, step_s: float
) -> float:
    before_c = start_c
    for index, now in enumerate(courses):
        if now[zone] >= level_c:
            return step_s * (index + (level_c - before_c) / max(now[zone] - before_c, 1e-12))
        before_c = now[zone]
    return step_s * len(courses)


def time_optimal(
    make: MakePlant,
    target_c: float,
    *,
    zones: int = 1,
    band_k: float = BAND_K,
    step_s: float = STEP_S,
) -> Bound:
    """The bound for a step from where the plant begins to `target_c`.

    Raises ValueError for a plant that full power does not bring there.
    """
    switch_s, courses = _switches(make, zones, target_c + band_k, step_s)
    start_c = [courses[0][zone] for zone in range(zones)]
    settle_s = max(
        _first_above(courses, zone, target_c - band_k, start_c[zone], step_s)
        for zone in range(zones)
    )
    _, exact = _switches(make, zones, target_c, step_s)
    iae = max(_iae_to_peak([now[zone] for now in exact], target_c, step_s) for zone in range(zones))
    return Bound(settle_s, iae, switch_s)


def _iae_to_peak(course_c: Sequence[float], target_c: float, step_s: float) -> float:
    peak = max(range(len(course_c)), key=course_c.__getitem__)
    return step_s * sum(abs(target_c - now_c) for now_c in course_c[: peak + 1])


def recovery(
    plant: Plant,
    disturb: Callable[[Plant], float],
    duties: Sequence[float],
    target_c: float,
    *,
    band_k: float = BAND_K,
    step_s: float = STEP_S,
    last_s: float = 2000.0,
) -> Recovery:
    """The bound for a disturbance of this plant as it is now, under these duties.

    `disturb` acts on a copy and gives the share of the duty that still arrives.
    """
    zones = len(duties)
    calm, hit = Rows(copy.deepcopy(plant), zones), Rows(copy.deepcopy(plant), zones)
    power_ratio = disturb(hit.plant)
    seen, peak_k, recovery_s, time_s = [False] * zones, 0.0, 0.0, 0.0
    floor_c, before_c, rising = target_c - band_k, [float("inf")] * zones, 0
    while time_s < last_s and rising < _RISING_STEPS:
        asked = [1.0 if s else d for s, d in zip(seen, duties, strict=True)]
        now_c = hit.step([power_ratio * duty for duty in asked], step_s)
        calm_c = calm.step(duties, step_s)
        time_s += step_s
        seen = [s or abs(a - b) > 1e-4 for s, a, b in zip(seen, now_c, calm_c, strict=True)]
        peak_k = max(peak_k, *(target_c - now for now in now_c))
        if min(now_c) < floor_c:
            recovery_s, rising = time_s, 0
        elif all(seen) and all(a > b for a, b in zip(now_c, before_c, strict=True)):
            rising += 1
        before_c = now_c
    return Recovery(peak_k, recovery_s)
