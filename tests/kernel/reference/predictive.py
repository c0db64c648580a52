"""The predictive law of observer.c and predictive.c in plain Python, equal with `==`.

Slow and obvious: the covariance is a list of rows, every update a sum written out. The order of
the operations is the C's, because `==` needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import fabs, isfinite, sqrt

from reference.pid import Gains, Pid

SLOTS = 64
FIVE = range(5)  # error, disturbance, gain error, loss error, dead time error


@dataclass(frozen=True)
class Model:
    """Fields of press_predictive_config_t, with the fallback's gains."""

    gain_c: float
    time_constant_s: float
    lag_s: float
    dead_time_s: float
    rest_c: float
    noise_c: float
    response_s: float
    observer_s: float
    gain_doubt_ratio: float
    dead_time_doubt_ratio: float
    disturbance_fraction_max: float
    residual_c_max: float
    output_fraction_min: float
    output_fraction_max: float
    pid: Gains


def clamp(number: float, low: float, high: float) -> float:
    return low if number < low else high if number > high else number


def decay(ratio: float) -> float:
    if not ratio > 0.0:
        return 1.0
    if ratio > 700.0:
        return 0.0
    squarings = 0
    while ratio > 0.125:
        ratio *= 0.5
        squarings += 1
    odd = ratio * (0.5 + ratio * ratio / 120.0)
    even = 1.0 + ratio * ratio / 10.0
    kept = (even - odd) / (even + odd)
    for _ in range(squarings):
        kept *= kept
    return kept


def logarithm(ratio: float) -> float:
    if not ratio > 1.0:
        return 0.0
    scale = 2.0
    while ratio > 1.125:
        ratio = sqrt(ratio)
        scale *= 2.0
    x = (ratio - 1.0) / (ratio + 1.0)
    return scale * x * (1.0 + x * x * (1.0 / 3.0 + x * x * (1.0 / 5.0 + x * x / 7.0)))


def square(x: float) -> float:
    return x * x


