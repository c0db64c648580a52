"""Hotpress's own laws, one zone each: the predictive law and the 2-DOF PID, straight from the C.

A law is begun with a programme and then stepped. `setpoint_c` is the plain programme; a law
may make its own course of it (hotpress: jerk-limited) or hold the programme's clock (kiln).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from controller.kernel import ffi, lib
from controller.tuning.identify import OBSERVER_RATIO, RESPONSE_RATIO
from tools.bench.control.plants import Model
from tools.bench.control.tuning import Gains, amigo

PREDICTIVE = hasattr(lib, "press_predictive_step")
# As the demo press has them.
RAMP_ACCELERATION_C_PER_S2 = 0.002
RAMP_JERK_C_PER_S3 = 0.0001
NOISE_C = 0.06


@dataclass(frozen=True, slots=True)
class Programme:
    """From where the plant is to `target_c`: at once, or by a rate."""

    target_c: float
    rate_c_per_s: float | None = None

    def setpoint(self, start_c: float, time_s: float) -> float:
        if self.rate_c_per_s is None:
            return self.target_c
        away_c = self.target_c - start_c
        moved_c = min(abs(away_c), self.rate_c_per_s * time_s)
        return start_c + math.copysign(moved_c, away_c)


class Law(Protocol):
    holding: bool  # the programme's clock stands

    def begin(self, programme: Programme, measurement_c: float) -> None: ...
    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float: ...


class _Course:
    """The programme's setpoint as the kernel leads it: jerk-limited, or at once."""

    def __init__(self, programme: Programme, start_c: float) -> None:
        self.programme = programme
        self.ramp: Any = ffi.new("press_ramp_t *")
        self.ramp.position_unit = self.ramp.target_unit = start_c
        if programme.rate_c_per_s is None:
            self.ramp.position_unit = programme.target_c
            return
        lib.press_ramp_plan(
            self.ramp,
            programme.target_c,
            programme.rate_c_per_s,
            RAMP_ACCELERATION_C_PER_S2,
            RAMP_JERK_C_PER_S3,
        )

    def step(self, step_s: float) -> float:
        if self.programme.rate_c_per_s is not None:
            lib.press_ramp_step(self.ramp, step_s)
        return float(self.ramp.position_unit)


class HotpressPid:
    """The kernel's 2-DOF PID. A step: setpoint weight 0. A ramp: feed-forward from the model and
    the setpoint of one lag ago, as native/kernel/thermal.c does it. Gains: AMIGO's, or given."""

    holding = False

    def __init__(self, model: Model, gains: Gains | None = None) -> None:
        self._model = model
        self._lag_s = model.dead_time_s + model.lag_s
        self._gains = gains or amigo(model)
        self._state = ffi.new("press_pid_t *")
        self._output = 0.0

    def begin(self, programme: Programme, measurement_c: float) -> None:
        gains = self._gains
        self._course = _Course(programme, measurement_c)
        self._ramps = programme.rate_c_per_s is not None
        self._config = ffi.new(
            "press_pid_config_t *",
            {
                "kp_per_unit": gains.kp_per_c,
                "ti_s": gains.ti_s,
                "td_s": gains.td_s,
                "filter_s": 0.5 * gains.td_s,
                "setpoint_weight_ratio": 1.0 if self._ramps else 0.0,
                "tracking_s": math.sqrt(gains.ti_s * gains.td_s) or 0.5 * gains.ti_s,
                "output_fraction_max": 1.0,
            },
        )

    def _feed_forward(self) -> float:
        ramp, model = self._course.ramp, self._model
        rate = ramp.velocity_unit_per_s - self._lag_s * ramp.acceleration_unit_per_s2
        rise_c = ramp.position_unit - model.rest_c
        heat = (model.time_constant_s * ramp.velocity_unit_per_s + rise_c) / model.gain_c
        return float(heat + self._gains.kp_per_c * self._gains.td_s * rate)

    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float:
        setpoint_c, ahead = self._course.step(step_s), 0.0
        if self._ramps:
            ramp = self._course.ramp
            half_s = 0.5 * self._lag_s * ramp.acceleration_unit_per_s2
            setpoint_c -= self._lag_s * (ramp.velocity_unit_per_s - half_s)
            ahead = self._feed_forward()
        self._output = lib.press_pid_step(
            self._config, self._state, setpoint_c, measurement_c, ahead, self._output, step_s
        )
        return self._output


def predictive_fields(model: Model, doubt_ratio: float) -> dict[str, Any]:
    """The law's configuration for a model that is known, by the design of `hotpress tune`."""
    delay_s = model.dead_time_s + model.lag_s
    return {
        "gain_c": model.gain_c,
        "time_constant_s": model.time_constant_s,
        "lag_s": model.lag_s,
        "dead_time_s": model.dead_time_s,
        "rest_c": model.rest_c,
        "noise_c": NOISE_C,
        "response_s": RESPONSE_RATIO * delay_s,
        "observer_s": OBSERVER_RATIO * delay_s,
        "gain_doubt_ratio": doubt_ratio,
        "dead_time_doubt_ratio": doubt_ratio,
        "disturbance_fraction_max": 0.5,
        "residual_c_max": 3.0,
    }


class HotpressPredictive:
    """The kernel's predictive law. Its fallback is a slow PI on the same model."""

    holding = False

    def __init__(self, fields: Mapping[str, Any]) -> None:
        delay_s = fields["dead_time_s"] + fields["lag_s"]
        fallback = {
            "kp_per_unit": 0.3 * fields["time_constant_s"] / (fields["gain_c"] * delay_s),
            "ti_s": 4.0 * delay_s,
            "filter_s": 3.0,
            "tracking_s": delay_s,
        }
        config = {**fields, "output_fraction_max": 1.0, "pid": fallback}
        self._config = ffi.new("press_predictive_config_t *", config)
        self._state = ffi.new("press_predictive_t *")
        self._output = 0.0

    def begin(self, programme: Programme, measurement_c: float) -> None:
        self._course = _Course(programme, measurement_c)

    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float:
        self._output = lib.press_predictive_step(
            self._config,
            self._state,
            self._course.step(step_s),
            measurement_c,
            self._output,
            step_s,
        )
        return self._output
