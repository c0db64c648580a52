"""What an indicator is: a name, a definition, how it is measured, and its limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.record.measures import Batch


@dataclass(frozen=True, slots=True)
class Limit:
    """Bounds of an indicator in its own unit; None is no bound on that side."""

    low: float | None = None
    high: float | None = None

    def holds(self, number: float) -> bool:
        above = self.low is None or number >= self.low
        return above and (self.high is None or number <= self.high)

    def text(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} … {self.high:g}"
        if self.low is not None:
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if self.high is not None else ""


@dataclass(frozen=True, slots=True)
class Indicator:
    key: str
    title: str
    unit: str
    definition: str
    measure: Callable[[Batch], float]
    limit: Limit = Limit()
    """Replaced by the header's parameters `<key>_min` and `<key>_max`."""