@dataclass
class Predictive:
    model: Model
    primed: bool = False
    step_s: float = 0.0
    load: float = 0.0
    output: float = 0.0
    jumps: int = 0
    fallbacks: int = 0
    lying_s: float = 0.0
    stands_s: float = 0.0
    fall_reference: float = 0.0
    fallback: bool = False
    approaching: bool = False
    braking: bool = False
    setpoint_previous: float = 0.0
    setpoint_lag: float = 0.0
    pid: Pid = field(default_factory=Pid)

    # ---- one step ------------------------------------------------------------------------

    def step(self, setpoint: float, measurement: float, achieved: float, step_s: float) -> float:
        m = self.model
        inputs = (setpoint, measurement, achieved, self.load, step_s)
        if not (all(map(isfinite, inputs)) and step_s > 0.0):
            self.primed = False
            return m.output_fraction_min
        load = clamp(self.load, -1.0, 1.0)
        achieved = clamp(achieved, m.output_fraction_min, m.output_fraction_max) - load
        self.least, self.most = m.output_fraction_min - load, m.output_fraction_max - load
        self.stands_s = self.stands_s if self.primed else 0.0
        wanted = load + self._net_step(setpoint, measurement, achieved, step_s)
        wanted = self._let_go(setpoint, measurement, wanted, step_s)
        self.output = clamp(wanted, m.output_fraction_min, m.output_fraction_max)
        return self.output

    def _let_go(self, setpoint: float, measurement: float, wanted: float, step_s: float) -> float:
        m = self.model
        idle = clamp(0.0, m.output_fraction_min, m.output_fraction_max)
        far = measurement > setpoint + m.residual_c_max
        if not far or measurement < self.fall_reference - 8.0 * m.noise_c:
            self.fall_reference, self.stands_s = measurement, 0.0
        else:
            self.fall_reference = max(self.fall_reference, measurement)
            self.stands_s += step_s
        stands = self.stands_s > 3.0 * (m.dead_time_s + m.lag_s + step_s)
        return min(wanted, idle) if stands else wanted

    def _net_step(
        self, setpoint: float, measurement: float, achieved: float, step_s: float
    ) -> float:
        m = self.model
        self._constants(step_s)
        achieved = clamp(achieved, self.least, self.most)
        setpoint = m.rest_c + clamp(setpoint - m.rest_c, -1e5, 1e5)
        measurement = m.rest_c + clamp(measurement - m.rest_c, -1e5, 1e5)
        if not self.primed or self.step_s != step_s:
            self._prime(measurement, achieved, step_s)
            self.setpoint_previous, self.setpoint_lag = setpoint, 0.0
            self.primed, self.fallback = True, False
            self.approaching = self.braking = False
        else:
            self._observe(measurement, achieved)
        self._look_ahead(*self._follow(setpoint))
        if self._turn(step_s):
            self.pid.primed = False
            if self.fallback:
                self._prime(measurement, achieved, step_s)
        if self.fallback:
            gains = replace(m.pid, output_fraction_min=self.least, output_fraction_max=self.most)
            wanted = self.pid.step(gains, setpoint, measurement, 0.0, achieved, step_s)
        else:
            wanted = self._law()
        return clamp(wanted, self.least, self.most)

    def _constants(self, step_s: float) -> None:
        m, self.h = self.model, step_s
        self.keep = decay(step_s / m.time_constant_s)
        self.push = (1.0 - self.keep) * m.gain_c
        lag = m.lag_s > 0.0
        self.lag_keep = decay(step_s / m.lag_s) if lag else 0.0
        self.lag_mean = (1.0 - self.lag_keep) * m.lag_s / step_s if lag else 0.0
        self.horizon_keep = decay(m.dead_time_s / m.time_constant_s)
        self.slope = m.gain_c / m.time_constant_s

    # ---- observer ------------------------------------------------------------------------

    def _prime(self, measurement: float, achieved: float, step_s: float) -> None:
        m = self.model
        self.slots, self.slot, self.slot_sum, self.slot_steps = [achieved] * SLOTS, 0, 0.0, 0
        self.step_s = step_s
        self.ahead_f = self.delayed_f = achieved
        self.delayed = measurement - m.rest_c
        keep = decay(m.dead_time_s / m.time_constant_s)
        self.ahead = keep * self.delayed + (1.0 - keep) * m.gain_c * achieved
        self.x = [0.0] * 5
        self.residual = self.restless = 0.0
        self.p = [[0.0] * 5 for _ in FIVE]
        self.p[0][0] = square(m.noise_c)
        self.p[1][1] = square(0.03)
        self.p[2][2] = self.p[3][3] = square(m.gain_doubt_ratio)
        self.p[4][4] = square(m.dead_time_doubt_ratio * m.dead_time_s)
        self.evidence = {1: (0.0, 0), -1: (0.0, 0)}

    @property
    def _per_slot(self) -> int:
        longest = (1.0 + 0.6) * self.model.dead_time_s / self.step_s
        return 1 + int(clamp(longest, 0.0, 1e6) / (SLOTS - 3))

    def _remember(self, applied: float) -> None:
        self.slot_sum += applied
        self.slot_steps += 1
        if self.slot_steps >= self._per_slot:
            self.slot = (self.slot + 1) % SLOTS
            self.slots[self.slot] = self.slot_sum / self.slot_steps
            self.slot_sum, self.slot_steps = 0.0, 0

    def _applied(self, ago_s: float) -> float:
        behind = clamp(ago_s / self.step_s, 0.0, 1e6)
        if behind < self.slot_steps:
            return self.slot_sum / self.slot_steps
        back = clamp((behind - self.slot_steps) / self._per_slot, 0.0, SLOTS - 2)
        newer = self.slots[(self.slot - int(back)) % SLOTS]
        older = self.slots[(self.slot - int(back) - 1) % SLOTS]
        return newer if self._per_slot > 1 else newer + (back - int(back)) * (older - newer)

    def _blur(self) -> float:
        doubt, error = 2.5 * sqrt(self.p[4][4]), self.x[4]
        early = self.model.dead_time_s - doubt + min(error, 0.0)
        late = self.model.dead_time_s + doubt + self.h + max(error, 0.0)
        seen = [self._applied(early)]
        seen += [self._applied(early + (late - early) * i / 12) for i in range(1, 13)]
        return square(self.slope * (max(seen) - min(seen)) * (late - early))

    def _run(self, lagged: float, rise: float, applied: float) -> tuple[float, float, float]:
        mean = applied + (lagged - applied) * self.lag_mean
        return (
            applied + (lagged - applied) * self.lag_keep,
            self.keep * rise + self.push * mean,
            mean,
        )

    def _observe(self, measurement: float, achieved: float) -> None:
        m, before = self.model, self.delayed_f
        self._remember(achieved)
        then = self._applied(m.dead_time_s)
        self.ahead_f, self.ahead, _ = self._run(self.ahead_f, self.ahead, achieved)
        self.delayed_f, self.delayed, mean = self._run(self.delayed_f, self.delayed, then)
        self._forecast(mean, self.delayed_f - before)
        innovation = measurement - m.rest_c - self.delayed - self.x[0]
        innovation = clamp(innovation, -m.residual_c_max, m.residual_c_max)
        noise2 = square(m.noise_c) + self._blur()
        self._watch(innovation, noise2)
        self._correct(innovation, noise2)
        share = clamp(self.h / m.observer_s, 0.0, 1.0)
        telling = square(m.noise_c) / noise2
        self.residual += share * telling * (fabs(innovation) - self.residual)
        self.restless -= share / 15.0 * self.restless

    def _forecast(self, mean: float, change: float) -> None:
        x, p = self.x, self.p
        w = [
            self.keep,
            self.push,
            self.push * mean,
            -(1.0 - self.keep) * (self.delayed + x[0]),
            -self.slope * change,
        ]
        x[0] = self.keep * x[0] + self.push * x[1] + w[2] * x[2] + w[3] * x[3] + w[4] * x[4]
        row = []
        for j in FIVE:
            total = 0.0
            for k in FIVE:
                total += w[k] * p[k][j]
            row.append(total)
        p[0][0] = 0.0
        for j in FIVE:
            p[0][0] += row[j] * w[j]
        for j in range(1, 5):
            p[0][j] = p[j][0] = row[j]
        self._walk(change)

    def _walk(self, change: float) -> None:
        m, p = self.model, self.p
        quick, noise, share = self.h / m.observer_s, square(m.noise_c), self.h / 40000.0
        doubt_s = m.dead_time_doubt_ratio * m.dead_time_s
        p[0][0] += noise * square(0.02)
        if p[1][1] < square(m.disturbance_fraction_max):
            p[1][1] += noise * square(quick * quick / self.push)
        for i in (2, 3):
            if p[i][i] < square(m.gain_doubt_ratio):
                p[i][i] += share * square(m.gain_doubt_ratio)
        if p[4][4] < square(doubt_s):
            p[4][4] += square(0.3 * doubt_s * change)

    def _watch(self, innovation: float, noise2: float) -> None:
        m, p = self.model, self.p
        shift = clamp(innovation / sqrt(p[0][0] + noise2), -4.0, 4.0)
        since = {}
        for sign in (1, -1):
            evidence, count = self.evidence[sign]
            evidence += (shift if sign > 0 else -shift) - 1.0
            self.evidence[sign] = (evidence, count + 1) if evidence > 0.0 else (0.0, 0)
            since[sign] = self.evidence[sign][1] if evidence > 3.4 else 0
        sharp = not self.approaching and noise2 < 2.0 * square(m.noise_c)
        count = since[1] or since[-1]
        if count and sharp and p[1][1] < square(m.disturbance_fraction_max):
            acted = self.push * count * 0.05
            p[0][0] += acted * acted
            p[0][1] += acted * 0.05
            p[1][0] = p[0][1]
            p[1][1] += 0.05 * 0.05
            self.evidence = {1: (0.0, 0), -1: (0.0, 0)}
            self.jumps += 1
            self.restless += 1.0

    def _correct(self, innovation: float, noise2: float) -> None:
        m, p = self.model, self.p
        row = list(p[0])
        gain = [number / (p[0][0] + noise2) for number in row]
        for i in FIVE:
            for j in range(i, 5):
                p[i][j] -= gain[i] * row[j]
                p[j][i] = p[i][j]
        low = [-1e300, -m.disturbance_fraction_max, -0.6, -0.6, -0.6 * m.dead_time_s]
        high = [1e300, m.disturbance_fraction_max, 2.0, 2.0, 0.6 * m.dead_time_s]
        self.x = [clamp(self.x[i] + gain[i] * innovation, low[i], high[i]) for i in FIVE]

    # ---- law -----------------------------------------------------------------------------

    def _follow(self, setpoint: float) -> tuple[float, float, float]:
        lag_s = self.model.lag_s
        asked = (setpoint - self.setpoint_previous) / self.h
        rate = asked if fabs(asked) < self.slope else 0.0
        self.setpoint_previous = setpoint
        self.setpoint_lag = self.lag_keep * self.setpoint_lag + (
            (1.0 - self.lag_keep) * lag_s * rate
        )
        followed = self.setpoint_lag / lag_s if lag_s > 0.0 else rate
        return setpoint - self.setpoint_lag, followed, rate - followed

    def _look_ahead(self, setpoint: float, rate: float, rate_to_be: float) -> None:
        m, (_, disturbance, gain, loss, late) = self.model, self.x
        ratio = 1.0 + gain
        coming = self.ahead - self.horizon_keep * self.delayed
        rise = self.delayed + self.x[0]
        wanted = (1.0 + loss) * (setpoint - m.rest_c) + m.time_constant_s * rate
        self.now_slope = ratio * self.slope
        self.hold = clamp((wanted / m.gain_c - disturbance) / ratio, self.least, self.most)
        self.lead = (m.time_constant_s * rate_to_be + m.lag_s * rate) / (m.gain_c * ratio)
        w = [
            self.horizon_keep,
            (1.0 - self.horizon_keep) * m.gain_c,
            coming,
            -(1.0 - self.horizon_keep) * rise,
            self.slope * (self.delayed_f - self.hold),
        ]
        prediction = m.rest_c + self.horizon_keep * rise + w[1] * disturbance + coming * ratio
        self.prediction = prediction + w[3] * loss + w[4] * late
        variance = 0.0
        for i in FIVE:
            for j in FIVE:
                variance += w[i] * w[j] * self.p[i][j]
        self.sigma = sqrt(variance if variance > 0.0 else 0.0)
        self.missing = setpoint - self.prediction

    def _coast(self) -> float:
        m = self.model
        excess = self.ahead_f - self.hold
        brake = 0.9 * (self.hold - self.least)
        if not (excess > 0.0 and m.lag_s > 0.0):
            return 0.0
        if not brake > 1e-6:
            return self.now_slope * m.lag_s * excess
        return self.now_slope * m.lag_s * (excess - brake * logarithm((excess + brake) / brake))

    def _law(self) -> float:
        m = self.model
        response_s = max(m.response_s, self.h)
        bracket = self.missing - self.now_slope * m.lag_s * (self.ahead_f - self.hold)
        noise2 = m.noise_c * m.noise_c + self.sigma * self.sigma
        bracket2 = bracket * bracket
        calm = bracket * (bracket2 + 0.25 * noise2) / (bracket2 + noise2)
        band = self.hold + self.lead + calm / (self.now_slope * response_s)
        approach = self.hold + (self.missing - self._coast() - self.sigma) / (
            self.now_slope * self.h
        )
        brake = self.hold - 0.9 * (self.hold - self.least)
        self.approaching = self.approaching or band >= self.most
        if self.approaching:
            self.braking = True
            self.approaching = approach >= self.most
            return approach if approach > band else band
        self.braking = self.braking and bracket < 0.0 and self.ahead_f - self.hold > 0.0
        return brake if self.braking and brake < band else band

    def _turn(self, step_s: float) -> bool:
        m = self.model
        beyond = fabs(self.x[1]) >= m.disturbance_fraction_max
        lies = self.residual > 0.5 * m.residual_c_max or self.restless > 4.0 or beyond
        calm = self.residual < 0.5 * 0.4 * m.residual_c_max and self.restless < 0.5 * 4.0
        leaving = (calm and not beyond) if self.fallback else lies
        again_s = 10.0 * m.observer_s * float(1 << self.fallbacks)
        wait_s = again_s if self.fallback else 3.0 * m.observer_s
        self.lying_s = self.lying_s + step_s if leaving else 0.0
        if self.lying_s < wait_s:
            return False
        self.lying_s, self.fallback = 0.0, not self.fallback
        if self.fallback and self.fallbacks < 7:
            self.fallbacks += 1
        return True
