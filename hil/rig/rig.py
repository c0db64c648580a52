"""The rig: requests in, replies out, terminals driven, outputs captured. No hardware here.

Order of one loop of `main`: read the line, answer, look at the controller's outputs, watch
silence and stalls, drive the terminals if they changed. Silence is safe: until a host has
armed the rig and exchanges with it, every terminal is open and every switch off.
"""

import struct

from hil.rig import protocol
from hil.rig.capture import Capture
from hil.rig.electrical import code
from hil.rig.faults import Faults
from hil.rig.framing import Decoder, Frame, encode
from hil.rig.terminals import ANALOGUE, ANALOGUE_COUNT, OPEN_COUNTS, READINGS_FORMAT
from hil.rig.watch import Watch

ALL_OPEN = (1 << ANALOGUE_COUNT) - 1
SILENCE_MS = (20, 2000)
STALL_MS = (1, 2000)


class Refused(Exception):  # noqa: N818 (short on purpose: it costs flash)
    """Answered with this NAK reason."""

    def __init__(self, reason: int) -> None:
        super().__init__(protocol.REASONS[reason])
        self.reason = reason


class Identity:
    """What this rig is: told in HELLO, asked for in ARM."""

    def __init__(self, boot_id: int, board: str, firmware: bytes, header: bytes) -> None:
        self.boot_id = boot_id
        self.board = board
        self.firmware = firmware
        self.header = header


