"""The experiment: rest, up, coast, up, coast. Bounded in temperature, rise, duty and time.

Theory of operation. Fed one measurement a step, it answers with the duty until the next. It
watches the plant at rest (noise, drift), gives a step of duty, sees when the answer comes,
and cuts the duty when what has come and what is still under way reach half the rise that is
allowed; lets the plant coast, which tells lag from dead time; does it once more to the full
rise; and lets it cool, which tells the losses. Nothing is known beforehand, so everything
is measured in units of the delay that was seen. It ends with duty 0, also when it refuses.

Refused, with the reason: a plant not at rest, one that falls when it is heated, one that does
not answer or whose sensor is stuck, one that leaves the limits, one that no model fits.
"""

from __future__ import annotations

from enum import StrEnum
from math import isfinite, sqrt
from typing import Annotated

from msgspec import Meta, Struct

from controller.tuning.least_squares import line
from controller.tuning.record import NOISE_C_MIN, Record

SEEN_SIGMAS = 6.0
SEEN_C_MIN = 0.2
COAST_DELAYS = 4.0
COAST_S_MIN = 60.0
COOL_DELAYS = 8.0
COOL_S_MIN = 300.0
HALF_TIME_RATIO = 0.35  # of the time limit: no step lasts longer
SMOOTH_SAMPLES = 5


