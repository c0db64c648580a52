"""From a model to controllers: PID by SIMC and AMIGO with their margins.

SIMC: Skogestad 2003, half rule and series PID, turned into the ideal form. AMIGO: Åström &
Hägglund 2004. Margins are those of the loop with the law as the kernel runs it: derivative
on the measurement, filtered, and the hold of its step.
"""

from __future__ import annotations

from cmath import exp as cexp
from cmath import phase
from itertools import pairwise
from math import degrees, exp, log
from typing import Literal

from msgspec import Struct

from controller.tuning.fit import Model

Rule = Literal["simc", "amigo"]
DEAD_TIME_S_MIN = 1.0  # step of the law and its filters
FREQUENCIES = 600


class Pid(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ideal 2-DOF PID of one zone, with the names of a station file, and its margins."""

    rule: Rule
    kp_per_c: float
    ti_s: float
    td_s: float
    filter_s: float
    setpoint_weight_ratio: float
    tracking_s: float
    gain_margin_ratio: float
    phase_margin_deg: float


def half_rule(model: Model) -> tuple[float, float]:
    """Time constant and dead time of the first-order model nearest to this one (Skogestad)."""
    zero_lag_s = max(0.0, model.lag_s - max(0.0, model.zero_s))
    half_s = 0.5 * zero_lag_s
    return model.time_constant_s + half_s, max(DEAD_TIME_S_MIN, model.dead_time_s + half_s)


def simc(model: Model, step_s: float) -> Pid:
    """Closed-loop time constant = dead time: the tight end of what Skogestad calls robust."""
    dead_s = max(DEAD_TIME_S_MIN, model.dead_time_s)
    lead_s = max(0.0, model.lag_s - max(0.0, model.zero_s))
    slope = model.gain_c / model.time_constant_s
    kp = 1.0 / (slope * 2.0 * dead_s)
    ti_s = min(model.time_constant_s, 8.0 * dead_s)
    td_s = min(lead_s, ti_s)
    both = 1.0 + td_s / ti_s
    return _pid(model, "simc", kp * both, ti_s + td_s, td_s / both, step_s)


def amigo(model: Model, step_s: float) -> Pid:
    slow_s, dead_s = half_rule(model)
    kp = (0.2 + 0.45 * slow_s / dead_s) / model.gain_c
    ti_s = dead_s * (0.4 * dead_s + 0.8 * slow_s) / (dead_s + 0.1 * slow_s)
    td_s = 0.5 * dead_s * slow_s / (0.3 * dead_s + slow_s)
    return _pid(model, "amigo", kp, ti_s, td_s, step_s)


def _pid(model: Model, rule: Rule, kp: float, ti_s: float, td_s: float, step_s: float) -> Pid:
    filter_s = max(step_s, td_s / 5.0, 1.0)
    gain_margin, phase_margin = margins(model, kp, ti_s, td_s, filter_s, step_s)
    return Pid(
        rule=rule,
        kp_per_c=kp,
        ti_s=ti_s,
        td_s=td_s,
        filter_s=filter_s,
        setpoint_weight_ratio=0.0,  # the overshoot of a step is the weight's, not the gains'
        tracking_s=max(1.0, (ti_s * td_s) ** 0.5 if td_s > 0.0 else 0.25 * ti_s),
        gain_margin_ratio=gain_margin,
        phase_margin_deg=phase_margin,
    )


def loop_gain(
    model: Model,
    kp: float,
    ti_s: float,
    td_s: float,
    filter_s: float,
    step_s: float,
    frequency_per_s: float,
) -> complex:
    """Open loop at one angular frequency; the hold counts as half a step of dead time."""
    s = 1j * frequency_per_s
    plant = (
        model.gain_c
        * (1.0 + model.zero_s * s)
        / ((1.0 + model.time_constant_s * s) * (1.0 + model.lag_s * s))
    )
    delay = cexp(-s * (model.dead_time_s + 0.5 * step_s))
    return plant * delay * kp * (1.0 + 1.0 / (ti_s * s) + td_s * s / (1.0 + filter_s * s))


def margins(
    model: Model, kp: float, ti_s: float, td_s: float, filter_s: float, step_s: float
) -> tuple[float, float]:
    """Least gain margin (as a ratio) and phase margin (degrees) over all crossings."""
    low = log(1e-3 / model.time_constant_s)
    high = log(20.0 / max(DEAD_TIME_S_MIN, model.dead_time_s + model.lag_s))
    steps = (exp(low + (high - low) * i / FREQUENCIES) for i in range(FREQUENCIES + 1))
    course = [loop_gain(model, kp, ti_s, td_s, filter_s, step_s, w) for w in steps]
    gain_margin, phase_margin = 100.0, 180.0
    for before, after in pairwise(course):
        if before.imag * after.imag <= 0.0 and before.real < 0.0 and after.real < 0.0:
            gain_margin = min(gain_margin, 1.0 / max(abs(before), abs(after)))
        if (abs(before) - 1.0) * (abs(after) - 1.0) <= 0.0:
            turn = (degrees(phase(after)) + 180.0) % 360.0
            phase_margin = min(phase_margin, turn if turn < 270.0 else turn - 360.0)
    return gain_margin, phase_margin
