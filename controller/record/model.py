"""What a batch record holds, as types. Bounds are those a reader insists on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from controller.ports import Event, Sample

SCHEMA_VERSION = 1
LABEL_LENGTH_MAX = 200
MESSAGE_LENGTH_MAX = 4000
TEXT_LENGTH_MAX = 1_000_000

Name = Annotated[str, Meta(min_length=1, max_length=LABEL_LENGTH_MAX)]
Label = Annotated[str, Meta(max_length=LABEL_LENGTH_MAX)]
Message = Annotated[str, Meta(max_length=MESSAGE_LENGTH_MAX)]
Text = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
BatchId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
Number = Annotated[float, Meta(ge=-1e300, le=1e300)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class RecordError(Exception):
    """A record could not be made or read. Says which file, why, and what to do."""


class BatchHeader(Struct, frozen=True, forbid_unknown_fields=True):
    """What was known before the first tick. Written once, then never changed.

    `parameters` are the numbers of recipe, material and station that the indicators
    need, by name with unit; `controller.record.kpi` lists those it looks for.
    `seed` is there for a simulated station only.
    """

    batch_id: BatchId
    recipe_name: Name
    recipe_version: Name
    recipe_text: Text
    material_name: Name
    material_sha256: Sha256
    station_id: Name
    config_sha256: Sha256
    kernel_header_sha256: Sha256
    software_version: Name
    start_utc_ns: Nanoseconds
    start_monotonic_s: Seconds
    seed: Seed | None = None
    parameters: Annotated[dict[Name, Number], Meta(max_length=200)] = {}

    @property
    def recipe_sha256(self) -> str:
        """SHA-256 of the recipe's text as UTF-8."""
        return hashlib.sha256(self.recipe_text.encode()).hexdigest()


class Seal(Struct, frozen=True, forbid_unknown_fields=True):
    """How a batch ended, and what was written until then.

    `fault` is empty when every row reached the disk. The end is the time of the last
    row, so that a seal reads no clock.
    """

    outcome: Name
    cause: Message
    end_utc_ns: Nanoseconds
    end_monotonic_s: Seconds
    sample_count: Count
    event_count: Count
    phase_count: Count
    gap_count: Count
    lost_sample_count: Count
    lost_event_count: Count
    journal_sha256: Sha256
    fault: Message = ""


class PhaseEntry(NamedTuple):
    """A change of phase as it was recorded: what was entered, when and why."""

    seq: Count
    tick: Count
    monotonic_s: Seconds
    utc_ns: Nanoseconds
    name: Label
    severity: Label
    cause: Message
    detail: Text


class EventEntry(NamedTuple):
    """An event as it was recorded; `detail` is JSON text."""

    seq: Count
    tick: Count
    monotonic_s: Seconds
    utc_ns: Nanoseconds
    kind: Label
    source: Label
    severity: Label
    message: Message
    detail: Text


class GapEntry(NamedTuple):
    """Rows that were lost between two ticks."""

    seq: Count
    first_tick: Count
    last_tick: Count
    lost_sample_count: Count
    lost_event_count: Count
    cause: Message


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that could not be kept, between two ticks, and why."""

    first_tick: int
    last_tick: int
    lost_sample_count: int
    lost_event_count: int
    cause: str


Item = Sample | Event | Gap


def fold(kept: list[Item], item: Item, cause: str, events_max: int) -> None:
    """Add to `kept` what survives of a lost item: events whole, samples as a growing gap.

    An event is counted into the gap only when `kept` already holds `events_max` items.
    """
    if isinstance(item, Event) and len(kept) < events_max:
        kept.append(item)
        return
    lost = _gap_of(item, cause)
    if kept and isinstance(kept[-1], Gap):
        kept[-1] = _joined(kept[-1], lost)
    else:
        kept.append(lost)


def _gap_of(item: Item, cause: str) -> Gap:
    if isinstance(item, Gap):
        return item
    if isinstance(item, Event):
        return Gap(item.tick, item.tick, 0, 1, cause)
    return Gap(item.tick.index, item.tick.index, 1, 0, cause)


def _joined(first: Gap, second: Gap) -> Gap:
    return Gap(
        min(first.first_tick, second.first_tick),
        max(first.last_tick, second.last_tick),
        first.lost_sample_count + second.lost_sample_count,
        first.lost_event_count + second.lost_event_count,
        first.cause,
    )
