"""Puts damaged answers on a TCP connection: late, in pieces, twice, for somebody else, cut off.

Bounded: what waits to be sent is counted, and beyond the limit answers are dropped.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from hil.faults.modules import Delivery

_MBAP = struct.Struct(">HHHB")
WAITING_MAX = 256  # timers of one connection
_SPLIT_S = 0.005


def reply_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """An answer as Modbus TCP carries it."""
    return _MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class Sender:
    """Answers of one connection. `write` and `abort` are the transport's."""

    def __init__(self, write: Callable[[bytes], None], abort: Callable[[], None]) -> None:
        self._write = write
        self._abort = abort
        self._timers: set[asyncio.TimerHandle] = set()
        self._kept = b""
        self.dropped_count = 0

    def close(self) -> None:
        """The connection has gone: nothing is sent any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def send(self, transaction: int, unit: int, delivery: Delivery) -> None:
        frame = damaged_frame(transaction, unit, delivery)
        delay_s, damage = delivery.delay_s, delivery.damage
        if damage == "merged":
            frame, self._kept = self._kept, frame
            if not frame:  # goes out with the next one
                return
            frame, self._kept = frame + self._kept, b""
        elif damage == "split":
            half = len(frame) // 2
            self._later(delay_s, frame[:half])
            self._later(delay_s + _SPLIT_S, frame[half:])
            return
        elif damage == "reset":
            self._later(delay_s, frame[: len(frame) // 2], self._abort)
            return
        for n in range(2 if damage == "duplicate" else 1):
            self._send(delay_s + n * _SPLIT_S, delivery.byte_s, frame)

    def _send(self, delay_s: float, byte_s: float, frame: bytes) -> None:
        if byte_s <= 0.0:
            self._later(delay_s, frame)
            return
        for n in range(len(frame)):
            self._later(delay_s + n * byte_s, frame[n : n + 1])

    def _later(self, delay_s: float, part: bytes, after: Callable[[], None] = lambda: None) -> None:
        if delay_s <= 0.0:
            self._write(part)
            after()
            return
        if len(self._timers) >= WAITING_MAX:
            self.dropped_count += 1
            return

        def fire() -> None:
            self._timers.discard(timer)
            self._write(part)
            after()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)


def damaged_frame(transaction: int, unit: int, delivery: Delivery) -> bytes:
    """The frame with what is wrong in its head; times and pieces are the sender's."""
    pdu = delivery.pdu
    match delivery.damage:
        case "transaction_id":
            transaction = (transaction + 1) & 0xFFFF
        case "unit_id":
            unit ^= 0x40
        case "function":
            pdu = bytes((pdu[0] ^ 0x02,)) + pdu[1:]
        case "length":  # a frame that is whole, with too little in it
            pdu = pdu[:-2] if len(pdu) > 3 else pdu + b"\x00"
    return reply_frame(transaction, unit, pdu)
