"""Modbus TCP framing and the server: one port, several unit ids (MODBUS Messaging on TCP/IP V1.0b).

Bounded on every side: at most 260 bytes wait for the rest of a frame, a peer that does not
read its replies is not read from, and connections beyond the limit are closed at once.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import cast

from hil.devices.delivery import Sender, reply_frame
from hil.devices.module import Module
from hil.devices.pdu import respond
from hil.faults.modules import ModuleFaults

_MBAP = struct.Struct(">HHHB")
_LENGTH_MAX = 254  # unit id and a PDU of at most 253 bytes
_GATEWAY_TARGET_SILENT = 11
_CONNECTIONS_MAX = 16


class FramingError(ValueError):
    """Not Modbus TCP: the stream cannot be trusted any more."""


class Framer:
    """Bytes in, (transaction id, unit id, PDU) out, in any split. Raises FramingError."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[tuple[int, int, bytes]]:
        stream = self._rest + chunk if self._rest else chunk
        frames, at = [], 0
        while len(stream) - at > _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(stream, at)
            if protocol != 0 or not 2 <= length <= _LENGTH_MAX:
                raise FramingError(f"protocol {protocol}, length {length}")
            end = at + 6 + length
            if len(stream) < end:
                break
            frames.append((transaction, unit, stream[at + 7 : end]))
            at = end
        self._rest = stream[at:]
        return frames


class ModbusServer:
    """Modules by unit id behind one listening socket."""

    def __init__(self, modules: Iterable[Module], faults: ModuleFaults | None = None) -> None:
        self._modules = {module.unit_id: module for module in modules}
        self._faults = faults
        self._server: asyncio.Server | None = None
        self.connections: set[asyncio.Transport] = set()
        self.refused_connection_count = 0
        self.framing_fault_count = 0

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address in use. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self.connections):
            transport.abort()
        await asyncio.sleep(0)

    def answer(self, unit: int, pdu: bytes) -> bytes:
        module = self._modules.get(unit)
        if module is None:
            return bytes((pdu[0] | 0x80, _GATEWAY_TARGET_SILENT))
        return respond(pdu, module.inputs, module.holding)

    def exchange(self, sender: Sender, transaction: int, unit: int, pdu: bytes) -> None:
        """Answer a request whose module has a fault, in whatever form it leaves."""
        module = self._modules.get(unit)
        if self._faults is None or module is None:
            return
        delivery = self._faults.answer(module, pdu)
        if delivery is not None:
            sender.send(transaction, unit, delivery)

    def is_faulty(self, unit: int) -> bool:
        """Is there a fault between this unit's requests and its answers."""
        faults = self._faults
        return faults is not None and faults.acting and unit in self._modules


class _Connection(asyncio.Protocol):
    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], None] = lambda data: None
        self._sender: Sender | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)
        if len(self._server.connections) >= _CONNECTIONS_MAX:
            self._server.refused_connection_count += 1
            stream.abort()
            return
        self._transport = stream
        self._write = stream.write
        self._sender = Sender(stream.write, stream.abort)
        self._server.connections.add(stream)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except FramingError:
            self._server.framing_fault_count += 1
            if self._transport is not None:
                self._transport.abort()
            return
        for transaction, unit, pdu in frames:
            if self._sender is not None and self._server.is_faulty(unit):
                self._server.exchange(self._sender, transaction, unit, pdu)
                continue
            self._write(reply_frame(transaction, unit, self._server.answer(unit, pdu)))

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sender is not None:
            self._sender.close()
        if self._transport is not None:
            self._server.connections.discard(self._transport)
