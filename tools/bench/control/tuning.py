"""Tuning as a user does it: a step test, a fit of the model, a published rule.

Sources of the rules: SIMC: Skogestad, J. Process Control 13 (2003) 291. AMIGO: Astrom and
Hagglund, J. Process Control 14 (2004) 635. Half rule: Skogestad, as SIMC.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.bench.control.plants import MakePlant, Model, Rows, Sensor

STEP_S = 0.5
TEST_DUTY = 0.25
_REST_S = 30.0
_TEST_S_MAX = 4 * 3600.0
_POINTS = 400
_SHARES = tuple(0.1 * tenth for tenth in range(10))
_LAST_SHARE = 0.01  # the test ends when a tenth of its time brought less of the rise

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gains:
    """Parallel to no form: the standard one, kp (e + 1/ti int e + td de/dt)."""

    kp_per_c: float
    ti_s: float
    td_s: float


def simc(model: Model) -> Gains:
    """PI, and the second lag as derivative time where it is the larger delay."""
    if model.lag_s > model.dead_time_s:
        delay_s, td_s, lag_s = model.dead_time_s, model.lag_s, model.time_constant_s
    else:
        first = model.first_order()
        delay_s, td_s, lag_s = first.dead_time_s, 0.0, first.time_constant_s
    kp = lag_s / (model.gain_c * 2.0 * delay_s)
    ti_s = min(lag_s, 8.0 * delay_s)
    # Series form to standard form.
    both_s = ti_s + td_s
    return Gains(kp * both_s / ti_s, both_s, ti_s * td_s / both_s)


def amigo(model: Model) -> Gains:
    """PID for first order with dead time."""
    first = model.first_order()
    delay_s, lag_s = first.dead_time_s, first.time_constant_s
    kp = (0.2 + 0.45 * lag_s / delay_s) / model.gain_c
    ti_s = (0.4 * delay_s + 0.8 * lag_s) / (delay_s + 0.1 * lag_s) * delay_s
    return Gains(kp, ti_s, 0.5 * delay_s * lag_s / (0.3 * delay_s + lag_s))


def step_test(
    make: MakePlant, sensors: Sequence[Sensor], target_c: float
) -> tuple[Series, list[Series]]:
    """Time since the step, and each zone's readings: a quarter of full power, all zones at once.

    Ends when the plant is nearly at rest again, at the target, or after four hours.
    """
    plant, time_s, readings = Rows(make(), len(sensors)), [], list[list[float]]()
    now_s = -_REST_S
    while now_s < _TEST_S_MAX:
        duty = TEST_DUTY if now_s >= 0.0 else 0.0
        now_c = plant.step([duty] * len(sensors), STEP_S)
        now_s += STEP_S
        time_s.append(now_s)
        readings.append([sensor(t) for sensor, t in zip(sensors, now_c, strict=True)])
        if max(now_c) > target_c or (len(time_s) % 600 == 0 and _at_rest(readings)):
            break
    columns = np.array(readings).T
    return np.array(time_s), list(columns)


def _at_rest(readings: list[list[float]]) -> bool:
    recent = np.array(readings[-len(readings) // 10 :])
    begun, ended = recent[:20].mean(axis=0), recent[-20:].mean(axis=0)
    rise = ended - np.array(readings[:20]).mean(axis=0)
    return bool(np.all(rise > 2.0) and np.all(ended - begun < _LAST_SHARE * rise))


def fit(time_s: Series, reading_c: Series) -> Model:
    """The model nearest to a step test, by least squares."""
    rest_c = float(reading_c[time_s <= 0.0].mean())
    after = time_s > 0.0
    time, rise = _thinned(time_s[after], reading_c[after] - rest_c)
    half_s = float(np.interp(0.5 * rise[-1], np.maximum.accumulate(rise), time))
    constants_s = (1.5 * half_s, 0.06 * half_s)
    best = (float("inf"), 0.0, constants_s, 0.0)
    # Dead time and second lag look alike: their sum is searched for each of their shares.
    for share in _SHARES:
        error, constants_s = _nearest(constants_s, share, time, rise)
        if error < best[0]:
            best = (error, share, constants_s, _misfit(*constants_s, share, time, rise)[1])
    _, share, (long_s, delay_s), gain = best
    return Model(gain, long_s, delay_s * (1.0 - share), delay_s * share, rest_c)


def _nearest(
    constants_s: tuple[float, float], share: float, time: Series, rise: Series
) -> tuple[float, tuple[float, float]]:
    """Least error over time constant and delay, by steps that shrink."""
    long_s, delay_s = constants_s
    error, stride = _misfit(long_s, delay_s, share, time, rise)[0], 0.2
    while stride > 0.002:
        tried = [
            (long_s * by, delay_s * other)
            for by, other in (
                (1.0 + stride, 1.0),
                (1.0 / (1.0 + stride), 1.0),
                (1.0, 1.0 + stride),
                (1.0, 1.0 / (1.0 + stride)),
            )
        ]
        errors = [_misfit(*pair, share, time, rise)[0] for pair in tried]
        if min(errors) < error:
            error = min(errors)
            long_s, delay_s = tried[errors.index(error)]
        else:
            stride *= 0.5
    return error, (long_s, delay_s)


def _thinned(time: Series, rise: Series) -> tuple[Series, Series]:
    """Few points, most of them early, where dead time and second lag show; means of their bins."""
    edges = np.unique((np.linspace(0.0, 1.0, _POINTS + 1) ** 2 * len(time)).astype(int))
    pairs = [slice(a, b) for a, b in itertools.pairwise(edges)]
    times = np.array([time[pair].mean() for pair in pairs])
    return times, np.array([rise[pair].mean() for pair in pairs])


def _misfit(
    long_s: float, delay_s: float, share: float, time: Series, rise: Series
) -> tuple[float, float]:
    """Squared error with the best gain, and that gain. `share` of the delay is a second lag."""
    short_s = max(share * delay_s, 1e-3)
    if short_s >= 0.9 * long_s:
        return float("inf"), 1.0
    since = np.maximum(time - (1.0 - share) * delay_s, 0.0)
    shape = 1.0 - (long_s * np.exp(-since / long_s) - short_s * np.exp(-since / short_s)) / (
        long_s - short_s
    )
    size = float(shape @ rise) / max(float(shape @ shape), 1e-12)
    return float(((rise - size * shape) ** 2).sum()), size / TEST_DUTY
