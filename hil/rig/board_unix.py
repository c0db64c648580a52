"""The rig without hardware: MicroPython's unix port, or CPython where there is none.

Two lines (pseudo terminals): the host's, and that of the twin's terminals, which carries
converter codes out and levels of the controller's outputs in, in the same frames.
"""

import select
import struct
import termios
import time

from hil.rig import protocol
from hil.rig.framing import Decoder, encode
from hil.rig.rig import Rig

FEED_US = 5000
_WAIT_MS = 1
_CHUNK = 512


class Line:
    """A terminal opened raw; reading gives what is there and never waits."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "r+b", buffering=0)  # noqa: PTH123, SIM115
        number = self.file.fileno()
        attributes = termios.tcgetattr(number)
        attributes[0] = attributes[1] = attributes[3] = 0
        attributes[6][5] = 0  # VTIME
        attributes[6][6] = 0  # VMIN: a read that finds nothing returns
        termios.tcsetattr(number, termios.TCSANOW, attributes)

    def read(self) -> bytes:
        return self.file.read(_CHUNK) or b""


class UnixBoard:
    """Raises OSError when a line cannot be opened."""

    def __init__(self, host_path: str, terminals_path: str) -> None:
        self._host = Line(host_path)
        self._terminals = Line(terminals_path)
        self._decoder = Decoder()
        self._poll = select.poll()
        for line in (self._host, self._terminals):
            self._poll.register(line.file, select.POLLIN)
        self._start = time.ticks_us()
        self._fed_us = 0
        self._sequence = 0

    def now_us(self) -> int:
        return time.ticks_diff(time.ticks_us(), self._start)

    def wait(self) -> bool:
        gone = select.POLLHUP | select.POLLERR
        return not any(ready[1] & gone for ready in self._poll.poll(_WAIT_MS))

    def read(self) -> bytes:
        return self._host.read()

    def write(self, content: bytes) -> None:
        self._host.file.write(content)

    def look(self, rig: Rig) -> None:
        now_us = self.now_us()
        for event in self._decoder.feed(self._terminals.read()):
            if not isinstance(event, str) and event.kind == protocol.LEVELS:
                bits, valve_mv = struct.unpack(protocol.LEVELS_REQUEST, event.payload)
                rig.capture.levels(bits, valve_mv, now_us)

    def drive(self, rig: Rig) -> None:
        content = struct.pack(protocol.DRIVE_REQUEST, rig.inputs, rig.open_mask, *rig.codes)
        self._tell(protocol.DRIVE, content)

    def feed(self) -> None:
        if self.now_us() - self._fed_us >= FEED_US:
            self._tell(protocol.FEED, b"")

    def _tell(self, kind: int, content: bytes) -> None:
        """Any word from the loop feeds the front end."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._terminals.file.write(encode(kind, self._sequence, 0, content))
        self._fed_us = self.now_us()
