"""The bounded queue between the control loop and the writer of a record.

One producer, one consumer. Items travel in batches that the producer closes by count,
and one batch becomes one transaction: the file then depends on what was recorded and
not on how the two threads happened to run.

When the writer falls behind, a lossless backlog makes the producer wait (simulation,
where time stands still meanwhile). In the field it sheds the oldest samples instead,
counts them in a gap, and keeps every event.
"""

from __future__ import annotations

import threading
from collections import deque

from controller.record.model import Item, fold

EVENTS_MAX = 20_000
_SHED_CAUSE = "storage slower than the samples: oldest samples dropped"


class Backlog:
    """Items waiting to be written: at most `rows_max`, plus the batch being filled."""

    def __init__(self, *, batch_rows: int, rows_max: int, lossless: bool) -> None:
        self._batch_rows = batch_rows
        self._rows_max = rows_max
        self._lossless = lossless
        self._open: list[Item] = []  # touched by the producer only
        self._kept: list[Item] = []  # what is left of shed batches, older than all ready ones
        self._ready: deque[list[Item]] = deque()
        self._waiting_rows = 0
        self._ended = False
        self._changed = threading.Condition()

    @property
    def waiting_rows(self) -> int:
        return self._waiting_rows

    def offer(self, item: Item, *, urgent: bool = False) -> None:
        """Add one item; an urgent one closes its batch, so that it is committed at once."""
        self._open.append(item)
        if urgent or len(self._open) >= self._batch_rows:
            self._hand_over()

    def take(self) -> list[Item] | None:
        """The oldest batch, waiting for one if need be; None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._kept or self._ready or self._ended)
            if self._kept:
                batch, self._kept = self._kept, []
                return batch
            if not self._ready:
                return None
            batch = self._ready.popleft()
            self._waiting_rows -= len(batch)
            self._changed.notify_all()
            return batch

    def end(self) -> None:
        """Hand over what is left; nothing is taken in afterwards."""
        with self._changed:
            if self._open and not self._ended:
                self._ready.append(self._open)
                self._waiting_rows += len(self._open)
            self._open = []
            self._ended = True
            self._changed.notify_all()

    def _hand_over(self) -> None:
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._waiting_rows < self._rows_max or self._ended)
            if not self._ended:
                self._ready.append(self._open)
                self._waiting_rows += len(self._open)
                self._shed()
            self._open = []
            self._changed.notify_all()

    def _shed(self) -> None:
        while not self._lossless and self._waiting_rows > self._rows_max:
            batch = self._ready.popleft()
            self._waiting_rows -= len(batch)
            for item in batch:
                fold(self._kept, item, _SHED_CAUSE, EVENTS_MAX)
