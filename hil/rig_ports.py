"""Ways to the rig: a serial port in life, a pseudo terminal to the twin."""

from __future__ import annotations

import os
import select

import serial

from hil.rig_link import RigLostError

BAUD = 921600
_CHUNK = 4096


class FilePort:
    """An open terminal by its file descriptor, not owned. Raises RigLostError when it is gone."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, content: bytes) -> None:
        try:
            os.write(self._number, content)
        except BlockingIOError:  # nobody reads at the other end: a line loses what it cannot keep
            return
        except OSError as error:
            raise RigLostError(f"the rig's line is gone: {os.strerror(error.errno or 0)}") from None

    def read(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._number], [], [], timeout_s)
            return os.read(self._number, _CHUNK) if ready else b""
        except OSError as error:
            raise RigLostError(f"the rig's line is gone: {os.strerror(error.errno or 0)}") from None


class SerialPort:
    """A serial port by name, opened for this process alone. Raises RigLostError."""

    def __init__(self, name: str, baud: int = BAUD) -> None:
        try:
            self._serial = serial.Serial(name, baud, timeout=0, write_timeout=1.0, exclusive=True)
        except (OSError, ValueError) as error:
            raise RigLostError(f"cannot open {name}: {error}") from None

    def write(self, content: bytes) -> None:
        try:
            self._serial.write(content)
        except OSError as error:
            raise RigLostError(f"the rig's line is gone: {error}") from None

    def read(self, timeout_s: float) -> bytes:
        try:
            self._serial.timeout = timeout_s
            first = self._serial.read(1)
            return bytes(first + self._serial.read(self._serial.in_waiting)) if first else b""
        except OSError as error:
            raise RigLostError(f"the rig's line is gone: {error}") from None

    def close(self) -> None:
        self._serial.close()
