"""A record's samples as CSV, with units in the heads and a quality beside each channel."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from controller.record.opening import reading
from controller.record.reader import StoredRecord
from controller.record.wording import utc_text

QUALITY_NAMES = ("good", "uncertain", "bad")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_csv(record: StoredRecord, stream: TextIO) -> int:
    """Write every sample as one row and return how many there were.

    A number is written so that reading it back gives the same double; an absent one is an
    empty cell. Open the stream with `newline=""`. Raises `RecordError` for a damaged file.
    """
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(_heads(record))
    channels = [signal.channel for signal in record.signals if signal.channel >= 0]
    count = 0
    for row in record.samples():
        with reading(record.path):
            _, tick, monotonic_s, utc_ns, phase, quality, *values = row
            assert isinstance(utc_ns, int)
            assert isinstance(quality, bytes)
            cells = ["" if value is None else repr(value) for value in values]
            names = (_quality_name(quality, channel) for channel in channels)
            writer.writerow(
                [tick, repr(monotonic_s), utc_text(utc_ns), _cell(phase), *cells, *names]
            )
        count += 1
    return count


def _heads(record: StoredRecord) -> Iterable[str]:
    values = (
        f"{signal.name} [{signal.unit}]" if signal.unit else signal.name
        for signal in record.signals
    )
    qualities = (f"{signal.name} quality" for signal in record.signals if signal.channel >= 0)
    return ("tick", "monotonic_s [s]", "utc", "phase", *values, *qualities)


def _quality_name(quality: bytes, channel: int) -> str:
    return QUALITY_NAMES[quality[channel]] if channel < len(quality) else ""


def _cell(text: object) -> str:
    """A text that a spreadsheet will not take for a formula."""
    plain = str(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
