"""A serial port under asyncio: bytes out at once, bytes in by callback, nothing kept.

Opened through pyserial (which knows the dialects of termios and locks the port against a
second master in this computer), then read by the event loop itself. One read of at most
4 KiB a turn of the loop: a line that never stops talking costs its share and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
from collections.abc import Callable
from typing import Protocol

import serial

from controller.fieldbus.settings import Parity

_READ_BYTES_MAX = 4096
_PARITY = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
}


class Port(Protocol):
    """An open line."""

    def write(self, frame: bytes) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class SerialPort:
    """`received` gets every piece; `lost` is called once when the port has gone."""

    def __init__(
        self,
        path: str,
        baud: int,
        parity: Parity,
        received: Callable[[bytes], None],
        lost: Callable[[str], None],
    ) -> None:
        """Open it. Raises OSError."""
        self._received = received
        self._lost = lost
        self._serial = serial.Serial(
            path, baud, parity=_PARITY[parity], timeout=0, write_timeout=0, exclusive=True
        )
        self._fd = self._serial.fileno()
        self._loop = asyncio.get_running_loop()
        self.flush()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, frame: bytes) -> None:
        """All of it, or OSError: a frame is far smaller than the driver's buffer."""
        if os.write(self._fd, frame) != len(frame):
            raise OSError("the port does not take what is written; is a handshake line open?")

    def flush(self) -> None:
        """Forget what has arrived and was not yet read."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._fd, termios.TCIFLUSH)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1
            with contextlib.suppress(OSError):
                self._serial.close()

    def _readable(self) -> None:
        try:
            piece = os.read(self._fd, _READ_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError as error:
            self._gone(os.strerror(error.errno) if error.errno else str(error))
            return
        if piece:
            self._received(piece)
        else:
            self._gone("hung up")

    def _gone(self, why: str) -> None:
        self.close()
        self._lost(why)
