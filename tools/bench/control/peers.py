"""Peers, used as their users use them.

simple-pid       the package; SIMC or AMIGO gains, proportional on error or on measurement,
                 whichever settles the model sooner
Klipper          PID_CALIBRATE's relay (5 °C below the target, 12 peaks, the median cycle,
                 Ku = 4 max_power / (pi a), 0.6 Ku, Tu/2, Tu/8) and its PID: derivative over
                 smooth_time, integral kept only while the output is within its limits
kiln-controller  its tuner's rule on the curve of full power (0.6 T/L, 4 L, L) or the gains it is
                 shipped with, whichever settle the plant sooner; its PID inside a
                 window of 5 °C round the setpoint, on or off outside, where the programme's
                 clock stands; throttle off. Reading: median of the samples of its 2 s cycle

Written anew from the documented behaviour of those programs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from simple_pid import PID

from tools.bench.control.laws import Programme
from tools.bench.control.plants import LagPlant, MakePlant, Model, Rows, Sensor
from tools.bench.control.tuning import Gains

KLIPPER_STEP_S = 0.3
_RELAY_BELOW_C = 5.0
_RELAY_PEAKS = 12
_RELAY_S_MAX = 40_000.0
_SMOOTH_S = 1.0
# Of its config.py: kp 10 %/K, ki 80 (inverted: K s / %), kd 220.83 % s/K.
KILN_SHIPPED = Gains(10.0, 800.0, 22.083)
_KILN_WINDOW_C = 5.0
_KILN_CYCLE_S = 2.0
_TANGENT_DIVISOR = 8.0


class SimplePid:
    holding = False

    def __init__(self, gains: Gains, on_measurement: bool) -> None:
        self._pid = PID(
            gains.kp_per_c,
            gains.kp_per_c / gains.ti_s,
            gains.kp_per_c * gains.td_s,
            sample_time=None,
            output_limits=(0, 1),
            proportional_on_measurement=on_measurement,
        )

    def begin(self, programme: Programme, measurement_c: float) -> None:
        pass

    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float:
        self._pid.setpoint = setpoint_c
        return self._pid(measurement_c, dt=step_s) or 0.0


def better_on_measurement(gains: Gains, model: Model, target_c: float) -> bool:
    """Whether simple-pid settles this model sooner with its proportional on measurement."""
    settled_s = []
    for on_measurement in (False, True):
        plant, law = LagPlant(model), SimplePid(gains, on_measurement)
        last_s, now_c, time_s = 0.0, model.rest_c, 0.0
        while time_s < 3.0 * model.time_constant_s:
            now_c = plant.step(law.step(target_c, now_c, 1.0), 1.0)
            time_s += 1.0
            if abs(now_c - target_c) > 0.5:
                last_s = time_s
        settled_s.append(last_s)
    return settled_s[1] < settled_s[0]


class _Relay:
    """One zone of PID_CALIBRATE: full power up to the target, none down to 5 °C below it."""

    def __init__(self, target_c: float) -> None:
        self._target_c = target_c
        self._peak = (0.0, 0.0)
        self.peaks: list[tuple[float, float]] = []
        self.heating = False

    def step(self, time_s: float, measurement_c: float) -> float:
        turned = False
        if self.heating and measurement_c >= self._target_c:
            turned, self.heating = True, False
        elif not self.heating and measurement_c <= self._target_c - _RELAY_BELOW_C:
            turned, self.heating = True, True
        if turned:
            self.peaks.append(self._peak)
            self._peak = (math.inf if self.heating else -math.inf, time_s)
        beyond = measurement_c < self._peak[0] if self.heating else measurement_c > self._peak[0]
        if beyond:
            self._peak = (measurement_c, time_s)
        return 1.0 if self.heating else 0.0

    def gains(self) -> Gains:
        """Of the median cycle. Raises ValueError when there were too few."""
        peaks = self.peaks
        if len(peaks) < _RELAY_PEAKS:
            raise ValueError(f"relay test saw {len(peaks)} peaks, needs {_RELAY_PEAKS}")
        cycles = sorted((peaks[i][1] - peaks[i - 2][1], i) for i in range(4, len(peaks)))
        period_s, at = cycles[len(cycles) // 2]
        half_c = 0.5 * abs(peaks[at][0] - peaks[at - 1][0])
        return Gains(0.6 * 4.0 / (math.pi * half_c), 0.5 * period_s, 0.125 * period_s)


def relay_gains(
    make: MakePlant, sensors: Sequence[Sensor], target_c: float, step_s: float = KLIPPER_STEP_S
) -> tuple[list[Gains], float]:
    """Klipper's gains for each zone, and how long its relay test took in seconds."""
    zones = len(sensors)
    plant, relays = Rows(make(), zones), [_Relay(target_c) for _ in sensors]
    duties, time_s = [0.0] * zones, 0.0
    while time_s < _RELAY_S_MAX and any(
        relay.heating or len(relay.peaks) < _RELAY_PEAKS for relay in relays
    ):
        now_c = plant.step(duties, step_s)
        time_s += step_s
        duties = [
            relay.step(time_s, sensor(zone_c))
            for relay, sensor, zone_c in zip(relays, sensors, now_c, strict=True)
        ]
    return [relay.gains() for relay in relays], time_s


