"""Modbus RTU framing and server: several units on one line (MODBUS over Serial Line V1.02).

Bounded: at most one frame waits for its rest. After a frame that is not one, everything is
thrown away until the line has been silent, as a module with a receive timer does. A unit
that is not here says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from hil.devices.module import Module
from hil.devices.pdu import respond
from hil.devices.serial_end import TimedEnd, TimedWriter
from hil.devices.serial_line import Acting, SerialLine, crc16, damaged, sealed
from hil.faults.bench import Active
from hil.faults.modules import Delivery, ModuleFaults

_FRAME_BYTES_MAX = 256
_SILENCE_S_MIN = 0.002  # a pty hands bytes over in pieces; a receive timer of 2 ms is a slow one
# Whole length of a request: fixed, or overhead and where its byte count stands.
_FIXED = {3: 8, 4: 8, 6: 8}
_COUNTED = {16: (9, 6), 23: (13, 10)}


class RequestFramer:
    """Bytes in, (unit id, PDU) out, in any split. `silence` ends a frame of unknown length."""

    def __init__(self) -> None:
        self._heard = b""
        self._deaf = False
        self.fault_count = 0

    @property
    def held_bytes(self) -> int:
        return len(self._heard)

    def feed(self, piece: bytes) -> list[tuple[int, bytes]]:
        frames: list[tuple[int, bytes]] = []
        stream = b"" if self._deaf else self._heard + piece
        while stream:
            whole = _length(stream)
            if whole is None or len(stream) < whole <= _FRAME_BYTES_MAX:
                break
            if whole > _FRAME_BYTES_MAX or crc16(stream[: whole - 2]) != _seal(stream[:whole]):
                self._give_up()
                stream = b""
                break
            frames.append((stream[0], stream[1 : whole - 2]))
            stream = stream[whole:]
        if len(stream) > _FRAME_BYTES_MAX:
            self._give_up()
            stream = b""
        self._heard = stream
        return frames

    def silence(self) -> list[tuple[int, bytes]]:
        """The line was silent: what is there is a frame, or nothing."""
        heard, self._heard, self._deaf = self._heard, b"", False
        if not heard:
            return []
        if len(heard) < 4 or crc16(heard[:-2]) != _seal(heard):
            self.fault_count += 1
            return []
        return [(heard[0], heard[1:-2])]

    def _give_up(self) -> None:
        self.fault_count += 1
        self._deaf = True


def _length(stream: bytes) -> int | None:
    """None while it cannot be known."""
    if len(stream) < 2:
        return None
    if stream[1] in _FIXED:
        return _FIXED[stream[1]]
    overhead, at = _COUNTED.get(stream[1], (0, 0))
    if not overhead or len(stream) <= at:
        return None
    return overhead + stream[at]


def _seal(frame: bytes) -> int:
    return int.from_bytes(frame[-2:], "little")


class RtuServer:
    """Modules by unit id on one line; `line_faults` says what is wrong with it now.

    `now_s` is the time in which the rates of faults count.
    """

    def __init__(
        self,
        modules: Iterable[Module],
        faults: ModuleFaults | None = None,
        line_faults: Callable[[], Sequence[Acting]] = tuple,
        *,
        seed: int = 0,
        now_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._modules = {module.unit_id: module for module in modules}
        self._faults = faults
        self.line = SerialLine(seed, line_faults, now_s)
        self.framer = RequestFramer()
        self._writer: TimedWriter | None = None
        self._silence_s = _SILENCE_S_MIN
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, path: str, baud: int, *, paced: bool = False) -> str:
        """Open the line (`TimedEnd`); returns what a host opens. Raises OSError."""
        end = self._writer = TimedEnd(path, baud, self._received, paced=paced)
        self._silence_s = max(_SILENCE_S_MIN, 3.5 * 11 / baud)
        return end.name

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._writer is not None:
            self._writer.close()

    def say(self, piece: bytes) -> None:
        """Bytes on the line that nobody asked for."""
        if self._writer is not None:
            self._writer.send([(0.0, piece)])

    def answer(self, unit: int, pdu: bytes) -> Delivery | None:
        """None: nobody answers."""
        module = self._modules.get(unit)
        if module is None or not pdu:
            return None
        if self._faults is not None and self._faults.acting:
            return self._faults.answer(module, pdu)
        return Delivery(respond(pdu, module.inputs, module.holding))

    def _received(self, piece: bytes) -> None:
        if self._writer is not None:
            self._writer.heard(len(piece))
        self._serve(self.framer.feed(self.line.to_modules(piece)))
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._silence_s, self._silent)

    def _silent(self) -> None:
        self._timer = None
        self._serve(self.framer.silence())

    def _serve(self, requests: list[tuple[int, bytes]]) -> None:
        for unit, pdu in requests:
            delivery = self.answer(unit, pdu)
            if delivery is not None and self._writer is not None:
                request = sealed(bytes((unit,)) + pdu)
                self._writer.send(self._pieces(unit, delivery, request))

    def _pieces(self, unit: int, delivery: Delivery, request: bytes) -> list[tuple[float, bytes]]:
        """Harm done by the module first, then by the line."""
        frame = sealed(bytes((unit,)) + delivery.pdu)
        said = [(delivery.delay_s, frame)]
        if delivery.damage:
            said = damaged(self.line, delivery.damage, frame, request, delivery.delay_s)
        if delivery.byte_s > 0.0:
            said = [
                (delay_s + i * delivery.byte_s, piece[i : i + 1])
                for delay_s, piece in said
                for i in range(len(piece))
            ]
        return [
            (delay_s + later_s, part)
            for delay_s, piece in said
            if piece
            for later_s, part in self.line.to_host(piece, request)
        ]


class BenchFault:
    """A fault of the bench as the line asks for it."""

    def __init__(self, active: Active) -> None:
        self.handle = active.handle
        self.verb = active.fault.verb
        self._parameters = active.parameters

    def number(self, name: str) -> float:
        return float(self._parameters.get(name) or 0.0)

    def word(self, name: str) -> str:
        return str(self._parameters.get(name) or "")
