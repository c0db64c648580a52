"""Which model a record speaks for, and how surely.

Gain and rest enter linearly and are solved for exactly inside the search over the others
(variable projection, Golub & Pereyra 1973). Standard deviations come from the Jacobian at
the optimum, widened for residuals that are not independent. Between the three models the
Bayesian information criterion decides (Schwarz 1978).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from typing import Literal

from msgspec import Struct

from controller.tuning.least_squares import SingularError, derivatives, inverse, minimise, normal
from controller.tuning.record import Record
from controller.tuning.response import LAG_RATIO_MAX, Shape, unit_answer

Kind = Literal["fopdt", "sopdt", "two_mass"]
SAMPLES_MAX = 360
TIME_CONSTANT_S_MAX = 1e5
_PARAMETERS: dict[Kind, int] = {"fopdt": 2, "sopdt": 3, "two_mass": 4}


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Duty to temperature, with a standard deviation beside each number."""

    kind: Kind
    gain_c: float
    """Rise at full duty after a long time."""
    time_constant_s: float
    lag_s: float
    zero_s: float
    dead_time_s: float
    rest_c: float
    gain_c_sigma: float
    time_constant_s_sigma: float
    lag_s_sigma: float
    zero_s_sigma: float
    dead_time_s_sigma: float
    slope_ratio_sigma: float
    """Of gain over time constant, relative: surer than either when the mass is slow."""
    residual_c: float
    """Standard deviation of what the model does not explain."""
    information_criterion: float
    """Bayesian: the least is the best."""

    @property
    def shape(self) -> Shape:
        return Shape(
            time_constant_s=self.time_constant_s,
            lag_s=self.lag_s,
            zero_s=self.zero_s,
            dead_time_s=self.dead_time_s,
        )


@dataclass(frozen=True, slots=True)
class _Data:
    times_s: Sequence[float]
    temperatures_c: Sequence[float]
    switches: Sequence[tuple[float, float]]


def fit_all(record: Record, delay_s: float) -> list[Model]:
    """Every model that the record can tell, best first. `delay_s` is when a rise was first seen.

    Raises SingularError when it tells none.
    """
    times_s, temperatures_c = record.binned(SAMPLES_MAX)
    data = _Data(times_s, temperatures_c, record.switches())
    models: list[Model] = []
    start = [log(4.0 * (times_s[-1] - times_s[0])), 0.7 * delay_s]
    for kind in _PARAMETERS:
        try:
            model, start = _fit(data, kind, start, delay_s)
        except SingularError:
            continue
        models.append(model)
    if not models:
        raise SingularError("the record fits no model: the duty or the temperature did not vary")
    return sorted(models, key=lambda model: model.information_criterion)


def _shape(at: Sequence[float]) -> Shape:
    """Parameters: ln time constant, dead time, ln lag, zero."""
    slow_s = exp(at[0])
    quick_s = min(exp(at[2]), LAG_RATIO_MAX * slow_s) if len(at) > 2 else 0.0
    return Shape(
        time_constant_s=slow_s,
        dead_time_s=at[1],
        lag_s=quick_s,
        zero_s=at[3] if len(at) > 3 else 0.0,
    )


def _solve(data: _Data, shape: Shape) -> tuple[float, float, list[float]]:
    """Gain, rest and residuals: a straight line over the unit answer."""
    answer = unit_answer(shape, data.switches, data.times_s)
    count = len(answer)
    mean_x, mean_y = sum(answer) / count, sum(data.temperatures_c) / count
    spread = sum((x - mean_x) ** 2 for x in answer)
    pairs = zip(answer, data.temperatures_c, strict=True)
    gain = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread if spread > 0.0 else 0.0
    rest = mean_y - gain * mean_x
    pairs = zip(answer, data.temperatures_c, strict=True)
    return gain, rest, [rest + gain * x - y for x, y in pairs]


