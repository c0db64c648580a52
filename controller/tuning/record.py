"""What an experiment saw: time, duty and temperature, a row a sample, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

NOISE_C_MIN = 0.01  # quantised readings may show none
HEADER = "time_s,duty_fraction,temperature_c"


@dataclass(slots=True)
class Record:
    """Rows in order of time; `duty_fraction[i]` acted from `time_s[i]` on."""

    time_s: list[float] = field(default_factory=list)
    duty_fraction: list[float] = field(default_factory=list)
    temperature_c: list[float] = field(default_factory=list)

    def add(self, time_s: float, duty_fraction: float, temperature_c: float) -> None:
        self.time_s.append(time_s)
        self.duty_fraction.append(duty_fraction)
        self.temperature_c.append(temperature_c)

    def csv(self) -> str:
        rows = zip(self.time_s, self.duty_fraction, self.temperature_c, strict=True)
        return "\n".join([HEADER, *(f"{t:.3f},{u:.6f},{y:.4f}" for t, u, y in rows), ""])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.csv().encode()).hexdigest()

    def switches(self) -> list[tuple[float, float]]:
        """(time, change of duty) wherever the duty changed; it was 0 before the first row."""
        found: list[tuple[float, float]] = []
        before = 0.0
        for time_s, duty in zip(self.time_s, self.duty_fraction, strict=True):
            if duty != before:
                found.append((time_s, duty - before))
                before = duty
        return found

    def noise_c(self, rest_s: float) -> float:
        """Standard deviation of one measurement while the plant rested, slow drift left out."""
        rested = [y for t, y in zip(self.time_s, self.temperature_c, strict=True) if t < rest_s]
        jumps = [after - before for before, after in pairwise(rested)]
        if not jumps:
            return NOISE_C_MIN
        return max(NOISE_C_MIN, sqrt(sum(x * x for x in jumps) / len(jumps) / 2.0))

    def binned(self, count_max: int) -> tuple[list[float], list[float]]:
        """Times and temperatures as means of equally many neighbours, at most so many."""
        size = -(-len(self.time_s) // count_max)
        starts = range(0, len(self.time_s) - size + 1, size)
        return (
            [_mean(self.time_s[start : start + size]) for start in starts],
            [_mean(self.temperature_c[start : start + size]) for start in starts],
        )


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
