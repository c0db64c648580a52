"""The modules' end of a serial line: a pseudo-terminal in tests, a port in life."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable

import serial

_READ_BYTES_MAX = 4096
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
