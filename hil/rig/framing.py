"""Frames of the rig's serial line: bytes in, frames or named errors out.

A frame is one line, `:` then lower-case hex then a line feed. The hex spells

    kind u8 | sequence u16 | boot id u32 | payload | CRC-16     (little endian)

Hex, because then no byte of a frame is 0x03 (Ctrl-C on a MicroPython console), a lost line
feed costs one frame and not two, and both Pythons encode it in C. CRC is CRC-16/IBM-3740
(polynomial 0x1021, start 0xFFFF) over everything before it. This file runs in CPython and
in MicroPython.
"""

import struct
from array import array
from binascii import hexlify, unhexlify

LINE_MAX = 512  # hex digits of one frame; more is not a frame
PAYLOAD_MAX = LINE_MAX // 2 - 9

NOISE = "noise"  # bytes between frames, one error for a run of them
CUT = "cut"  # a frame began before the last one ended
TOO_LONG = "too_long"
TOO_SHORT = "too_short"
NOT_HEX = "not_hex"
CRC = "crc"
ERRORS = (NOISE, CUT, TOO_LONG, TOO_SHORT, NOT_HEX, CRC)

_HEAD = "<BHI"
_HEAD_SIZE = 7
_START = 0x3A
_END = 0x0A
_QUIET = (_END, 0x0D)  # line ends between frames are no noise


def _crc_table() -> "array[int]":
    table = array("H", bytes(512))
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        table[byte] = crc & 0xFFFF
    return table


_TABLE = _crc_table()


def crc16(content: bytes) -> int:
    """CRC-16/IBM-3740; of b"123456789" it is 0x29B1."""
    crc = 0xFFFF
    table = _TABLE
    for byte in content:
        crc = ((crc << 8) & 0xFFFF) ^ table[(crc >> 8) ^ byte]
    return crc


def encode(kind: int, sequence: int, boot_id: int, payload: bytes = b"") -> bytes:
    """One frame as it goes on the line. Raises ValueError when the payload is too long."""
    if len(payload) > PAYLOAD_MAX:
        raise ValueError("a payload has at most %d bytes, not %d" % (PAYLOAD_MAX, len(payload)))  # noqa: UP031
    body = struct.pack(_HEAD, kind, sequence, boot_id) + payload
    return b":" + hexlify(body + struct.pack("<H", crc16(body))) + b"\n"


class Frame:
    """What one line said. The CRC has been checked; nothing else has."""

    __slots__ = ("boot_id", "kind", "payload", "sequence")

    def __init__(self, kind: int, sequence: int, boot_id: int, payload: bytes) -> None:
        self.kind = kind
        self.sequence = sequence
        self.boot_id = boot_id
        self.payload = payload


class Decoder:
    """Keeps at most one line. Any cutting of the same bytes into chunks gives the same events."""

    def __init__(self) -> None:
        self._line = bytearray(LINE_MAX)
        self._length = -1  # of the frame under way; -1: between frames
        self._noisy = False  # this run of noise has been reported

    def feed(self, chunk: bytes) -> "list[Frame | str]":
        """Frames and errors (one of ERRORS) in the order in which they became certain."""
        events: list[Frame | str] = []
        at = 0
        while at < len(chunk):
            if self._length < 0:
                at = self._between(chunk, at, events)
            else:
                at = self._within(chunk, at, events)
        return events

    def _between(self, chunk: bytes, at: int, events: "list[Frame | str]") -> int:
        start = chunk.find(b":", at)
        end = len(chunk) if start < 0 else start
        while at < end and not self._noisy:
            if chunk[at] not in _QUIET:
                self._noisy = True
                events.append(NOISE)
            at += 1
        if start < 0:
            return end
        self._begin()
        return start + 1

    def _begin(self) -> None:
        self._length = 0
        self._noisy = False

    def _within(self, chunk: bytes, at: int, events: "list[Frame | str]") -> int:
        """Up to the end of the frame, the start of another, or the end of the chunk."""
        end = chunk.find(b"\n", at)
        end = len(chunk) if end < 0 else end
        start = chunk.find(b":", at, end)
        end = end if start < 0 else start
        if self._length + end - at > LINE_MAX:
            at += LINE_MAX - self._length + 1
            events.append(TOO_LONG)
            self._length, self._noisy = -1, True
            return at
        self._line[self._length : self._length + end - at] = chunk[at:end]
        self._length += end - at
        if end == len(chunk):
            return end
        if chunk[end] == _START:
            events.append(CUT)
            self._begin()
        else:
            events.append(_parse(bytes(self._line[: self._length])))
            self._length = -1
        return end + 1


def _parse(digits: bytes) -> "Frame | str":
    try:
        body = unhexlify(digits)
    except ValueError:
        return NOT_HEX
    if len(body) < _HEAD_SIZE + 2:
        return TOO_SHORT
    content = body[:-2]
    if crc16(content) != body[-2] | body[-1] << 8:
        return CRC
    kind, sequence, boot_id = struct.unpack(_HEAD, content[:_HEAD_SIZE])
    return Frame(kind, sequence, boot_id, content[_HEAD_SIZE:])
