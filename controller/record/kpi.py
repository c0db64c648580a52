"""Indicators of a batch, computed from its record alone.

Which ones there are is the profile's business (controller.record.profile). Setpoints, phases
and signals come from the samples; what a record's samples cannot know comes from the header's
`parameters`: `<indicator>_min` and `<indicator>_max` replace an indicator's default limit,
`hold_s` is the time in band that is asked for, others are named where they are needed.

An indicator whose signals or parameters are missing has no value and says what it lacks;
it neither passes nor fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from controller.record import measures
from controller.record.indicator import Indicator, Limit
from controller.record.measures import Batch, NotMeasurableError
from controller.record.profile import profile_of
from controller.record.reader import StoredRecord
from controller.record.series import Series, load_series


@dataclass(frozen=True, slots=True)
class Kpi:
    """One indicator of a batch.

    `passed` is None when there is no limit or no value; `note` says what was missing.
    """

    key: str
    title: str
    unit: str
    definition: str
    value: float | None
    limit: Limit
    passed: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kpis:
    """The indicators of one batch, in the order in which they are shown."""

    entries: tuple[Kpi, ...]

    def __iter__(self) -> Iterator[Kpi]:
        return iter(self.entries)

    def __getitem__(self, key: str) -> Kpi:
        return next(entry for entry in self.entries if entry.key == key)

    @property
    def failed(self) -> tuple[Kpi, ...]:
        return tuple(entry for entry in self.entries if entry.passed is False)


def kpis(record: StoredRecord, series: Series | None = None) -> Kpis:
    """All indicators of a record; pass its series when it has been loaded already.

    Raises `RecordError` when the file cannot be read.
    """
    batch = Batch(series or load_series(record), record.header.parameters)
    profile = profile_of(signal.name for signal in record.signals)
    return Kpis(tuple(_evaluated(indicator, batch) for indicator in profile.indicators))


def _evaluated(indicator: Indicator, batch: Batch) -> Kpi:
    number, note = None, ""
    try:
        number = _finite(indicator.measure(batch))
    except NotMeasurableError as reason:
        note = str(reason)
    except ArithmeticError:
        note = "measurements or parameters beyond any plausible range"
    limit = _limit(indicator, batch)
    bounded = number is not None and limit != Limit()
    passed = limit.holds(number) if number is not None and bounded else None
    text = (indicator.key, indicator.title, indicator.unit, indicator.definition)
    return Kpi(*text, number, limit, passed, note)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise OverflowError
    return number


def _limit(indicator: Indicator, batch: Batch) -> Limit:
    given = batch.parameters.get
    low = given(f"{indicator.key}_min", indicator.limit.low)
    high = given(f"{indicator.key}_max", indicator.limit.high)
    if indicator.key == "time_in_band_s" and low is None and "hold_s" in batch.parameters:
        low = batch.parameters["hold_s"] - measures.SAMPLE_S
    return Limit(low, high)
