"""The batch record while the batch runs: a sink of the loop, written by its own thread.

The loop only appends to a list. Encoding, hashing, SQL and fsync happen in the writer
thread, and what goes wrong there becomes `fault`, never an exception in the loop:
the loop's owner decides what a batch without a record is worth.

After an error the writer does not pretend. The rows of the failed transaction are lost
and counted in a gap, their events are carried over; a full disk may recover, and then
the next transaction brings the gap with it. Any other error of the disk ends the
writing: what an fsync failed to keep cannot be had by asking again.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from controller.ports import Event, Sample, Signal
from controller.record.backlog import EVENTS_MAX, Backlog
from controller.record.model import (
    LABEL_LENGTH_MAX,
    MESSAGE_LENGTH_MAX,
    BatchHeader,
    Gap,
    Item,
    RecordError,
    Seal,
    fold,
)
from controller.record.settings import Record
from controller.record.store import Store

_LOSSLESS_BATCH_ROWS = 256
_LOSSLESS_BACKLOG_ROWS = 2048


class BatchRecord:
    """The record of one batch; a `controller.ports.Sink`.

    `lossless` is for a simulated station: the producer waits for the writer instead of
    losing samples, and the file depends on the recorded items alone. Otherwise nothing
    ever waits; samples are dropped and counted when the disk is slower than the loop.
    A phase change is an event of kind "phase": `source` names the phase entered,
    `detail["cause"]` or else `message` says why.
    """

    def __init__(
        self,
        path: Path,
        header: BatchHeader,
        signals: Sequence[Signal],
        *,
        lossless: bool,
        settings: Record | None = None,
    ) -> None:
        """Create the file with its header, then start the writer.

        Raises `RecordError` when the file exists, cannot be written, the header is out
        of bounds, or the disk has less free space than the settings ask for.
        """
        limits = settings or Record(directory=str(path.parent))
        _require_space(path, limits.free_space_mb_min)
        self.path = path
        self._lossless = lossless
        self._store = Store(path, header, signals, size_mb_max=limits.size_mb_max)
        self._backlog = Backlog(
            batch_rows=_LOSSLESS_BATCH_ROWS if lossless else limits.commit_rows,
            rows_max=_LOSSLESS_BACKLOG_ROWS if lossless else limits.backlog_rows,
            lossless=lossless,
        )
        self._carried: list[Item] = []
        self._fault: str | None = None
        self._stopped = False
        self._seal: Seal | None = None
        self._ending = ("", "")
        self._lost_sample_count = 0
        self._writer = threading.Thread(target=self._write, name="batch-record", daemon=True)
        self._writer.start()

    @property
    def fault(self) -> str | None:
        """Why rows were lost, the first cause; None while every row is kept."""
        return self._fault

    @property
    def lost_sample_count(self) -> int:
        """Samples known to be lost so far."""
        return self._lost_sample_count

    @property
    def waiting_rows(self) -> int:
        """Rows that the writer has not taken yet."""
        return self._backlog.waiting_rows

    def sample(self, sample: Sample) -> None:
        self._backlog.offer(sample)

    def event(self, event: Event) -> None:
        self._backlog.offer(event, urgent=not self._lossless)

    def close(self, outcome: str, cause: str, *, timeout_s: float = 30.0) -> Seal:
        """Write what waits, seal and close the file; never raises.

        Waits up to `timeout_s` for the disk, so call it off the event loop. The seal's
        `fault` says what is missing; it is only in the file if the disk took it. A
        second call returns the first seal.
        """
        if self._seal is None:
            self._ending = (outcome[:LABEL_LENGTH_MAX] or "unknown", cause[:MESSAGE_LENGTH_MAX])
            self._backlog.end()
            self._writer.join(timeout_s)
        if self._seal is None:
            self._seal = self._given_up(f"the disk did not take the record in {timeout_s:g} s")
        return self._seal

    def _write(self) -> None:
        while (batch := self._backlog.take()) is not None:
            self._append(batch)
        try:
            self._finish()
        except Exception as error:
            self._note(f"sealing: {error}")
            self._seal = self._unwritten_seal()
        self._store.close()

    def _append(self, batch: Sequence[Item]) -> None:
        items = [*self._carried, *batch]
        self._count_shed(batch)
        if not self._stopped:
            try:
                self._store.append(items)
                self._carried = []
                return
            except Exception as error:
                self._note(f"{type(error).__name__}: {error}")
                self._stopped = not _may_recover(error)
        self._carry(items, batch)

    def _carry(self, items: Sequence[Item], batch: Sequence[Item]) -> None:
        self._lost_sample_count += sum(isinstance(item, Sample) for item in batch)
        self._carried = []
        for item in items:
            fold(self._carried, item, self._fault or "", EVENTS_MAX)

    def _count_shed(self, batch: Sequence[Item]) -> None:
        for item in batch:
            if isinstance(item, Gap):
                self._lost_sample_count += item.lost_sample_count
                self._note(item.cause)

    def _finish(self) -> None:
        if self._carried and not self._stopped:
            self._store.reserve()
            self._store.append(self._carried)
        if self._stopped:
            self._seal = self._unwritten_seal()
        else:
            self._seal = self._store.seal(*self._ending, self._fault or "")

    def _note(self, fault: str) -> None:
        if self._fault is None:
            self._fault = fault[:MESSAGE_LENGTH_MAX]

    def _given_up(self, fault: str) -> Seal:
        self._note(fault)
        return self._unwritten_seal()

    def _unwritten_seal(self) -> Seal:
        seal = self._store.unwritten_seal(*self._ending, self._fault or "")
        lost_events = sum(isinstance(item, Event) for item in self._carried)
        return structs.replace(
            seal,
            lost_sample_count=self._lost_sample_count,
            lost_event_count=seal.lost_event_count + lost_events,
        )


def _may_recover(error: Exception) -> bool:
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode == sqlite3.SQLITE_FULL
    )


def _require_space(path: Path, free_space_mb_min: float) -> None:
    try:
        free_mb = shutil.disk_usage(path.parent).free / 1e6
    except OSError as error:
        raise RecordError(
            f"{path.parent}: no such directory to write records to: {error.strerror}"
        ) from error
    if free_mb < free_space_mb_min:
        raise RecordError(
            f"{path.parent}: {free_mb:.0f} MB free, a batch needs {free_space_mb_min:.0f};"
            " move old records away"
        )
