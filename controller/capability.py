"""Process capability of a density: what a recipe's batches came to, and what they could.

Cpk is the distance of the mean from the nearer limit in units of three standard deviations; 1.33
is called capable, 1.67 is what a new process is asked for. The bound is that of a perfect
controller that ends every batch exactly where its *estimate* says the target is: then the spread
of the batches is the uncertainty of the estimate, and no control can make it smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TARGET_CPK = 1.67


@dataclass(frozen=True, slots=True)
class Capability:
    """`cpk_low`: lower end of its 90 % confidence interval (Bissell's approximation)."""

    count: int
    mean: float
    sigma: float
    cpk: float
    cpk_low: float


def capability(found: Sequence[float], low: float, high: float) -> Capability:
    """Of a sample against two limits. Raises ValueError for fewer than two or crossed limits."""
    if len(found) < 2 or not low < high:
        raise ValueError(f"{len(found)} batches within {low:g} .. {high:g}: two and low < high")
    mean = math.fsum(found) / len(found)
    sigma = math.sqrt(math.fsum((x - mean) ** 2 for x in found) / (len(found) - 1))
    cpk = min(high - mean, mean - low) / (3.0 * sigma) if sigma > 0.0 else math.inf
    spread = math.sqrt(1.0 / (9.0 * len(found)) + cpk * cpk / (2.0 * (len(found) - 1)))
    return Capability(len(found), mean, sigma, cpk, cpk - 1.645 * spread)


def cpk_bound(half_window: float, sigma: float) -> float:
    """Of a centred process whose only spread is the uncertainty of its estimate."""
    return math.inf if sigma <= 0.0 else half_window / (3.0 * sigma)
