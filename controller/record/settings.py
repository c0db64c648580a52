"""The `[record]` section of a station file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Directory = Annotated[str, Meta(min_length=1, max_length=1024)]
CommitRows = Annotated[int, Meta(ge=1, le=1000)]
BacklogRows = Annotated[int, Meta(ge=100, le=200_000)]
Megabytes = Annotated[float, Meta(ge=1.0, le=1_000_000.0)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """Where batch records go and what they may take.

    `commit_rows` samples share one transaction: at 10 Hz the default loses at most one
    second in a power cut. `backlog_rows` may wait for a slow disk before the oldest
    samples are dropped and counted; one row is about 2 kB of memory. A record is not
    started with less than `free_space_mb_min` on its disk and does not grow past
    `size_mb_max`.
    """

    directory: Directory
    commit_rows: CommitRows = 10
    backlog_rows: BacklogRows = 6000
    free_space_mb_min: Megabytes = 100.0
    size_mb_max: Megabytes = 2000.0
