"""A serial line that is not well: what becomes of the bytes between host and modules.

Sans-IO: a frame goes in, pieces with delays come out. Faults are those of `point = "line"`;
chance is drawn from (seed, injection, number of the frame), so the same exchanges are
damaged in the same way. A line keeps the order of its bytes: what is late holds up what
comes after it (`serial_end.TimedWriter`).

A checksum of 16 bits finds every burst of up to 16 bits and every three wrong bits; of
heavier damage one frame in 65,536 passes it (`noise` with a high ratio, `garbage`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hil.faults.chance import mixed, uniform

LINE_VERBS = frozenset(
    {"off", "open", "short", "swap", "stuck", "garbage", "wrong", "slow", "delayed",
     "intermittent", "spike", "noise"}
)  # fmt: skip
LINE_ANSWERS = frozenset(
    {"exception", "unit_id", "function", "length", "duplicate", "split", "merged", "echo",
     "foreign"}
)  # fmt: skip
SPLIT_S = 0.005
_GARBAGE_BYTES_MAX = 300
_BURST_BITS = 16


class Acting(Protocol):
    """One fault that acts now, as the bench has it."""

    @property
    def handle(self) -> int: ...

    @property
    def verb(self) -> str: ...

    def number(self, name: str) -> float: ...

    def word(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class LineFault:
    """A fault given by hand."""

    verb: str
    parameters: dict[str, float | str]
    handle: int = 1

    def number(self, name: str) -> float:
        return float(self.parameters.get(name, 0.0))

    def word(self, name: str) -> str:
        return str(self.parameters.get(name, ""))


def crc16(content: bytes) -> int:
    """MODBUS over Serial Line V1.02, 6.2.2: polynomial 0xA001 reflected, start 0xFFFF."""
    crc = 0xFFFF
    for byte in content:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_row(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


_CRC_TABLE = tuple(_crc_row(byte) for byte in range(256))


def sealed(body: bytes) -> bytes:
    """Address and PDU with their checksum, low byte first."""
    return body + crc16(body).to_bytes(2, "little")


class SerialLine:
    """`faults` says what acts now; `now_s` is the time their rates count in."""

    def __init__(
        self, seed: int, faults: Callable[[], Sequence[Acting]], now_s: Callable[[], float]
    ) -> None:
        self._seed = seed
        self._faults = faults
        self._now_s = now_s
        self._count = 0
        self._stuck = b""
        self._merged = b""
        self._spiked: dict[int, float] = {}  # handle -> time of the last burst

    def to_modules(self, piece: bytes) -> bytes:
        """What the modules hear of what the host said."""
        self._count += 1
        for fault in self._faults():
            if fault.verb not in ("delayed", "slow", "wrong", "stuck"):
                piece = self._harmed(fault, piece)
        return piece

    def to_host(self, frame: bytes, request: bytes) -> list[tuple[float, bytes]]:
        """(delay in s, bytes) of a reply to this request, in order."""
        self._count += 1
        faults = self._faults()
        if not any(fault.verb == "stuck" for fault in faults):
            self._stuck = b""
        pieces = [(0.0, frame)]
        # A whole frame is wrong first, late or in pieces after.
        for fault in sorted(faults, key=lambda fault: fault.verb != "wrong"):
            pieces = self._changed(fault, pieces, request)
        return [(delay_s, piece) for delay_s, piece in pieces if piece]

    def _changed(
        self, fault: Acting, pieces: list[tuple[float, bytes]], request: bytes
    ) -> list[tuple[float, bytes]]:
        if fault.verb == "delayed":
            return [(delay_s + fault.number("delay_s"), piece) for delay_s, piece in pieces]
        if fault.verb == "slow":
            step_s = fault.number("byte_s")
            return [
                (delay_s + i * step_s, piece[i : i + 1])
                for delay_s, piece in pieces
                for i in range(len(piece))
            ]
        if fault.verb == "wrong":
            return [
                changed
                for delay_s, piece in pieces
                for changed in self._wrong(fault, delay_s, piece, request)
            ]
        return [(delay_s, self._harmed(fault, piece)) for delay_s, piece in pieces]

    def _harmed(self, fault: Acting, piece: bytes) -> bytes:
        lot = (self._seed, fault.handle, self._count)
        match fault.verb:
            case "off" | "open":
                return b""
            case "short":
                return bytes(len(piece))
            case "swap":
                return bytes(byte ^ 0xFF for byte in piece)
            case "stuck":  # a converter that repeats what it holds
                self._stuck = self._stuck or piece
                return self._stuck
            case "intermittent" if uniform(*lot) < fault.number("fraction"):
                return b""
            case "garbage" if uniform(*lot) < fault.number("fraction"):
                return _noise(*lot)
            case "noise":
                return _flipped(piece, fault.number("bit_error_ratio"), *lot)
            case "spike" if self._spikes(fault):
                return _burst(piece, *lot)
        return piece

    def _spikes(self, fault: Acting) -> bool:
        rate_per_min, last_s = fault.number("rate_per_min"), self._spiked.get(fault.handle)
        if last_s is not None and (
            rate_per_min <= 0.0 or self._now_s() - last_s < 60.0 / rate_per_min
        ):
            return False
        self._spiked[fault.handle] = self._now_s()
        return True

    def _wrong(
        self, fault: Acting, delay_s: float, frame: bytes, request: bytes
    ) -> list[tuple[float, bytes]]:
        return damaged(self, fault.word("answer"), frame, request, delay_s, fault.number("code"))

    def merged(self, frame: bytes) -> bytes:
        """Nothing now, two frames with the next."""
        held, self._merged = self._merged, frame
        if not held:
            return b""
        self._merged = b""
        return held + frame


def damaged(
    line: SerialLine, answer: str, frame: bytes, request: bytes, delay_s: float, code: float = 4.0
) -> list[tuple[float, bytes]]:
    """A reply that is not the one asked for, with a good checksum where it is whole."""
    body = frame[:-2]
    if len(body) < 2:
        return [(delay_s, frame)]
    match answer:
        case "exception":
            return [(delay_s, sealed(bytes((body[0], body[1] & 0x7F | 0x80, int(code)))))]
        case "unit_id":
            return [(delay_s, sealed(bytes((body[0] ^ 0x40,)) + body[1:]))]
        case "function":
            return [(delay_s, sealed(bytes((body[0], body[1] ^ 0x02)) + body[2:]))]
        case "length":
            return [(delay_s, sealed(body[:-2] if len(body) > 5 else body + b"\x00"))]
        case "duplicate":
            return [(delay_s, frame), (delay_s + SPLIT_S, frame)]
        case "split":
            half = len(frame) // 2
            return [(delay_s, frame[:half]), (delay_s + SPLIT_S, frame[half:])]
        case "merged":
            return [(delay_s, line.merged(frame))]
        case "echo":  # two-wire adapter that hears itself
            return [(delay_s, request + frame)]
        case "foreign":  # another master's conversation with another module
            foreign = sealed(bytes((body[0] ^ 0x20, 4, 2, 0x12, 0x34)))
            return [(delay_s, foreign + frame)]
    return [(delay_s, frame)]


def _noise(*lot: int) -> bytes:
    length = 1 + mixed(*lot, 1) % _GARBAGE_BYTES_MAX
    words = (mixed(*lot, 2, at).to_bytes(8, "big") for at in range(0, length, 8))
    return b"".join(words)[:length]


def _flipped(piece: bytes, bit_error_ratio: float, *lot: int) -> bytes:
    """Every bit wrong with this probability."""
    if bit_error_ratio <= 0.0:
        return piece
    limit = round(bit_error_ratio * 0x10000)
    harmed = bytearray(piece)
    for at in range(len(harmed)):
        draws = mixed(*lot, 3, at, 0).to_bytes(8, "big") + mixed(*lot, 3, at, 1).to_bytes(8, "big")
        for bit in range(8):
            if int.from_bytes(draws[2 * bit : 2 * bit + 2], "big") < limit:
                harmed[at] ^= 1 << bit
    return bytes(harmed)


def _burst(piece: bytes, *lot: int) -> bytes:
    """Up to 16 neighbouring bits at random, the first and last of them wrong."""
    if not piece:
        return piece
    length = 1 + mixed(*lot, 4) % min(_BURST_BITS, 8 * len(piece))
    pattern = mixed(*lot, 5) % (1 << length) | 1 | 1 << length - 1
    at = mixed(*lot, 6) % (8 * len(piece) - length + 1)
    # A UART sends the low bit first: bit 0 of the number is the first on the line.
    bits = int.from_bytes(piece, "little") ^ pattern << at
    return bits.to_bytes(len(piece), "little")
