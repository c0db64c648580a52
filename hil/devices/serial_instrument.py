"""An ASCII indicator on a serial line of its own: a line for every conversion, unasked.

    ST,GS,+0123.45kN*A1B2 CR LF

See the profile's TOML for the fields. Written from that text alone, with its own checksum.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from hil.devices.serial_end import TimedEnd
from hil.devices.serial_line import Acting, SerialLine, crc16

PERIOD_S = 0.02
_MOVING_PER_LINE = 0.005  # of the reading's full four digits: more, and it calls itself moving
_NUMBER_MAX = 9999.99
_OTHER_UNIT = "t"  # somebody was at its keys


def indication(
    reading: float, unit_text: str, *, moving: bool = False, net: bool = False, seal: int = 0
) -> bytes:
    """One line. What four digits cannot show is an overload; `seal` spoils the checksum."""
    state = "US" if moving else "ST"
    if not abs(reading) <= _NUMBER_MAX:  # also what is not a number
        state, reading = "OL", 0.0
    body = f"{state},{'NT' if net else 'GS'},{reading:+08.2f}{unit_text}".encode()
    return body + b"*%04X\r\n" % (crc16(body) ^ seal)


class AsciiIndicator:
    """`reading` gives what stands on the display, in `unit_text`'s unit; NaN is an overload."""

    def __init__(
        self,
        reading: Callable[[], float],
        unit_text: str,
        faults: Callable[[], Sequence[Acting]] = tuple,
        *,
        seed: int = 0,
        period_s: float = PERIOD_S,
    ) -> None:
        self._reading = reading
        self._unit_text = unit_text
        self._period_s = period_s
        self._faults = faults
        self.line = SerialLine(seed, faults, lambda: asyncio.get_running_loop().time())
        self._writer: TimedEnd | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self.line_count = 0

    async def start(self, path: str, baud: int, *, paced: bool = False) -> str:
        """Begin to talk; returns what a host opens (`TimedEnd`). Raises OSError."""
        end = self._writer = TimedEnd(path, baud, lambda piece: None, paced=paced)
        self._say()
        return end.name

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._writer is not None:
            self._writer.close()

    def babble(self, piece: bytes) -> None:
        """Bytes that are no line of it."""
        if self._writer is not None:
            self._writer.send([(0.0, piece)])

    def _say(self) -> None:
        reading = self._reading()
        moving = abs(reading - self._last) > _MOVING_PER_LINE
        self._last = reading
        if self._writer is not None and self._writer.ahead_s <= self._late_s():
            self._writer.send(self.line.to_host(self._line(reading, moving), b""))
            self.line_count += 1
        self._timer = asyncio.get_running_loop().call_later(self._period_s, self._say)

    def _late_s(self) -> float:
        """What is not said for so long is on its way; beyond, the line carries no more lines."""
        return sum(fault.number("delay_s") for fault in self._faults())

    def _line(self, reading: float, moving: bool) -> bytes:
        """As it is, or as a fault has it say."""
        says = {fault.word("says") for fault in self._faults() if fault.verb == "wrong"}
        return indication(
            math.nan if "overload" in says else reading,
            _OTHER_UNIT if "unit" in says else self._unit_text,
            moving=moving,
            net="net" in says,
            seal=int("checksum" in says),
        )
