"""One plant, one law a zone, one clock; and what a course is judged by.

Judged is the plant's own temperature; the laws see it through a sensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tools.bench.control.bound import BAND_K
from tools.bench.control.laws import Law, Programme
from tools.bench.control.plants import Plant, Rows, Sensor

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """What happened, a row a step, a column a zone. Time begins with this part of the run."""

    step_s: float
    temperature_c: Series
    duty: Series
    target_c: float

    def settle_s(self, band_k: float = BAND_K) -> float:
        """Since when the worst zone stayed in the band; infinite when it left it at the end."""
        outside = np.abs(self.temperature_c - self.target_c).max(axis=1) > band_k
        if not outside.any():
            return 0.0
        last = int(np.flatnonzero(outside)[-1])
        if last >= len(outside) - max(1, round(30.0 / self.step_s)):
            return float("inf")
        return (last + 1) * self.step_s

    def overshoot_k(self) -> float:
        return max(0.0, float(self.temperature_c.max() - self.target_c))

    def dip_k(self) -> float:
        return max(0.0, float(self.target_c - self.temperature_c.min()))

    def deviation_k(self) -> float:
        return float(np.abs(self.temperature_c - self.target_c).max())

    def iae_c_s(self) -> float:
        """Of the worst zone, against the target."""
        return float(np.abs(self.temperature_c - self.target_c).sum(axis=0).max() * self.step_s)

    def travel(self) -> float:
        """Sum of |change of duty| of the busiest zone."""
        return float(np.abs(np.diff(self.duty, axis=0)).sum(axis=0).max())

    def spread_k(self) -> float:
        """Largest distance between zones at any one time."""
        return float(np.ptp(self.temperature_c, axis=1).max())

    def since(self, time_s: float) -> Course:
        first = round(time_s / self.step_s)
        return Course(self.step_s, self.temperature_c[first:], self.duty[first:], self.target_c)


@dataclass
class Rig:
    """Plant, sensors and laws that go on from one part of a run to the next."""

    plant: Plant
    sensors: Sequence[Sensor]
    laws: Sequence[Law]
    step_s: float
    power_ratio: float = 1.0  # what arrives of a duty: mains
    duties: list[float] = field(default_factory=list)
    now_c: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rows = Rows(self.plant, len(self.laws))
        self.duties = [0.0] * len(self.laws)
        if not self.now_c:
            self.now_c = self._rows.step(self.duties, self.step_s)

    def begin(self, programme: Programme) -> None:
        """A new programme, from what the sensors read now."""
        self._programme = programme
        self._clock_s = 0.0
        self._start_c = sum(self.now_c) / len(self.now_c)
        for law, sensor, now_c in zip(self.laws, self.sensors, self.now_c, strict=True):
            law.begin(programme, sensor(now_c))

    def run(self, duration_s: float) -> Course:
        """Go on for so long."""
        laws, sensors, step_s, target_c = (
            self.laws,
            self.sensors,
            self.step_s,
            self._programme.target_c,
        )
        courses: list[list[float]] = []
        asked: list[list[float]] = []
        now_c, triples = self.now_c, list(zip(range(len(laws)), laws, sensors, strict=True))
        for _ in range(round(duration_s / step_s)):
            setpoint_c = self._programme.setpoint(self._start_c, self._clock_s)
            duties = [law.step(setpoint_c, sensor(now_c[i]), step_s) for i, law, sensor in triples]
            asked.append(duties)
            ratio = self.power_ratio
            now_c = self._rows.step([ratio * d for d in duties] if ratio != 1.0 else duties, step_s)
            courses.append(now_c)
            if not any(law.holding for law in laws):
                self._clock_s += step_s
        self.now_c, self.duties = now_c, asked[-1]
        return Course(step_s, np.array(courses), np.array(asked), target_c)
