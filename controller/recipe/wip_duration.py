"""How long a phase of a WIP should take by its own numbers: controller.recipe.duration's sibling.

A point's temperature is the wall's before the vessel is filled and the fluid's afterwards. What
the machine adds is in the constants and the margins.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.recipe.duration import TIMEOUT_FACTOR, TIMEOUT_MARGIN_S, Point
from controller.recipe.phases import Gate
from controller.recipe.wip_phases import (
    BagTest,
    Decompress,
    Evacuate,
    Fill,
    Hold,
    LeakTest,
    Preheat,
    Pump,
    Purge,
    Unlock,
    WipPhase,
)

EVACUATE_S = 60.0
"""Typical time from the room's pressure to a millibar."""
WARMING_C_PER_S = 0.8 / 60.0
"""Of a thick wall behind its jacket."""
COOLING_C_PER_S = 0.15 / 60.0
"""Of the same wall through its insulation: nothing but the room cools it."""
CLOSING_S = 15.0
"""Yoke, lock and the transducers' zero."""
STANDING_S = 60.0
"""A leak test under its pressure, until the kernel has judged it."""
DRAINING_S = 60.0
UNLOCKING_S = 5.0
RATE_RATIO_MIN = 1.0 / 8.0
"""The kernel takes the pump's rate back to this to keep the peak."""


def after(phase: WipPhase, start: Point) -> Point:
    """Where the phase leaves the vessel."""
    match phase:
        case Preheat():
            return Point(phase.wall_temperature_c, start.pressure_mpa)
        case LeakTest():
            return Point(start.temperature_c, phase.pressure_mpa)
        case Pump():
            return Point(phase.temperature_c, phase.pressure_mpa)
        case Decompress():
            return Point(start.temperature_c, 0.0)
        case _:
            return start


def duration_s(phase: WipPhase, start: Point) -> float:
    """Seconds from `start` to the phase's end when the machine follows exactly."""
    match phase:
        case Gate():
            return 0.0
        case Evacuate():
            return EVACUATE_S + phase.settle_s
        case BagTest():
            return phase.hold_s
        case Preheat():
            return _preheat_s(phase, start)
        case Fill():
            return CLOSING_S + phase.flush_s
        case LeakTest():
            return _rise_s(phase, start) + STANDING_S
        case Pump():
            return _rise_s(phase, start)
        case Hold():
            return phase.hold_s
        case Decompress():
            return _decompress_s(phase, start)
        case Purge():
            return DRAINING_S + phase.settle_s
        case Unlock():
            return UNLOCKING_S


def total_s(phases: Sequence[WipPhase], start: Point) -> float:
    """All phases one after the other."""
    total = 0.0
    for phase in phases:
        total += duration_s(phase, start)
        start = after(phase, start)
    return total


def timeout_s(phase: WipPhase, start: Point) -> float:
    """The phase's own `timeout_s`, else twice its duration and three minutes; a pump may be
    taken back to the least rate, and wait as long as it says besides."""
    if phase.timeout_s is not None:
        return phase.timeout_s
    if isinstance(phase, Pump):
        slowest_s = duration_s(phase, start) / RATE_RATIO_MIN
        return slowest_s + phase.holdback_s_max + TIMEOUT_MARGIN_S
    return TIMEOUT_FACTOR * duration_s(phase, start) + TIMEOUT_MARGIN_S


def _preheat_s(phase: Preheat, start: Point) -> float:
    warming_k = phase.wall_temperature_c - start.temperature_c
    if warming_k >= 0.0:
        return warming_k / WARMING_C_PER_S
    return max(0.0, -warming_k - phase.tolerance_k) / COOLING_C_PER_S


def _rise_s(phase: LeakTest | Pump, start: Point) -> float:
    return max(0.0, phase.pressure_mpa - start.pressure_mpa) / phase.rate_mpa_per_s


def _decompress_s(phase: Decompress, start: Point) -> float:
    slow_mpa = min(start.pressure_mpa, phase.slow_below_mpa)
    fast_mpa = start.pressure_mpa - slow_mpa
    return fast_mpa / phase.rate_mpa_per_s + slow_mpa / phase.slow_mpa_per_s
