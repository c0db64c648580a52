"""What waits to be sent: two bounded lanes, and what was sent but is not yet proven.

Measurements go out with QoS 0, so nothing answers them. But MQTT keeps the order of one
connection: when the broker answers a later QoS 1 message, it has every earlier QoS 0 one.
Until then a batch stays here and is sent again after a lost connection. A consumer may see
one twice (`seq` tells), a link that dies silently loses none, and a long outage drops the
oldest and counts them.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lane(Generic[Item]):
    """A bounded queue that numbers what it takes and drops its oldest when full.

    `size_max` bounds waiting and unproven entries together.
    """

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._waiting: deque[tuple[int, Item]] = deque()
        self._unproven: deque[tuple[int, Item]] = deque()
        self.taken_count = 0
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def unproven_count(self) -> int:
        return len(self._unproven)

    def put(self, item: Item) -> None:
        """Take one in constant time; never raises."""
        self._waiting.append((self.taken_count, item))
        self.taken_count += 1
        if len(self._waiting) + len(self._unproven) > self._size_max:
            (self._unproven or self._waiting).popleft()
            self.dropped_count += 1

    def next(self) -> tuple[int, Item] | None:
        """The oldest waiting entry, which counts as sent and unproven from now on."""
        if not self._waiting:
            return None
        entry = self._waiting.popleft()
        self._unproven.append(entry)
        return entry

    def prove(self) -> None:
        """The broker has everything that was sent."""
        self._unproven.clear()

    def rewind(self) -> None:
        """The connection is gone: what is unproven waits again, in its old order."""
        self._unproven.extend(self._waiting)
        self._waiting, self._unproven = self._unproven, self._waiting
        self._unproven.clear()
