"""The server with other people's clients, and with people who mean no good."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from devices_bench import AI, AO, DIO, SIGNALS, WIRING, Clock, TapePlant, modules
from pymodbus.client import AsyncModbusTcpClient

from hil.devices.face import Face
from hil.devices.modbus_tcp import ModbusServer
from hil.devices.pacing import Lockstep


class Bench:
    def __init__(self) -> None:
        self.plant = TapePlant()
        modules_ = modules(Clock())
        Lockstep(Face(modules_, WIRING, SIGNALS, self.plant))
        self.server = ModbusServer(modules_)
        self.port = 0


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    running = Bench()
    _, running.port = await running.server.start("127.0.0.1", 0)
    yield running
    await running.server.stop()


async def test_a_stock_pymodbus_client_agrees(bench: Bench) -> None:
    async with AsyncModbusTcpClient("127.0.0.1", port=bench.port, retries=0) as client:
        identity = await client.read_input_registers(0, count=3, device_id=DIO)
        assert identity.registers == [0x4850, 0x0D16, 1]
        sense = await client.read_input_registers(0x0100, count=33, device_id=AI)
        assert sense.registers[6] == 2150
        written = await client.write_registers(0x0100, [0x0101, 7], device_id=DIO)
        assert not written.isError()
        assert bench.plant.tape == [(3, 0.0)]
        outputs = await client.read_holding_registers(0x0100, count=2, device_id=DIO)
        assert outputs.registers == [0x0101, 7]
        single = await client.write_register(0x0102, 5000, device_id=AO)
        assert not single.isError()
        both = await client.readwrite_registers(
            read_address=0x0100, read_count=1, address=0x0100, values=[1], device_id=DIO
        )
        assert both.registers == [1]
        assert bench.plant.tape[-1] == (1, 0.5)
        beyond = await client.read_input_registers(0x0200, count=1, device_id=AI)
        assert beyond.exception_code == 2
        nobody = await client.read_input_registers(0, count=1, device_id=77)
        assert nobody.exception_code == 11
        coils = await client.read_coils(0, count=1, device_id=DIO)
        assert coils.exception_code == 1


def read_request(transaction: int, unit: int = AI) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, 4, 0x0100, 33)


async def test_requests_in_one_segment_are_all_answered_in_order(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    writer.write(b"".join(read_request(n, 1 + n % 3) for n in range(200)))
    for n in range(200):
        transaction, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
        await reader.readexactly(length - 1)
        assert (transaction, unit) == (n, 1 + n % 3)
    writer.close()


async def test_a_peer_that_never_reads_is_not_read_from_either(bench: Bench) -> None:
    """Its replies would otherwise pile up here."""
    _, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    request = read_request(1) * 2000
    sent = 0

    async def ask_on() -> None:
        nonlocal sent
        while True:
            writer.write(request)
            await writer.drain()
            sent += len(request)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask_on(), 1.0)
    assert sent < 64 * 1024 * 1024
    (theirs,) = bench.server.connections
    # One received chunk (256 KiB of requests) may be answered before the brake bites.
    assert theirs.get_write_buffer_size() < 4 * 1024 * 1024
    writer.transport.abort()


async def test_garbage_ends_its_own_connection_and_no_other(bench: Bench) -> None:
    good_reader, good = await asyncio.open_connection("127.0.0.1", bench.port)
    reader, bad = await asyncio.open_connection("127.0.0.1", bench.port)
    bad.write(b"GET / HTTP/1.1\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert bench.server.framing_fault_count == 1
    good.write(read_request(9))
    assert (await good_reader.readexactly(2)) == b"\0\x09"
    good.close()
    bad.close()


async def test_connections_beyond_the_limit_are_closed_at_once(bench: Bench) -> None:
    peers = [await asyncio.open_connection("127.0.0.1", bench.port) for _ in range(20)]
    for _ in range(200):
        if bench.server.refused_connection_count == 4:
            break
        await asyncio.sleep(0.005)
    assert bench.server.refused_connection_count == 4
    assert len(bench.server.connections) == 16
    peers[0][1].write(read_request(3))
    assert (await peers[0][0].readexactly(2)) == b"\0\x03"
    for _, writer in peers:
        writer.transport.abort()


async def test_an_occupied_port_is_an_error_of_start() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(OSError, match="address already in use"):
            await ModbusServer([]).start("127.0.0.1", held.getsockname()[1])
