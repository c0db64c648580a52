"""The host's end of the rig's serial line: one request at a time, resent, counted, bounded.

A request is sent again with the same sequence number when its reply does not come; the rig
answers a repeated request again without doing it twice. A reply with another number is
stale and never taken. Every broken frame, on either side, and every reply that did not come
is counted: the bench's verdict depends on them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from hil.rig import protocol
from hil.rig.framing import Decoder, Frame, encode

START_S_MAX = 3.0  # until a rig that was just switched on answers
PROBE_S = 0.005


class RigError(Exception):
    """The rig did not do what it was asked. The text says what to do."""


class RigLostError(RigError):
    """No answer, however often the question was repeated."""


class RigResetError(RigError):
    """The rig has started anew since it was armed; its terminals are open."""


class RigRefusedError(RigError):
    """The rig answered no. `reason` is one of protocol.REASONS."""

    def __init__(self, request: str, reason: str) -> None:
        super().__init__(f"the rig refused {request}: {reason.replace('_', ' ')}")
        self.reason = reason


class Port(Protocol):
    """Bytes to and from the rig."""

    def write(self, content: bytes) -> None: ...

    def read(self, timeout_s: float) -> bytes:
        """What is there, at the latest after `timeout_s`; empty when nothing came."""
        ...


@dataclass(slots=True)
class LinkCounts:
    """Of requests sent on the line, and what went wrong with them on this side."""

    request_count: int = 0
    resend_count: int = 0
    stale_count: int = 0
    lost_count: int = 0
    errors: dict[str, int] = field(default_factory=dict)  # framing errors by name

    @property
    def bad_count(self) -> int:
        return self.resend_count + self.lost_count


@dataclass(frozen=True, slots=True)
class Hello:
    """What the rig says it is."""

    boot_id: int
    board: str
    firmware: bytes
    header: bytes
    now_us: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A change of one of the controller's outputs; output 16 is the valve."""

    output: int
    level: int
    valve_mv: int
    at_us: int  # rig time


@dataclass(frozen=True, slots=True)
class Exchange:
    """The controller's outputs as the rig saw them."""

    now_us: int
    output_bits: int
    valve_mv: int
    flags: int
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class RigFault:
    """A fault in the rig's hands; `started_us` is rig time when the terminals had changed."""

    handle: int
    started_us: int


