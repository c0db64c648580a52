"""Plants to be judged: anything with `step(duty, dt_s) -> temperature_c`.

One zone: `duty` is a number in 0 .. 1 and so is what comes back. Several zones: `duty` is a list
and a list comes back, in the same order. Everything else is optional: a plant that has
`load_fraction` can be loaded (heat taken away, as a share of full power).
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Plant(Protocol):
    """What the bench, and a tuner, ask of a plant. Duty and temperature: numbers, or lists."""

    def step(self, duty: Any, dt_s: float) -> Any:
        """Hold `duty` for `dt_s` seconds; the temperature afterwards in degrees Celsius."""


MakePlant = Callable[[], Plant]


@dataclass(frozen=True, slots=True)
class Model:
    """gain e^(-dead_time s) / ((time_constant s + 1)(lag s + 1)), rise over duty."""

    gain_c: float
    time_constant_s: float
    dead_time_s: float
    lag_s: float = 0.0
    rest_c: float = 25.0

    def off(self, gain: float, time_constant: float, dead_time: float) -> Model:
        """The same plant after a drift by these ratios."""
        return Model(
            self.gain_c * gain,
            self.time_constant_s * time_constant,
            self.dead_time_s * dead_time,
            self.lag_s * time_constant,
            self.rest_c,
        )

    def first_order(self) -> Model:
        """Without its second lag, by Skogestad's half rule."""
        half_s = 0.5 * self.lag_s
        return Model(
            self.gain_c, self.time_constant_s + half_s, self.dead_time_s + half_s, 0.0, self.rest_c
        )


class LagPlant:
    """A `Model` as a plant, exact for a duty held over each step; one zone."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.load_fraction = 0.0
        self.temperature_c = model.rest_c
        self._lagged = 0.0
        self._step_s = 0.0
        self._past: deque[float] = deque([0.0])

    def step(self, duty: float, dt_s: float) -> float:
        if dt_s != self._step_s:
            self._take_step(dt_s)
        past, lagged = self._past, self._lagged
        past.append(duty)
        arrived = past[1] + self._part * (past[0] - past[1])
        self._lagged = arrived + (lagged - arrived) * self._lag_keep
        mean = arrived + (lagged - arrived) * self._lag_mean
        end_c = self.model.rest_c + self.model.gain_c * (mean - self.load_fraction)
        self.temperature_c = end_c + (self.temperature_c - end_c) * self._keep
        return self.temperature_c

    def _take_step(self, dt_s: float) -> None:
        """Constants of this step; what is under way in the dead time stays under way."""
        steps, lag_s = self.model.dead_time_s / dt_s, self.model.lag_s
        whole = math.floor(steps + 1e-9)
        self._part = max(0.0, steps - whole)
        self._keep = math.exp(-dt_s / self.model.time_constant_s)
        self._lag_keep = math.exp(-dt_s / lag_s) if lag_s > 0 else 0.0
        self._lag_mean = lag_s / dt_s * (1.0 - self._lag_keep)
        old, old_s = list(self._past), self._step_s or dt_s
        ages_s = [(whole + 1 - index) * dt_s for index in range(whole + 2)]
        under_way = [old[max(0, len(old) - 1 - int(age_s / old_s))] for age_s in ages_s]
        self._past = deque(under_way, maxlen=whole + 2)
        self._step_s = dt_s


class Sensor:
    """White noise, then the resolution of a converter. Not part of a plant: it lies on top."""

    def __init__(self, seed: int, noise_c: float = 0.05, resolution_c: float = 0.1) -> None:
        self._gauss = random.Random(seed).gauss
        self._noise_c = noise_c
        self._resolution_c = resolution_c

    def __call__(self, temperature_c: float) -> float:
        read_c = temperature_c
        if self._noise_c:
            read_c += self._gauss(0.0, self._noise_c)
        if self._resolution_c:
            read_c = round(read_c / self._resolution_c) * self._resolution_c
        return read_c


class Rows:
    """A plant of any kind as one of zones: lists in, lists out."""

    def __init__(self, plant: Plant, zones: int) -> None:
        self.plant = plant
        self._single = zones == 1

    def step(self, duties: Sequence[float], dt_s: float) -> list[float]:
        if self._single:
            return [float(self.plant.step(duties[0], dt_s))]
        return [float(zone_c) for zone_c in self.plant.step(list(duties), dt_s)]
