"""The PID of native/kernel/pid.c in plain Python: same operations, same order, so `==` holds."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

TERM_FRACTION_MAX = 1e6


def bounded(term: float) -> float:
    return 0.0 if term != term else min(max(term, -TERM_FRACTION_MAX), TERM_FRACTION_MAX)


@dataclass(frozen=True)
class Gains:
    kp_per_unit: float
    ti_s: float
    td_s: float
    filter_s: float
    setpoint_weight_ratio: float
    tracking_s: float
    output_fraction_min: float
    output_fraction_max: float


@dataclass
class Pid:
    integral: float = 0.0
    derivative: float = 0.0
    measurement_previous: float = 0.0
    output: float = 0.0
    primed: bool = False

    def step(
        self,
        gains: Gains,
        setpoint: float,
        measurement: float,
        feed_forward: float,
        achieved: float,
        step_s: float,
    ) -> float:
        inputs = (setpoint, measurement, feed_forward, achieved, step_s)
        if not all(map(isfinite, inputs)) or step_s < 0.0:
            self.primed = False
            return gains.output_fraction_min
        achieved = bounded(achieved)
        weighted = gains.setpoint_weight_ratio * setpoint - measurement
        direct = bounded(feed_forward) + bounded(gains.kp_per_unit * weighted)
        if self.primed:
            self.derivative = self._derivative(gains, measurement, step_s)
            change = self._integral_change(gains, setpoint - measurement, achieved, step_s)
            self.integral = bounded(self.integral + change)
        else:
            self.derivative = 0.0
            self.integral = bounded(achieved - direct)
            self.primed = True
        self.measurement_previous = measurement
        self.output = direct + self.integral - self.derivative
        return min(max(self.output, gains.output_fraction_min), gains.output_fraction_max)

    def _derivative(self, gains: Gains, measurement: float, step_s: float) -> float:
        time_s = gains.filter_s + step_s
        if not (gains.td_s > 0.0 and time_s > 0.0):
            return 0.0
        moved = gains.kp_per_unit * gains.td_s * (measurement - self.measurement_previous)
        return bounded((gains.filter_s * self.derivative + moved) / time_s)

    def _integral_change(self, gains: Gains, error: float, achieved: float, step_s: float) -> float:
        change = 0.0
        if gains.ti_s > 0.0:
            change = bounded(gains.kp_per_unit * (step_s / gains.ti_s) * error)
        if gains.tracking_s > 0.0:
            share = step_s / gains.tracking_s if step_s < gains.tracking_s else 1.0
            change += share * (achieved - self.output)
        return change