class RigLink:
    """`clock` is this host's monotonic time in seconds.

    Methods raise RigLostError, RigResetError or RigRefusedError and nothing else of their own.
    """

    def __init__(
        self,
        port: Port,
        clock: Callable[[], float],
        *,
        reply_timeout_s: float = 0.02,
        try_count: int = 4,
    ) -> None:
        self._port = port
        self._clock = clock
        self._reply_timeout_s = reply_timeout_s
        self._try_count = try_count
        self._decoder = Decoder()
        self._sequence = 0
        self.boot_id = 0
        self.sent_s = 0.0  # of the last request that was answered
        self.received_s = 0.0
        self.counts = LinkCounts()

    def hello(self, *, is_probe: bool = False) -> Hello:
        """Ask who is there, and belong to this boot of it from now on. A probe asks once."""
        self.boot_id = 0
        # It may still be starting.
        tries = 1 if is_probe else math.ceil(START_S_MAX / self._reply_timeout_s)
        content = struct.pack(protocol.HELLO_REQUEST, protocol.VERSION)
        counts, self.counts = self.counts, LinkCounts()  # its silence says nothing of the line
        try:
            frame = self._ask(protocol.HELLO, content, tries)
        finally:
            self.counts = counts
        _, firmware, header, board, now_us = _fields(protocol.HELLO_REPLY, frame.payload)
        self.boot_id = frame.boot_id
        name = board.rstrip(b"\0").decode("ascii", "replace")
        return Hello(frame.boot_id, name, firmware, header, now_us)

    def arm(self, firmware: bytes, header: bytes, silence_ms: int, stall_ms: int) -> None:
        content = struct.pack(protocol.ARM_REQUEST, firmware, header, silence_ms, stall_ms)
        self._ask(protocol.ARM, content)

    def exchange(self, readings: bytes, *, is_probe: bool = False) -> Exchange:
        """Readings (terminals.READINGS_FORMAT) for outputs. A probe asks once and briefly."""
        payload = self._ask(protocol.EXCHANGE, readings, 1 if is_probe else 0, is_probe).payload
        head = struct.calcsize(protocol.EXCHANGE_REPLY)
        now_us, bits, valve_mv, flags, count = _fields(protocol.EXCHANGE_REPLY, payload[:head])
        edges = []
        for number in range(count):
            at = head + number * protocol.EDGE_SIZE
            which, edge_mv, age_us = _fields(protocol.EDGE, payload[at : at + protocol.EDGE_SIZE])
            edges.append(Edge(which & 0x7F, which >> 7, edge_mv, now_us - age_us))
        return Exchange(now_us, bits, valve_mv, flags, tuple(edges))

    def inject(self, terminal: int, verb: int, first: int, second: int, for_ms: int) -> RigFault:
        content = struct.pack(protocol.FAULT_REQUEST, terminal, verb, first, second, for_ms)
        reply = self._ask(protocol.FAULT, content)
        return RigFault(*_fields(protocol.FAULT_REPLY, reply.payload))

    def clear(self, handle: int = 0) -> int:
        """Number of faults ended."""
        reply = self._ask(protocol.CLEAR, struct.pack(protocol.CLEAR_REQUEST, handle))
        return int(_fields(protocol.FAULT_REPLY, reply.payload)[0])

    def status(self) -> dict[str, int]:
        """The rig's own counters by name."""
        reply = self._ask(protocol.STATUS, b"")
        numbers = _fields(protocol.STATUS_REPLY, reply.payload)
        return dict(zip(protocol.STATUS_NAMES, numbers, strict=True))

    def on_times_us(self) -> tuple[int, tuple[int, ...]]:
        """Rig time, and how long each output was on since boot, modulo 2**32."""
        now_us, *times = _fields(protocol.DUTY_REPLY, self._ask(protocol.DUTY, b"").payload)
        return now_us, tuple(times)

    def _ask(self, kind: int, payload: bytes, try_count: int = 0, is_probe: bool = False) -> Frame:
        try_count = try_count or self._try_count
        timeout_s = PROBE_S if is_probe else self._reply_timeout_s
        self._sequence = (self._sequence + 1) & 0xFFFF
        request = encode(kind, self._sequence, self.boot_id, payload)
        first_sent_s = self._clock()  # the rig did it between here and the reply, maybe long ago
        for attempt in range(try_count):
            self.counts.request_count += 1
            self.counts.resend_count += attempt > 0
            sent_s = self._clock()
            self._port.write(request)
            reply = self._reply(sent_s + timeout_s)
            if reply is not None:
                self.sent_s, self.received_s = first_sent_s, self._clock()
                return self._checked(kind, reply)
        self.counts.lost_count += 1
        raise RigLostError(
            f"the rig did not answer {try_count} times; check line, baud rate and power"
        )

    def _reply(self, until_s: float) -> Frame | None:
        """The reply with the number asked for; None when it did not come in time."""
        while (left_s := until_s - self._clock()) > 0:
            for event in self._decoder.feed(self._port.read(left_s)):
                if isinstance(event, str):
                    self.counts.errors[event] = self.counts.errors.get(event, 0) + 1
                elif event.sequence == self._sequence:
                    return event
                else:
                    self.counts.stale_count += 1
        return None

    def _checked(self, kind: int, reply: Frame) -> Frame:
        if self.boot_id and reply.boot_id != self.boot_id:
            raise RigResetError("the rig has restarted; arm it again and repeat the run")
        if reply.kind == protocol.NAK and len(reply.payload) == 1:
            number = reply.payload[0]
            known = number < len(protocol.REASONS)
            raise RigRefusedError(
                f"request {kind}", protocol.REASONS[number] if known else "unknown reason"
            )
        if reply.kind != kind | protocol.REPLY:
            raise RigLostError("the rig answered another question; is its firmware this one?")
        return reply


def _fields(form: str, payload: bytes) -> tuple[Any, ...]:
    if len(payload) != struct.calcsize(form):
        raise RigLostError("the rig's answer has another length; is its firmware this one?")
    return struct.unpack(form, payload)
