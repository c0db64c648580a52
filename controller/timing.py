"""How punctual the loop is: histograms of fixed size, cheap enough for every tick."""

from __future__ import annotations

from collections.abc import Mapping

from controller.ports import Tick

_SUB_BITS = 4  # 16 buckets an octave: a percentile is true to within 6 %
_BUCKETS = 28 << _SUB_BITS
_EXACT_US = 2 << _SUB_BITS  # below it every microsecond has a bucket of its own
_EDGES_US = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


class Histogram:
    """Counts of durations in log-linear buckets of microseconds."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.max_s = 0.0

    @property
    def count(self) -> int:
        return sum(self._counts)

    def add(self, duration_s: float) -> None:
        """Count one duration; negative counts as zero, the top bucket takes all beyond."""
        if duration_s > self.max_s:
            self.max_s = duration_s
        us = int(duration_s * 1e6)
        self._counts[us if 0 <= us < _EXACT_US else _bucket(us)] += 1

    def quantile_s(self, fraction: float) -> float:
        """Upper edge of the bucket in which the quantile lies; 0 when nothing was counted."""
        wanted = fraction * self.count
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_upper_us(bucket) * 1e-6, self.max_s)
        return 0.0

    def summary(self, name: str) -> dict[str, float]:
        """p50, p99, p99.9 and max in microseconds, keyed `<name>_us_p50` and so on."""
        return {
            f"{name}_us_p50": self.quantile_s(0.50) * 1e6,
            f"{name}_us_p99": self.quantile_s(0.99) * 1e6,
            f"{name}_us_p999": self.quantile_s(0.999) * 1e6,
            f"{name}_us_max": self.max_s * 1e6,
        }

    def histogram(self, name: str) -> dict[str, float]:
        """How many were at most so long, keyed `<name>_us_le_<edge>`: cumulative, for a
        historian that draws the distribution and adds those of several stations."""
        return {
            f"{name}_us_le_{edge_us}": float(sum(self._counts[:above]))
            for edge_us, above in _FIRST_ABOVE.items()
        }


def _bucket(us: int) -> int:
    us = max(us, 0)
    shift = max(us.bit_length() - _SUB_BITS - 1, 0)
    return min((shift << _SUB_BITS) + (us >> shift), _BUCKETS - 1)


def _upper_us(bucket: int) -> int:
    if bucket < _EXACT_US:
        return bucket
    shift = (bucket >> _SUB_BITS) - 1
    return (((bucket & ((1 << _SUB_BITS) - 1)) + (1 << _SUB_BITS) + 1) << shift) - 1


_FIRST_ABOVE = {  # of every edge, the first bucket that reaches beyond it
    edge_us: next(bucket for bucket in range(_BUCKETS) if _upper_us(bucket) > edge_us)
    for edge_us in _EDGES_US
}


class LoopTiming:
    """Lateness, busy time, overruns and missed beats of the control loop."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self.lateness = Histogram()
        self.busy = Histogram()
        self.overrun_count = 0
        self.missed_count = 0

    def beat(self, tick: Tick, busy_s: float) -> None:
        """Account for one beat whose work took `busy_s` after it began."""
        self.lateness.add(tick.lateness_s)
        self.busy.add(busy_s)
        self.missed_count += tick.missed
        if tick.lateness_s + busy_s > self._period_s:
            self.overrun_count += 1

    def statistics(self) -> Mapping[str, float]:
        return {
            **self.lateness.summary("tick_lateness"),
            **self.lateness.histogram("tick_lateness"),
            **self.busy.summary("tick_busy"),
            "tick_count": self.lateness.count,
            "overrun_count": self.overrun_count,
            "missed_tick_count": self.missed_count,
        }
