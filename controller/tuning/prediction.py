"""What a design would do on the model it was made from: the kernel's own laws, a step, no noise.

A step from rest to the working temperature; overshoot, and the time until it stays in the
band of ±0.5 K, beside the computed least time: full power, cut so that what is under way
just does not leave the band.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from math import exp

from msgspec import Struct

from controller.kernel import ffi, lib
from controller.tuning.design import Pid
from controller.tuning.fit import Model
from controller.tuning.response import LAG_RATIO_MAX

BAND_K = 0.5
STEPS_MAX = 20_000
REACH_RATIO_MAX = 0.6  # of the gain: no step beyond what is well within power

Law = Callable[[float, float, float], float]
"""(setpoint, measurement, achieved duty) -> duty."""


class Prediction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    law: str
    step_k: float
    overshoot_k: float
    settle_s: float
    settle_bound_ratio: float
    """Settling time over the least time that is possible on this model."""


class ModelPlant:
    """The model as a plant: `step(duty, dt_s) -> temperature_c`. Lag and dead time in steps."""

    def __init__(self, model: Model, step_s: float) -> None:
        self._model = model
        self._slow_s = model.time_constant_s
        self._quick_s = min(model.lag_s, LAG_RATIO_MAX * self._slow_s)
        self._slow = self._quick = 0.0
        whole = model.dead_time_s / step_s
        self._part = whole - int(whole)
        self._ring = deque([0.0] * (int(whole) + 2), maxlen=int(whole) + 2)

    def step(self, duty: float, dt_s: float) -> float:
        self._ring.append(duty)
        part = self._part
        for late, share in ((self._ring[0], part), (self._ring[1], 1.0 - part)):
            if share > 0.0:
                keep = exp(-share * dt_s / self._slow_s)
                self._slow = late + (self._slow - late) * keep
                keep = exp(-share * dt_s / self._quick_s) if self._quick_s > 0.0 else 0.0
                self._quick = late + (self._quick - late) * keep
        slow_s, quick_s, zero_s = self._slow_s, self._quick_s, self._model.zero_s
        rise = ((slow_s - zero_s) * self._slow - (quick_s - zero_s) * self._quick) / (
            slow_s - quick_s
        )
        return self._model.rest_c + self._model.gain_c * rise


def predict(model: Model, law: Law, name: str, *, step_k: float, step_s: float) -> Prediction:
    """Run the closed loop on the model for the step."""
    step_k = min(step_k, REACH_RATIO_MAX * model.gain_c)
    bound_s = least_time_s(model, step_k, step_s)
    target_c = model.rest_c + step_k
    plant = ModelPlant(model, step_s)
    duty, settled_s, highest_c, now_c = 0.0, 0.0, model.rest_c, model.rest_c
    count = min(STEPS_MAX, int(6.0 * bound_s / step_s) + 10)
    for index in range(count):
        duty = law(target_c, now_c, duty)
        now_c = plant.step(duty, step_s)
        highest_c = max(highest_c, now_c)
        if abs(now_c - target_c) > BAND_K:
            settled_s = (index + 1) * step_s
    return Prediction(
        law=name,
        step_k=step_k,
        overshoot_k=max(0.0, highest_c - target_c),
        settle_s=settled_s,
        settle_bound_ratio=settled_s / bound_s,
    )


def least_time_s(model: Model, step_k: float, step_s: float) -> float:
    """Full power, then off: the longest time at power that does not pass the band, by bisection."""
    low_s, high_s, least_s = 0.0, 20.0 * model.time_constant_s, 0.0
    for _ in range(24):
        power_s = 0.5 * (low_s + high_s)
        reached_s, highest_k = _burst(model, power_s, step_k, step_s)
        if highest_k <= step_k + BAND_K:
            low_s = power_s
            least_s = reached_s or least_s
        else:
            high_s = power_s
    return max(least_s, step_s)


def _burst(
    model: Model, power_s: float, step_k: float, step_s: float
) -> tuple[float | None, float]:
    """When the band is reached, and the highest rise, of so much full power."""
    plant = ModelPlant(model, step_s)
    reached_s, highest_k, time_s = None, 0.0, 0.0
    quiet_s = power_s + model.dead_time_s + 8.0 * model.lag_s + 2.0 * step_s
    while time_s < quiet_s and highest_k <= step_k + BAND_K:
        share = min(1.0, max(0.0, (power_s - time_s) / step_s))
        rise_k = plant.step(share, step_s) - model.rest_c
        time_s += step_s
        highest_k = max(highest_k, rise_k)
        if reached_s is None and rise_k >= step_k - BAND_K:
            reached_s = time_s
    return reached_s, highest_k


def pid_law(pid: Pid, step_s: float) -> Law:
    """The kernel's PID with these gains and a duty of 0..1."""
    config, state = ffi.new("press_pid_config_t *"), ffi.new("press_pid_t *")
    config.kp_per_unit, config.ti_s, config.td_s = pid.kp_per_c, pid.ti_s, pid.td_s
    config.filter_s, config.tracking_s = pid.filter_s, pid.tracking_s
    config.setpoint_weight_ratio = pid.setpoint_weight_ratio
    config.output_fraction_min, config.output_fraction_max = 0.0, 1.0

    def law(setpoint_c: float, measurement_c: float, achieved: float) -> float:
        duty: float = lib.press_pid_step(
            config, state, setpoint_c, measurement_c, 0.0, achieved, step_s
        )
        return duty

    return law


def predictive_law(fields: Mapping[str, float], pid: Pid, step_s: float) -> Law | None:
    """The kernel's predictive law with these fields; None in a kernel without one."""
    if not hasattr(lib, "press_predictive_step"):
        return None
    config, state = ffi.new("press_predictive_config_t *"), ffi.new("press_predictive_t *")
    for name, number in fields.items():
        setattr(config, name, number)
    config.output_fraction_min, config.output_fraction_max = 0.0, 1.0
    config.pid.kp_per_unit, config.pid.ti_s, config.pid.td_s = pid.kp_per_c, pid.ti_s, pid.td_s
    config.pid.filter_s, config.pid.tracking_s = pid.filter_s, pid.tracking_s

    def law(setpoint_c: float, measurement_c: float, achieved: float) -> float:
        duty: float = lib.press_predictive_step(
            config, state, setpoint_c, measurement_c, achieved, step_s
        )
        return duty

    return law
