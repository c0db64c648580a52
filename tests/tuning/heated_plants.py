"""Cheap plants of our own making: `step(duty, dt_s) -> temperature_c`, noisy and quantised."""

from __future__ import annotations

import random
from collections import deque
from math import exp


class Heated:
    """Dead time, a lag before the mass, the mass. Exact for a duty that is held."""

    def __init__(
        self,
        gain_c=250.0,
        time_constant_s=600.0,
        lag_s=0.0,
        dead_time_s=15.0,
        *,
        rest_c=25.0,
        noise_c=0.05,
        digit_c=0.1,
        seed=1,
        sub_s=0.25,
    ):
        self.gain_c, self.rest_c, self.temperature_c = gain_c, rest_c, rest_c
        self.duties: list[float] = []
        self.hottest_c = rest_c
        self._noise_c, self._digit_c, self._sub_s = noise_c, digit_c, sub_s
        self._random = random.Random(seed)
        self._late = deque([0.0] * max(1, round(dead_time_s / sub_s)))
        self._lagged = 0.0
        self._keep = exp(-sub_s / time_constant_s)
        self._lag_keep = exp(-sub_s / lag_s) if lag_s else 0.0

    def heat(self, duty):
        """What a duty does to this actuator."""
        return duty

    def read(self, temperature_c):
        noisy = temperature_c + self._random.gauss(0.0, self._noise_c)
        return round(noisy / self._digit_c) * self._digit_c if self._digit_c else noisy

    def step(self, duty, dt_s):
        self.duties.append(duty)
        for _ in range(round(dt_s / self._sub_s)):
            self._late.append(self.heat(duty))
            late = self._late.popleft()
            self._lagged = late + (self._lagged - late) * self._lag_keep
            towards_c = self.rest_c + self.gain_c * self._lagged
            self.temperature_c = towards_c + (self.temperature_c - towards_c) * self._keep
            self.hottest_c = max(self.hottest_c, self.temperature_c)
        return self.read(self.temperature_c)


class Reversed(Heated):
    def heat(self, duty):
        return -duty


class Inverted(Heated):
    """Full power at duty 0."""

    def heat(self, duty):
        return 1.0 - duty


class Stuck(Heated):
    def read(self, temperature_c):
        return 25.0


class Unplugged(Heated):
    def heat(self, duty):
        return 0.0


class Cooling(Heated):
    """Not at rest: a platen that still cools from a batch."""

    def __init__(self):
        super().__init__()
        self.temperature_c = 60.0


class TwoMasses:
    """The measured mass is heated, another hangs on it by a conductance; exact enough at 0.25 s."""

    def __init__(self, power_w=1000.0, seed=1):
        self.power_w, self.rest_c = power_w, 25.0
        self.near_j_per_k, self.far_j_per_k = 1500.0, 3000.0
        self.between_w_per_k, self.loss_w_per_k = 20.0, 3.0
        self.near_c = self.far_c = self.rest_c
        self._random = random.Random(seed)
        self._late = deque([0.0] * 20)

    def step(self, duty, dt_s):
        for _ in range(round(dt_s / 0.25)):
            self._late.append(duty)
            flow_w = self.between_w_per_k * (self.near_c - self.far_c)
            heat_w = self.power_w * self._late.popleft()
            loss_w = self.loss_w_per_k * (self.near_c - self.rest_c)
            self.near_c += 0.25 * (heat_w - flow_w - loss_w) / self.near_j_per_k
            self.far_c += 0.25 * flow_w / self.far_j_per_k
        return self.near_c + self._random.gauss(0.0, 0.03)


class Rows:
    """Several plants as the zones of one."""

    def __init__(self, *plants):
        self.plants = plants

    def step(self, duty, dt_s):
        return [plant.step(u, dt_s) for plant, u in zip(self.plants, duty, strict=True)]
