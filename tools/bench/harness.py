"""Rounds, medians and the shape of the result."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Run = Callable[[], float]
Of = Literal["ratio", "ours"]
Sign = Literal["<=", ">="]

ROUNDS_MIN = 7


@dataclass(frozen=True, slots=True)
class Target:
    """What a metric should reach: its ratio, or its own number, on one side of a bound."""

    of: Of
    sign: Sign
    bound: float

    def met(self, metric: Metric) -> bool:
        found = metric.ratio if self.of == "ratio" else metric.ours
        return found <= self.bound if self.sign == "<=" else found >= self.bound

    def __str__(self) -> str:
        return f"{self.of} {self.sign} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Samples:
    """The rounds of one contestant."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def iqr(self) -> float:
        """Distance of the quartiles; 0 for a single round."""
        if len(self.rounds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return high - low

    def less(self, part: Samples) -> Samples:
        """Round by round without what `part` costs."""
        return Samples(tuple(w - p for w, p in zip(self.rounds, part.rounds, strict=True)))


@dataclass(frozen=True, slots=True)
class Metric:
    """One of our numbers beside that of a reference, both in `unit`."""

    ours: float
    reference: float
    reference_name: str
    unit: str
    target: Target | None = None
    iqr: float = 0.0
    samples: int = 1
    note: str = ""
    detail: bool = False  # in the JSON, not in the table of all groups

    @property
    def ratio(self) -> float:
        """Ours over the reference's; 0 where the reference is 0, for JSON knows no infinity."""
        return self.ours / self.reference if self.reference else 0.0

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "ours": self.ours,
            "reference": self.reference,
            "reference_name": self.reference_name,
            "ratio": self.ratio,
            "unit": self.unit,
            "iqr": self.iqr,
            "samples": self.samples,
        }
        if self.target:
            shape |= {"target": str(self.target), "met": self.target.met(self)}
        if self.note:
            shape["note"] = self.note
        return shape


def compare(
    ours: Samples,
    reference: Samples,
    reference_name: str,
    unit: str,
    target: Target | None = None,
    note: str = "",
) -> Metric:
    """Median beside median."""
    return Metric(
        ours.median,
        reference.median,
        reference_name,
        unit,
        target,
        ours.iqr,
        len(ours.rounds),
        note,
    )


def interleave(runs: Mapping[str, Run], rounds: int) -> dict[str, Samples]:
    """One number a round from every contestant, in turn; each round another one begins.

    So all of them see the same machine: what disturbs a round disturbs it for everybody.
    A first round is thrown away: it pays for caches and page faults.
    """
    names = list(runs)
    for name in names:
        runs[name]()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(rounds):
        first = round_ % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(runs[name]())
    return {name: Samples(tuple(numbers)) for name, numbers in taken.items()}


def quantiles(numbers: Iterable[float]) -> dict[str, float]:
    """p50, p99, p999 and max by nearest rank: each is a number that was measured."""
    ranked = sorted(numbers)
    if not ranked:
        raise ValueError("no samples: nothing was measured")
    last = len(ranked)
    ranks = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    # Rank ceil(q n), computed in thousandths so that 0.99 x 100 is 99 and not 99.00000000000001.
    return {
        name: ranked[max(-(-round(fraction * 1000) * last // 1000), 1) - 1]
        for name, fraction in ranks.items()
    }


def report(groups: Mapping[str, Mapping[str, Metric]]) -> dict[str, dict[str, dict[str, Any]]]:
    """{group: {metric: {ours, reference, reference_name, ratio, unit, ...}}}"""
    return {
        group: {name: metric.as_json() for name, metric in metrics.items()}
        for group, metrics in groups.items()
    }
