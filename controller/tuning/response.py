"""Models of a heated mass and what they answer to a record's duty.

All three are one transfer function from duty to rise above rest,

    gain e^(-dead_time s) (1 + zero s) / ((time_constant s + 1)(lag s + 1))

FOPDT: lag and zero 0. SOPDT: zero 0 (heater behind the mass, slow sensor). Two masses: the
measured mass is heated and another hangs on it; that is the zero (Marlin's and Kalico's MPC
name the same two masses, Åström & Hägglund 2006, ch. 2, the same transfer functions).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from msgspec import Struct

LAG_RATIO_MAX = 0.98  # of the time constant: equal ones would divide by zero


class Shape(Struct, frozen=True, kw_only=True):
    """A model without its gain and rest."""

    time_constant_s: float
    lag_s: float = 0.0
    zero_s: float = 0.0
    dead_time_s: float = 0.0


def step_response(shape: Shape, elapsed_s: float) -> float:
    """Answer of unit gain to a unit step that long ago."""
    after_s = elapsed_s - shape.dead_time_s
    if after_s <= 0.0:
        return 0.0
    slow_s, quick_s, zero_s = shape.time_constant_s, shape.lag_s, shape.zero_s
    quick_s = min(quick_s, LAG_RATIO_MAX * slow_s)
    slow = (slow_s - zero_s) * exp(-after_s / slow_s)
    quick = (quick_s - zero_s) * exp(-after_s / quick_s) if after_s < 40.0 * quick_s else 0.0
    return 1.0 - (slow - quick) / (slow_s - quick_s)


def unit_answer(
    shape: Shape, switches: Sequence[tuple[float, float]], times_s: Sequence[float]
) -> list[float]:
    """Rise at each time for gain 1: every switch of the duty is a step of its own."""
    answer = [0.0] * len(times_s)
    for at_s, change in switches:
        for index, time_s in enumerate(times_s):
            if time_s > at_s:
                answer[index] += change * step_response(shape, time_s - at_s)
    return answer
