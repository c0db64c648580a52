"""One tick's Modbus traffic three ways: our station, a bare pymodbus client, a plain socket.

All ask the same modules of the same server: a batched read of every module, then a batched
write of every module with outputs. Only our station decodes what it read into a frame.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from typing import Protocol

import msgspec
from pymodbus.client import AsyncModbusTcpClient

from controller.config.model import Station
from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.profile import load_profile
from controller.fieldbus.settings import Device, Link
from controller.kernel import PRESS
from controller.ports import Tick
from tools.bench.scene import demo_kernel

_READ_INPUT, _WRITE_MULTIPLE = 4, 16
_HEADER = struct.Struct(">HHHBBHH")  # MBAP header, function code, address, count
_MBAP_SIZE, _LENGTH_AT = 6, 4
_PATIENCE = Link(sense_budget_ms=2000.0, actuate_budget_ms=2000.0)


class Master(Protocol):
    """A contestant: one read of the analogue module, or the traffic of a whole tick."""

    async def open(self) -> None: ...

    async def read(self) -> None: ...

    async def tick(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Registers:
    """A block of one module: what a batched request is about."""

    unit_id: int
    address: int
    count: int


def blocks(devices: list[Device]) -> tuple[list[Registers], list[Registers]]:
    """What a tick reads and what it writes, by the modules' profiles."""
    reads, writes = [], []
    for device in devices:
        profile = load_profile(device.profile).profile
        reads.append(Registers(device.unit_id, profile.sense.address, profile.sense.count))
        if profile.actuate:
            block = profile.actuate
            writes.append(Registers(device.unit_id, block.address, block.count))
    return reads, writes


class OurMaster:
    """controller.fieldbus as the loop uses it."""

    def __init__(self, station: Station, devices: list[Device]) -> None:
        self._whole = _station(station, devices)
        self._analogue = _station(station, devices[:1])
        kernel = demo_kernel()
        self._frame, self._output = kernel.sensor, kernel.output
        self._index = 0

    async def open(self) -> None:
        await self._whole.open()
        await self._analogue.open()

    async def read(self) -> None:
        await self._analogue.sense(self._beat(), self._frame)

    async def tick(self) -> None:
        tick = self._beat()
        await self._whole.sense(tick, self._frame)
        await self._whole.actuate(tick, self._output)

    def answered(self) -> bool:
        """Whether the last frame held answers, and not the quick emptiness of a dead wire."""
        return all(self._frame.reading_ok[i] for i in range(len(self._frame.reading_ok)))

    async def close(self) -> None:
        await self._whole.close()
        await self._analogue.close()

    def _beat(self) -> Tick:
        self._index += 1
        return Tick(self._index, time.monotonic(), time.time_ns())


def _station(station: Station, devices: list[Device]) -> ModbusStation:
    names = {device.name for device in devices}
    wiring = {s: at for s, at in station.wiring.items() if at.split(".")[0] in names}
    elsewhere = (set(station.wiring) - set(wiring)) | (
        set(PRESS.names.channels) - set(station.channel)
    )
    return ModbusStation(
        devices, wiring, _PATIENCE, PRESS.names, time.monotonic, not_fitted=elsewhere
    )


class PymodbusMaster:
    """AsyncModbusTcpClient as its documentation shows it."""

    def __init__(self, host: str, port: int, devices: list[Device]) -> None:
        self._host, self._port = host, port
        self._reads, self._writes = blocks(devices)

    async def open(self) -> None:
        self._client = AsyncModbusTcpClient(self._host, port=self._port, timeout=2, retries=0)
        if not await self._client.connect():
            raise ConnectionError("pymodbus did not connect")

    async def read(self) -> None:
        await self._read(self._reads[0])

    async def tick(self) -> None:
        for block in self._reads:
            await self._read(block)
        for block in self._writes:
            await self._client.write_registers(
                block.address, [0] * block.count, device_id=block.unit_id
            )

    async def _read(self, block: Registers) -> None:
        reply = await self._client.read_input_registers(
            block.address, count=block.count, device_id=block.unit_id
        )
        if len(reply.registers) != block.count:
            raise ConnectionError(f"no answer to {block}")

    async def close(self) -> None:
        self._client.close()


class SocketMaster:
    """The least Python can do: a blocking socket and ready-made requests. Checks nothing."""

    def __init__(self, host: str, port: int, devices: list[Device]) -> None:
        self._socket = socket.create_connection((host, port), timeout=2)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reads, writes = blocks(devices)
        self._requests = [_read_request(block) for block in reads]
        self._requests += [_write_request(block) for block in writes]

    async def open(self) -> None:
        """Connected since it was made."""

    async def read(self) -> None:
        self._exchange(self._requests[0])

    async def tick(self) -> None:
        for request in self._requests:
            self._exchange(request)

    def _exchange(self, request: bytes) -> None:
        self._socket.sendall(request)
        reply = self._socket.recv(1024)
        while len(reply) < _MBAP_SIZE + int.from_bytes(reply[_LENGTH_AT:_MBAP_SIZE], "big"):
            more = self._socket.recv(1024)
            if not more:
                raise ConnectionError("the server closed the connection")
            reply += more

    async def close(self) -> None:
        self._socket.close()


def _read_request(block: Registers) -> bytes:
    return _HEADER.pack(1, 0, 6, block.unit_id, _READ_INPUT, block.address, block.count)


def _write_request(block: Registers) -> bytes:
    size = 2 * block.count
    head = _HEADER.pack(1, 0, 7 + size, block.unit_id, _WRITE_MULTIPLE, block.address, block.count)
    return head + bytes([size]) + bytes(size)


def devices_at(station: Station, host: str, port: int) -> list[Device]:
    """The station's devices at another address, the one with the channels first."""
    found = [msgspec.structs.replace(each, host=host, port=port) for each in station.device]
    first = next(iter(station.channel))
    name = station.wiring[first].split(".")[0]
    return sorted(found, key=lambda device: device.name != name)