class TuningError(Exception):
    """There is no proposal; the text says why and what to do."""


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the experiment may never exceed."""

    temperature_c_max: Annotated[float, Meta(ge=-50.0, le=1000.0, description="°C")] = 80.0
    rise_k_max: Annotated[float, Meta(ge=2.0, le=200.0, description="K above rest")] = 25.0
    duty_fraction_max: Annotated[float, Meta(ge=0.01, le=1.0)] = 0.6
    time_s_max: Annotated[float, Meta(ge=300.0, le=86_400.0, description="s")] = 3600.0
    rest_s: Annotated[float, Meta(ge=10.0, le=3600.0, description="s")] = 60.0
    answer_s_max: Annotated[float, Meta(ge=10.0, le=3600.0, description="s")] = 180.0
    """No answer to full step duty for so long: heater, wiring or sensor."""
    drift_k_per_s_max: Annotated[float, Meta(ge=1e-5, le=1.0, description="K/s at rest")] = 0.005


class Stage(StrEnum):
    REST = "rest"
    STEP_HALF = "step to half the rise"
    COAST = "coast"
    STEP_FULL = "step to the full rise"
    COOL = "cool"
    DONE = "done"
    REFUSED = "refused"


class Experiment:
    """One experiment on one loop. `step` never raises; `refusal` says why there is no result."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.record = Record()
        self.stage = Stage.REST
        self.refusal = ""
        self.duty_fraction = 0.0
        self.noise_c = 0.0
        self.rest_c = 0.0
        self.delay_s = 0.0  # from the first duty to the first rise seen
        self._stage_s = 0.0
        self._time_s = 0.0
        self._seen: tuple[float, float] | None = None  # time in the stage and temperature
        self._peak_slope = 0.0

    @property
    def finished(self) -> bool:
        return self.stage in (Stage.DONE, Stage.REFUSED)

    def step(self, temperature_c: float, step_s: float) -> float:
        """Take the measurement of now; returns the duty for the next `step_s`."""
        if self.finished:
            return 0.0
        if not isfinite(temperature_c):
            self.refuse("the temperature is not a number: look at the sensor")
            return 0.0
        self.record.add(self._time_s, self.duty_fraction, temperature_c)
        self._judge(temperature_c, step_s)
        self.record.duty_fraction[-1] = self.duty_fraction
        self._time_s += step_s
        self._stage_s += step_s
        return self.duty_fraction

    def refuse(self, why: str) -> None:
        self.refusal = why
        self._enter(Stage.REFUSED, 0.0)

    # ---- the stages ----------------------------------------------------------------------------

    def _enter(self, stage: Stage, duty_fraction: float) -> None:
        self.stage, self.duty_fraction = stage, duty_fraction
        self._stage_s, self._seen = 0.0, None

    def _judge(self, temperature_c: float, step_s: float) -> None:
        limits = self.limits
        if temperature_c > limits.temperature_c_max:
            self.refuse(
                f"{temperature_c:.1f} °C is above the limit of {limits.temperature_c_max:g} °C: "
                "start cooler, or allow more"
            )
        elif self._time_s > limits.time_s_max:
            self.refuse(
                f"not done after {limits.time_s_max:g} s in stage {self.stage}: allow more time "
                "or more duty"
            )
        elif self.stage is Stage.REST:
            self._rest(step_s)
        elif temperature_c > self.rest_c + 2.0 * limits.rise_k_max:
            self.refuse(
                f"rose {temperature_c - self.rest_c:.1f} K, twice what was allowed: the plant "
                "stores more heat than it shows; allow a larger rise or less duty"
            )
        elif self.stage is Stage.STEP_HALF:
            self._rise(0.5 * limits.rise_k_max, Stage.COAST)
        elif self.stage is Stage.STEP_FULL:
            self._rise(limits.rise_k_max, Stage.COOL)
        elif self.stage is Stage.COAST:
            if self._stage_s >= max(COAST_DELAYS * self.delay_s, COAST_S_MIN):
                self._enter(Stage.STEP_FULL, limits.duty_fraction_max)
        elif self._stage_s >= max(COOL_DELAYS * self.delay_s, COOL_S_MIN):
            self._enter(Stage.DONE, 0.0)

    def _rest(self, step_s: float) -> None:
        if self._stage_s + step_s < self.limits.rest_s or len(self.record.time_s) < 8:
            return
        times_s, found = self.record.time_s, self.record.temperature_c
        offset, drift = line(times_s, found)
        pairs = zip(times_s, found, strict=True)
        squares = sum((y - offset - drift * t) ** 2 for t, y in pairs)
        noise_c = sqrt(squares / (len(found) - 2))
        doubt = 3.5 * noise_c / (sqrt(len(found)) * (times_s[-1] - times_s[0]))
        if abs(drift) > self.limits.drift_k_per_s_max + 3.0 * doubt:
            self._refuse_drift(drift)
            return
        self.noise_c = max(noise_c, NOISE_C_MIN)
        self.rest_c = sum(found) / len(found)
        if self.rest_c + self.limits.rise_k_max > self.limits.temperature_c_max:
            self.refuse(
                f"rests at {self.rest_c:.1f} °C: a rise of {self.limits.rise_k_max:g} K would pass "
                f"the limit of {self.limits.temperature_c_max:g} °C; let it cool or allow less rise"
            )
            return
        self._enter(Stage.STEP_HALF, self.limits.duty_fraction_max)

    def _refuse_drift(self, drift_k_per_s: float) -> None:
        if drift_k_per_s > 0.0:
            self.refuse(
                f"the temperature rises by {60.0 * drift_k_per_s:.2f} K/min at duty 0: reversed or "
                "stuck-on actuator, or not at rest yet"
            )
        else:
            self.refuse(
                f"the temperature falls by {-60.0 * drift_k_per_s:.2f} K/min at duty 0: not at "
                "rest yet; wait and start again"
            )

    def _rise(self, rise_k: float, then: Stage) -> None:
        now_c = self._smooth()
        threshold_c = max(SEEN_SIGMAS * self.noise_c / sqrt(SMOOTH_SAMPLES), SEEN_C_MIN)
        first = self.stage is Stage.STEP_HALF
        if first and self.delay_s == 0.0:
            self._await_answer(now_c - self.rest_c, threshold_c)
            return
        if self._seen is None:
            self._seen = (self._stage_s, now_c)
        since_s = self._stage_s - self._seen[0]
        if since_s > 0.0:
            self._peak_slope = max(
                self._peak_slope if not first else 0.0, (now_c - self._seen[1]) / since_s
            )
        coming_k = self._peak_slope * self.delay_s
        enough = now_c - self.rest_c + coming_k >= rise_k and since_s > 0.5 * self.delay_s
        late = self._stage_s > HALF_TIME_RATIO * self.limits.time_s_max
        if enough or late or now_c - self.rest_c >= rise_k:
            self._enter(then, 0.0)

    def _await_answer(self, rise_k: float, threshold_k: float) -> None:
        if rise_k > threshold_k:
            self.delay_s = self._stage_s
            self._seen = (self._stage_s, self.rest_c + rise_k)
        elif rise_k < -threshold_k:
            self.refuse(
                f"fell by {-rise_k:.2f} K when it was heated: actuator or sensor reversed; look at "
                "the wiring, do not change the sign here"
            )
        elif self._stage_s > self.limits.answer_s_max:
            readings = self.record.temperature_c
            if max(readings) == min(readings):
                self.refuse(
                    f"stuck sensor: not one digit changed in {self._time_s:.0f} s, "
                    f"{self._stage_s:.0f} s of them with duty {self.duty_fraction:g}"
                )
            else:
                self.refuse(
                    f"no answer to duty {self.duty_fraction:g} in {self._stage_s:.0f} s: heater or "
                    "contactor off, sensor not in the platen, or a dead time beyond answer_s_max"
                )

    def _smooth(self) -> float:
        recent = self.record.temperature_c[-SMOOTH_SAMPLES:]
        return sum(recent) / len(recent)