class Rig:
    """Everything is handed in: bytes, instants (us of rig time) and levels of the outputs.

    `inputs`, `open_mask` and `codes` are what the board is to drive; `changed` says when.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.decoder = Decoder()
        self.capture = Capture()
        self.watch = Watch()
        self.faults = Faults(identity.boot_id)
        self.armed = False
        self.inputs = 0
        self.open_mask = ALL_OPEN
        self.codes = [0] * ANALOGUE_COUNT
        self.changed = True
        self.cold_junction_c = 25.0
        self.collect_us_max = 0
        self.collect_count = 0
        self.heap_byte_count = 0
        self._readings = None  # type: tuple[int, ...] | None
        self._flags = 0
        self._sequence = -1
        self._kind = -1
        self._reply = b""
        self._frame_count = 0
        self._bad_frame_count = 0
        self._gap_count = 0
        self._repeat_count = 0
        self._nak_count = 0
        self._answers = {
            protocol.HELLO: self._hello,
            protocol.ARM: self._arm,
            protocol.EXCHANGE: self._exchange,
            protocol.FAULT: self._fault,
            protocol.CLEAR: self._clear,
            protocol.STATUS: self._status,
            protocol.DUTY: self._duty,
        }

    def receive(self, chunk: bytes, now_us: int) -> bytes:
        """The replies to what came over the line; broken frames are counted and not answered."""
        replies = b""
        for event in self.decoder.feed(chunk):
            if isinstance(event, str):
                self._bad_frame_count += 1
            else:
                replies += self._answer(event, now_us)
        return replies

    def tend(self, now_us: int) -> None:
        """Once a loop, after `receive`: silence, stalls, faults that end."""
        if self.watch.stalled(now_us):
            self._drop(protocol.STALLED)
        if self.watch.silent(now_us):
            self._drop(protocol.DROPPED)
        if self.faults.expire(now_us) and self.watch.driving:
            self._drive(now_us)

    def _drop(self, flag: int) -> None:
        self._flags |= flag
        self.inputs, self.open_mask, self.changed = 0, ALL_OPEN, True

    def _answer(self, frame: Frame, now_us: int) -> bytes:
        self._frame_count += 1
        if frame.sequence == self._sequence and frame.kind == self._kind:
            self._repeat_count += 1
            return self._reply
        if self._sequence >= 0 and frame.sequence != (self._sequence + 1) & 0xFFFF:
            self._gap_count += 1
        boot_id = self.identity.boot_id
        try:
            self._check(frame)
            kind, payload = frame.kind | protocol.REPLY, self._answers[frame.kind](frame, now_us)
        except Refused as refused:
            self._nak_count += 1
            kind, payload = protocol.NAK, bytes((refused.reason,))
        self._sequence, self._kind = frame.sequence, frame.kind
        self._reply = encode(kind, frame.sequence, boot_id, payload)
        return self._reply

    def _check(self, frame: Frame) -> None:
        if frame.kind not in self._answers:
            raise Refused(protocol.UNKNOWN_KIND)
        if frame.kind != protocol.HELLO and frame.boot_id != self.identity.boot_id:
            raise Refused(protocol.OTHER_BOOT)
        if frame.kind not in (protocol.HELLO, protocol.ARM, protocol.STATUS) and not self.armed:
            raise Refused(protocol.NOT_ARMED)

    def _hello(self, frame: Frame, now_us: int) -> bytes:
        (version,) = _fields(protocol.HELLO_REQUEST, frame.payload)
        if version != protocol.VERSION:
            raise Refused(protocol.WRONG_VERSION)
        identity = self.identity
        return struct.pack(
            protocol.HELLO_REPLY,
            protocol.VERSION,
            identity.firmware,
            identity.header,
            identity.board.encode(),
            now_us,
        )

    def _arm(self, frame: Frame, now_us: int) -> bytes:
        """A host that expects other firmware or another header is no host of this rig."""
        self.armed = False
        self._drop(0)
        firmware, header, silence_ms, stall_ms = _fields(protocol.ARM_REQUEST, frame.payload)
        if firmware != self.identity.firmware:
            raise Refused(protocol.WRONG_FIRMWARE)
        if header != self.identity.header:
            raise Refused(protocol.WRONG_HEADER)
        if not SILENCE_MS[0] <= silence_ms <= SILENCE_MS[1]:
            raise Refused(protocol.OUT_OF_BOUNDS)
        if not STALL_MS[0] <= stall_ms <= STALL_MS[1]:
            raise Refused(protocol.OUT_OF_BOUNDS)
        self.watch.arm(silence_ms, stall_ms)
        self.faults.clear(0)
        self._readings = None
        self.armed = True
        return struct.pack(protocol.TIME_REPLY, now_us)

    def _exchange(self, frame: Frame, now_us: int) -> bytes:
        """New readings for the terminals; the controller's outputs as they are now."""
        self._readings = _fields(READINGS_FORMAT, frame.payload)
        self.watch.renew(now_us)
        self._drive(now_us)
        edges = self.capture.take(protocol.EDGE_MAX)
        flags, self._flags = self._flags, 0
        if self.capture.lost_count:
            flags |= protocol.EDGES_LOST
        head = struct.pack(
            protocol.EXCHANGE_REPLY,
            now_us,
            self.capture.bits,
            self.capture.valve_mv,
            flags,
            len(edges),
        )
        for output, level, valve_mv, at_us in edges:
            age_us = min(max(now_us - at_us, 0), 0xFFFFFFFF)
            head += struct.pack(protocol.EDGE, output | level << 7, valve_mv, age_us)
        return head

    def _drive(self, now_us: int) -> None:
        """Readings, then faults, then converter codes."""
        readings = self._readings
        if readings is None:
            return
        counts = [
            None if readings[n + 1] == OPEN_COUNTS[n] else readings[n + 1]
            for n in range(ANALOGUE_COUNT)
        ]
        self.inputs = self.faults.apply(counts, readings[0], now_us)
        open_mask = 0
        for number in range(ANALOGUE_COUNT):
            count = counts[number]
            if count is None:
                open_mask |= 1 << number
            else:
                self.codes[number] = code(ANALOGUE[number][1], count, self.cold_junction_c)
        self.open_mask = open_mask
        self.changed = True

    def _fault(self, frame: Frame, now_us: int) -> bytes:
        terminal, verb, first, second, for_ms = _fields(protocol.FAULT_REQUEST, frame.payload)
        handle = self.faults.inject(terminal, verb, first, second, for_ms * 1000, now_us)
        if handle < 0:
            raise Refused(-1 - handle)
        if self.watch.driving:
            self._drive(now_us)
        return struct.pack(protocol.FAULT_REPLY, handle, now_us)

    def _clear(self, frame: Frame, now_us: int) -> bytes:
        (handle,) = _fields(protocol.CLEAR_REQUEST, frame.payload)
        count = self.faults.clear(handle)
        if handle and not count:
            raise Refused(protocol.NO_FAULT)
        if self.watch.driving:
            self._drive(now_us)
        return struct.pack(protocol.FAULT_REPLY, count, now_us)

    def _status(self, frame: Frame, now_us: int) -> bytes:
        watch = self.watch
        return protocol.pack_status(
            [
                self._frame_count,
                self._bad_frame_count,
                self._gap_count,
                self._repeat_count,
                self._nak_count,
                watch.silence_count,
                watch.silence_us,
                watch.stall_count,
                watch.loop_us_max,
                self.collect_us_max,
                self.collect_count,
                self.heap_byte_count,
                self.capture.lost_count,
            ]
        )

    def _duty(self, frame: Frame, now_us: int) -> bytes:
        return struct.pack(protocol.DUTY_REPLY, now_us, *self.capture.on_us(now_us))


def _fields(form: str, payload: bytes) -> "tuple":  # type: ignore[type-arg]
    if len(payload) != struct.calcsize(form):
        raise Refused(protocol.BAD_PAYLOAD)
    return struct.unpack(form, payload)