def _fit(data: _Data, kind: Kind, start: list[float], delay_s: float) -> tuple[Model, list[float]]:
    """One model, begun from the simpler one's optimum and from some others."""
    size = _PARAMETERS[kind]
    span_s = data.times_s[-1] - data.times_s[0]
    bounds = [
        (log(max(2.0, 0.3 * delay_s)), log(TIME_CONSTANT_S_MAX)),
        (0.0, 2.0 * delay_s + 5.0),
        (log(0.2), log(max(1.0, span_s))),
        (-0.5 * span_s, 2.0 * span_s),
    ][:size]
    steps = [1e-4, 0.02, 1e-3, 0.05][:size]

    def residuals(at: list[float]) -> list[float]:
        return _solve(data, _shape(at))[2]

    best: tuple[list[float], list[float]] | None = None
    for begin in _starts(kind, start, delay_s):
        at, found = minimise(residuals, begin, bounds, steps=steps)
        if best is None or _sum_squares(found) < _sum_squares(best[1]):
            best = at, found
    assert best is not None
    return _described(data, kind, best, bounds, steps, residuals), best[0]


def _starts(kind: Kind, start: list[float], delay_s: float) -> list[list[float]]:
    slow, dead = start[0], start[1]
    if kind == "fopdt":
        return [[slow, dead], [slow - 1.5, 0.5 * dead]]
    if kind == "sopdt":
        return [[slow, share * dead, log(max(0.5, (1.0 - share) * dead))] for share in (0.8, 0.4)]
    quick = start[2]
    return [
        [slow, dead, quick, 0.0],
        [slow, dead, log(8.0 * delay_s), 6.0 * delay_s],
    ]


def _described(
    data: _Data,
    kind: Kind,
    best: tuple[list[float], list[float]],
    bounds: Sequence[tuple[float, float]],
    steps: Sequence[float],
    residuals: Callable[[list[float]], list[float]],
) -> Model:
    """Numbers with their standard deviations. Raises SingularError."""
    at, found = best
    shape = _shape(at)
    gain, rest, _ = _solve(data, shape)
    if not abs(gain) > 1e-9:
        raise SingularError("the temperature did not follow the duty")

    def full(point: list[float]) -> list[float]:
        """Residuals with gain and rest as parameters of their own, for the covariance."""
        answer = unit_answer(_shape(point[2:]), data.switches, data.times_s)
        pairs = zip(answer, data.temperatures_c, strict=True)
        return [point[1] + point[0] * x - y for x, y in pairs]

    wide = [(-1e12, 1e12), (-1e12, 1e12), *bounds]
    columns = derivatives(full, [gain, rest, *at], found, wide, [1e-3 * gain, 1e-3, *steps])
    count, unknowns = len(found), len(at) + 2
    variance = _sum_squares(found) / (count - unknowns)
    covariance = inverse(normal(columns))
    widened = variance * _correlation_samples(found)
    sigma = [sqrt(max(0.0, widened * covariance[i][i])) for i in range(unknowns)]
    # gain/tau in logarithms: var(ln g) + var(ln tau) - 2 cov
    slope = covariance[0][0] / gain**2 + covariance[2][2] - 2.0 * covariance[0][2] / gain
    lag = sigma[4] * shape.lag_s if unknowns > 4 else 0.0
    return Model(
        kind=kind,
        gain_c=gain,
        rest_c=rest,
        time_constant_s=shape.time_constant_s,
        lag_s=shape.lag_s,
        zero_s=shape.zero_s,
        dead_time_s=shape.dead_time_s,
        gain_c_sigma=sigma[0],
        time_constant_s_sigma=sigma[2] * shape.time_constant_s,
        lag_s_sigma=lag,
        zero_s_sigma=sigma[5] if unknowns > 5 else 0.0,
        dead_time_s_sigma=sigma[3],
        slope_ratio_sigma=sqrt(max(0.0, widened * slope)),
        residual_c=sqrt(variance),
        information_criterion=count * log(max(variance, 1e-12)) + unknowns * log(count),
    )


def _sum_squares(numbers: Sequence[float]) -> float:
    return sum(x * x for x in numbers)


def _correlation_samples(found: Sequence[float]) -> float:
    """How many neighbours carry the news of one: (1 + r)/(1 - r), r of an AR(1)."""
    squares = _sum_squares(found)
    if not squares > 0.0:
        return 1.0
    neighbour = sum(a * b for a, b in pairwise(found)) / squares
    r = min(0.98, max(0.0, neighbour))
    return (1.0 + r) / (1.0 - r)
