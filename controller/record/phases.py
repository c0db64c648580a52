"""The phases of a batch: when each began, why, and what was measured in it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

from controller.record.model import PhaseEntry
from controller.record.reader import StoredRecord
from controller.record.series import Column, Series, finite, mean


class PhaseSpan(NamedTuple):
    """One stay in a phase. Samples `first` up to, not including, `after` lie in it.

    `number` counts from 1; times are seconds since the start of the batch; `cause` is why
    it was entered.
    """

    number: int
    name: str
    cause: str
    start_s: float
    end_s: float
    first: int
    after: int

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Spread:
    """A signal during one phase: at its first and last sample, and in between."""

    enter: float
    exit: float
    low: float
    mean: float
    high: float


def phase_spans(record: StoredRecord, series: Series) -> list[PhaseSpan]:
    """Every stay in a phase, in order, until the next one or the end of the batch."""
    entries = _with_first(record.phases(), record, series)
    starts = [entry.monotonic_s - record.header.start_monotonic_s for entry in entries]
    firsts = [*(bisect_left(series.time_s, start_s) for start_s in starts), len(series.time_s)]
    ends = [*starts[1:], max([*starts[-1:], *series.time_s[-1:]], default=0.0)]
    return [
        PhaseSpan(i + 1, entry.name, entry.cause, starts[i], ends[i], firsts[i], firsts[i + 1])
        for i, entry in enumerate(entries)
    ]


def _with_first(
    entries: list[PhaseEntry], record: StoredRecord, series: Series
) -> list[PhaseEntry]:
    """The changes of phase, with the phase the batch began in if no change led there."""
    start_s = record.header.start_monotonic_s
    if not series.time_s or (entries and entries[0].monotonic_s <= start_s + series.time_s[0]):
        return entries
    at_s = start_s + series.time_s[0]
    began = PhaseEntry(0, 0, at_s, record.header.start_utc_ns, series.phase[0], "info", "", "{}")
    return [began, *entries]


def spread(column: Column, span: PhaseSpan) -> Spread | None:
    """What a signal did in a phase; None when it has no good measurement there."""
    good = finite(column, range(span.first, span.after))
    middle = mean(good)
    if middle is None:
        return None
    return Spread(good[0], good[-1], min(good), middle, max(good))
