"""Canonical bytes of a record's rows: what the journal's SHA-256 runs over.

Every row is a tag, its sequence number and its columns in order, little-endian, texts
and blobs with their length in front, so that no two different journals share bytes.
The rows are encoded as SQLite gives them back: it keeps no negative zero, and a number
that is not one is NULL. Writer and reader therefore compute the same digest.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import msgspec

from controller.ports import Event, Sample, Signal
from controller.record.model import (
    LABEL_LENGTH_MAX,
    MESSAGE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    BatchHeader,
    Gap,
)

Column = int | float | str | bytes | None
Row = tuple[Column, ...]

_HEAD_COLUMNS = 6  # of a sample, before its values
_SAMPLE_HEAD = struct.Struct("<cqqdq")
_INTEGER = struct.Struct("<cq")
_REAL = struct.Struct("<cd")
_LENGTH = struct.Struct("<cI")
_encode_json = msgspec.json.Encoder(order="deterministic").encode


def json_text(value: object) -> str:
    """JSON with sorted keys; a number that is not finite becomes null."""
    return _encode_json(value).decode()


def header_bytes(header: BatchHeader, signals: Sequence[Signal]) -> bytes:
    columns = [[signal.name, signal.unit, signal.channel] for signal in signals]
    return b"H" + json_text([header, columns]).encode()


def sample_row(seq: int, sample: Sample) -> Row:
    """`(seq, tick, monotonic_s, utc_ns, phase, quality, *values)` as SQLite will keep it."""
    tick = sample.tick
    values = [value + 0.0 if value == value else None for value in sample.values]
    head = (seq, tick.index, tick.monotonic_s, tick.utc_ns, sample.phase, sample.quality)
    return (*head, *values)


def sample_bytes(row: Sequence[Column]) -> bytes:
    """Encode a row made by `sample_row` or read from the table `sample`."""
    seq, tick, monotonic_s, utc_ns, phase, quality = row[:_HEAD_COLUMNS]
    assert isinstance(phase, str)
    assert isinstance(quality, bytes)
    head = _SAMPLE_HEAD.pack(b"S", seq, tick, monotonic_s, utc_ns)
    values = _doubles(row[_HEAD_COLUMNS:])
    return b"".join((head, _text_bytes(phase), _blob_bytes(quality), values))


def phase_row(seq: int, event: Event) -> Row:
    """A phase event: `source` is the phase entered, detail `cause` (else `message`) why."""
    cause = str(event.detail.get("cause", event.message))
    return (*_event_head(seq, event), *_labels(event.source, event.severity), *_texts(cause, event))


def event_row(seq: int, event: Event) -> Row:
    labels = _labels(event.kind, event.source, event.severity)
    return (*_event_head(seq, event), *labels, *_texts(event.message, event))


def gap_row(seq: int, gap: Gap) -> Row:
    lost = (gap.lost_sample_count, gap.lost_event_count)
    return (seq, gap.first_tick, gap.last_tick, *lost, gap.cause[:MESSAGE_LENGTH_MAX])


def row_bytes(tag: bytes, row: Sequence[Column]) -> bytes:
    """Encode a row of any other table, column by column with its type."""
    return tag + b"".join(map(_column_bytes, row))


def _doubles(values: Sequence[Column]) -> bytes:
    layout = f"<{len(values)}d"
    try:
        return struct.pack(layout, *values)
    except struct.error:  # NULL is a number that was not one
        return struct.pack(layout, *(math.nan if value is None else value for value in values))


def _event_head(seq: int, event: Event) -> tuple[int, int, float, int]:
    return (seq, event.tick, event.monotonic_s + 0.0, event.utc_ns)


def _labels(*labels: str) -> tuple[str, ...]:
    return tuple(str(label)[:LABEL_LENGTH_MAX] for label in labels)


def _texts(message: str, event: Event) -> tuple[str, str]:
    """Message and detail within what a reader accepts; a detail too long is left out whole."""
    detail = json_text(dict(event.detail))
    kept = detail if len(detail) <= TEXT_LENGTH_MAX else json_text({"omitted_length": len(detail)})
    return message[:MESSAGE_LENGTH_MAX], kept


def _column_bytes(column: Column) -> bytes:
    if column is None:
        return b"n"
    if isinstance(column, int):
        return _INTEGER.pack(b"i", column)
    if isinstance(column, float):
        return _REAL.pack(b"r", column)
    return _blob_bytes(column) if isinstance(column, bytes) else _text_bytes(column)


def _blob_bytes(blob: bytes) -> bytes:
    return _LENGTH.pack(b"b", len(blob)) + blob


def _text_bytes(text: str) -> bytes:
    encoded = text.encode()
    return _LENGTH.pack(b"t", len(encoded)) + encoded
