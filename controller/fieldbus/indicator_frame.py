"""Lines of an ASCII indicator: bytes in, indications and named garbage out, in any split.

    ST,GS,+0123.45kN*A1B2 CR LF

`ST` stable, `US` moving, `OL` overload; `GS` gross, `NT` net; sign, digits, unit; after the
`*` the CRC-16 of everything before it (polynomial and start of Modbus RTU), four upper-case
hexadecimal digits. A whole line is believed or it is garbage; nothing is searched inside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pymodbus.framer import FramerRTU

LINE_BYTES_MAX = 48
_LINE = re.compile(
    rb"(?P<body>(?P<state>ST|US|OL),(?P<mode>GS|NT),"
    rb"(?P<number>[+-][0-9]{1,7}(?:\.[0-9]{1,5})?)(?P<unit>[A-Za-z]{1,4}))\*(?P<crc>[0-9A-F]{4})\r"
)


@dataclass(frozen=True, slots=True)
class Indication:
    """One good line. `is_overload`: there is no reading behind the number."""

    reading: float
    unit_text: str
    is_stable: bool
    is_overload: bool
    is_net: bool


@dataclass(frozen=True, slots=True)
class Garbage:
    """One bad line, however long; `reason` is one of: too long, not a line, checksum."""

    reason: str


class IndicatorParser:
    """Keeps at most LINE_BYTES_MAX bytes."""

    def __init__(self) -> None:
        self._rest = b""
        self._overlong = False
        self._synchronised = False  # the first line may have been caught in its middle

    @property
    def held_bytes(self) -> int:
        return len(self._rest)

    def feed(self, piece: bytes) -> list[Indication | Garbage]:
        """What the bytes so far made whole."""
        events: list[Indication | Garbage] = []
        *lines, rest = piece.split(b"\n")
        for line in lines:
            event = self._line(self._rest + line)
            self._rest = b""
            if event is not None:
                events.append(event)
        if self._overlong or len(self._rest) + len(rest) > LINE_BYTES_MAX:
            self._overlong, self._rest = True, b""
        else:
            self._rest += rest
        return events

    def _line(self, line: bytes) -> Indication | Garbage | None:
        overlong, self._overlong = self._overlong, False
        event = self._judge(line, overlong)
        first, self._synchronised = not self._synchronised, True
        return None if first and isinstance(event, Garbage) else event

    def _judge(self, line: bytes, overlong: bool) -> Indication | Garbage:
        if overlong or len(line) > LINE_BYTES_MAX:
            return Garbage("too long")
        match = _LINE.fullmatch(line)
        if match is None:
            return Garbage("not a line")
        sent = int(match["crc"], 16).to_bytes(2, "little")  # pymodbus' number is for the wire
        if FramerRTU.compute_CRC(match["body"]) != int.from_bytes(sent, "big"):
            return Garbage("checksum")
        return Indication(
            reading=float(match["number"]),
            unit_text=match["unit"].decode("ascii"),
            is_stable=match["state"] == b"ST",
            is_overload=match["state"] == b"OL",
            is_net=match["mode"] == b"NT",
        )
