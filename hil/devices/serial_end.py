"""The modules' end of a serial line: a pseudo-terminal in tests, a port in life.

`TimedEnd` is one whose bytes leave in order, each not before its time.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections import deque
from collections.abc import Callable, Sequence

import serial

_READ_BYTES_MAX = 4096
_HELD_BYTES_MAX = 16_384
PTY = "pty"


class SerialEnd:
    """`path` is a port, or "pty" for one made here; `name` is what a host opens.

    Bytes the host does not read are lost once the driver's buffer is full, as on a wire.
    Raises OSError.
    """

    def __init__(self, path: str, baud: int, received: Callable[[bytes], None]) -> None:
        self._received = received
        self._host_side = -1
        self._serial: serial.Serial | None = None
        self.lost_bytes = 0
        self.is_pty = path == PTY
        if self.is_pty:
            self._fd, self._host_side = os.openpty()
            tty.setraw(self._host_side)
            os.set_blocking(self._fd, False)
            self.name = os.ttyname(self._host_side)
        else:
            self._serial = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
            self._fd = self._serial.fileno()
            self.name = path
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, piece: bytes) -> None:
        try:
            written = os.write(self._fd, piece)
        except OSError:
            written = 0
        self.lost_bytes += len(piece) - written

    def close(self) -> None:
        """A host that has a pty open sees its line hang up."""
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        if self._serial is not None:
            self._serial.close()
        else:
            os.close(self._fd)
            os.close(self._host_side)
        self._fd = -1

    def _readable(self) -> None:
        try:
            piece = os.read(self._fd, _READ_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            self._loop.remove_reader(self._fd)
            return
        if piece:
            self._received(piece)
        else:
            self._loop.remove_reader(self._fd)


class TimedWriter:
    """Pieces onto a line in order, each not before its time. Bounded; what is too much is lost.

    With `baud` bytes take the time they would take on a wire of that speed.
    """

    def __init__(self, write: Callable[[bytes], None], baud: int | None = None) -> None:
        self._write = write
        self._byte_s = 10.0 / baud if baud else 0.0
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._free_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.dropped_bytes = 0

    @property
    def ahead_s(self) -> float:
        """So long until all that was sent is on the line."""
        return max(self._free_s - self._now_s(), 0.0)

    def heard(self, count: int) -> None:
        """So many bytes came in: the wire was busy with them."""
        if self._byte_s:
            self._free_s = max(self._free_s, self._now_s()) + count * self._byte_s

    def send(self, pieces: Sequence[tuple[float, bytes]]) -> None:
        now_s = self._now_s()
        for delay_s, piece in pieces:
            if self._held_bytes + len(piece) > _HELD_BYTES_MAX:
                self.dropped_bytes += len(piece)
                continue
            due_s = max(now_s + delay_s, self._free_s) + len(piece) * self._byte_s
            if due_s <= now_s and not self._waiting:
                self._write(piece)
                continue
            self._free_s = due_s
            self._held_bytes += len(piece)
            self._waiting.append((due_s, piece))
        self._schedule()

    def close(self) -> None:
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        if self._timer is None and self._waiting:
            delay_s = max(self._waiting[0][0] - self._now_s(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now_s = self._now_s()
        while self._waiting and self._waiting[0][0] <= now_s + 1e-4:
            _, piece = self._waiting.popleft()
            self._held_bytes -= len(piece)
            self._write(piece)
        self._schedule()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


class TimedEnd(TimedWriter):
    """An open end of a line and what waits to be said there; `name` is what a host opens.

    `paced`: bytes take their time at `baud`, which a pseudo-terminal does not do by itself.
    Raises OSError.
    """

    def __init__(
        self, path: str, baud: int, received: Callable[[bytes], None], *, paced: bool = False
    ) -> None:
        self._end = SerialEnd(path, baud, received)
        super().__init__(self._end.write, baud if paced and self._end.is_pty else None)
        self.name = self._end.name

    def close(self) -> None:
        super().close()
        self._end.close()