class KlipperPid:
    holding = False

    def __init__(self, gains: Gains) -> None:
        self._kp = gains.kp_per_c
        self._ki = gains.kp_per_c / gains.ti_s
        self._kd = gains.kp_per_c * gains.td_s
        self._slope = 0.0
        self._integral = 0.0
        self._before_c: float | None = None

    def begin(self, programme: Programme, measurement_c: float) -> None:
        if self._before_c is None:
            self._before_c = measurement_c

    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float:
        assert self._before_c is not None
        moved_c = measurement_c - self._before_c
        if step_s >= _SMOOTH_S:
            self._slope = moved_c / step_s
        else:
            self._slope = (self._slope * (_SMOOTH_S - step_s) + moved_c) / _SMOOTH_S
        error_c = setpoint_c - measurement_c
        integral = min(1.0 / self._ki, max(0.0, self._integral + error_c * step_s))
        asked = self._kp * error_c + self._ki * integral - self._kd * self._slope
        output = min(1.0, max(0.0, asked))
        if output == asked:
            self._integral = integral
        self._before_c = measurement_c
        return output


def kiln_gains(make: MakePlant, sensors: Sequence[Sensor], target_c: float) -> list[Gains]:
    """The tuner's rule for each zone, from a tangent on the curve of full power."""
    zones = len(sensors)
    plant, columns, now_c = Rows(make(), zones), list[list[float]](), [-math.inf]
    while min(now_c) <= target_c and len(columns) < _RELAY_S_MAX / _KILN_CYCLE_S:
        for _ in range(4):
            now_c = plant.step([1.0] * zones, _KILN_CYCLE_S / 4)
        columns.append([sensor(t) for sensor, t in zip(sensors, now_c, strict=True)])
    return [_tangent([row[zone] for row in columns]) for zone in range(zones)]


def _tangent(curve_c: Sequence[float]) -> Gains:
    low_c, high_c = min(curve_c), max(curve_c)
    off_c = (high_c - low_c) / _TANGENT_DIVISOR
    middle_c = 0.5 * (low_c + high_c)
    first = next(i for i, t in enumerate(curve_c) if t >= middle_c - off_c)
    last = next(i for i, t in enumerate(curve_c) if t >= middle_c + off_c)
    slope = (curve_c[last] - curve_c[first]) / ((last - first) * _KILN_CYCLE_S)
    lag_s = max(first * _KILN_CYCLE_S - (curve_c[first] - low_c) / slope, _KILN_CYCLE_S)
    span_s = (high_c - low_c) / slope
    return Gains(0.6 * span_s / lag_s, 4.0 * lag_s, lag_s)


class KilnWindowPid:
    """Gains in percent of power per degree, as in its config.py."""

    def __init__(self, gains: Gains) -> None:
        self._gains = gains
        self._integral = 0.0
        self._before_c = 0.0
        self._output = 0.0
        self._samples: list[float] = []
        self.holding = False

    def begin(self, programme: Programme, measurement_c: float) -> None:
        self._ramps = programme.rate_c_per_s is not None

    def step(self, setpoint_c: float, measurement_c: float, step_s: float) -> float:
        self._samples.append(measurement_c)
        if len(self._samples) * step_s >= _KILN_CYCLE_S:
            cycle_s = len(self._samples) * step_s
            self._cycle(setpoint_c - statistics.median(self._samples), cycle_s)
            self._samples.clear()
        return self._output

    def _cycle(self, error_c: float, cycle_s: float) -> None:
        self.holding = self._ramps and abs(error_c) > _KILN_WINDOW_C
        if abs(error_c) > _KILN_WINDOW_C:
            self._output = 1.0 if error_c > 0.0 else 0.0
        else:
            kp, ti_s, td_s = self._gains.kp_per_c, self._gains.ti_s, self._gains.td_s
            self._integral += error_c * cycle_s * kp / ti_s
            slope = (error_c - self._before_c) / cycle_s
            percent = kp * error_c + self._integral + kp * td_s * slope
            self._output = min(1.0, max(0.0, percent / 100.0))
        self._before_c = error_c
