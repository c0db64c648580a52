"""Faults behind the Modbus face, with the eyes of a plain client on a real socket."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from faults_bench import PRESSURE, ZONE, bits

from hil import read_machine
from hil.devices.delivery import WAITING_MAX, Sender
from hil.devices.machine_server import MachineServer
from hil.faults import Fault, FaultError
from hil.faults.modules import Delivery

AI, AO, DIO = 1, 2, 3
SENSE = struct.pack(">BHH", 4, 0x0100, 7)


class Client:
    """One request at a time, raw frames out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.transaction = 0

    def put(self, unit: int, pdu: bytes) -> None:
        self.transaction += 1
        self.writer.write(struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu)

    async def frame(self, within_s: float = 2.0) -> tuple[int, int, bytes]:
        async with asyncio.timeout(within_s):
            head = await self.reader.readexactly(7)
            transaction, _, length, unit = struct.unpack(">HHHB", head)
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        self.put(unit, pdu)
        transaction, found, reply = await self.frame()
        assert (transaction, found) == (self.transaction, unit)
        return reply

    async def read(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        reply = await self.ask(unit, struct.pack(">BHH", 4, address, count))
        return struct.unpack(f">{count}H", reply[2:])

    async def write(self, unit: int, address: int, *words: int) -> bytes:
        count = len(words)
        head = struct.pack(">BHHB", 16, address, count, 2 * count)
        return await self.ask(unit, head + struct.pack(f">{count}H", *words))


@asynccontextmanager
async def served() -> AsyncIterator[tuple[MachineServer, Client]]:
    server = MachineServer(read_machine("press-500kN"), time.monotonic, seed=1, lockstep=True)
    await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield server, Client(reader, writer)
    finally:
        writer.close()
        await server.stop()


def wrong(device: str, answer: str, **parameters: float) -> Fault:
    return Fault(point=f"io.{device}", verb="wrong", parameters={"answer": answer, **parameters})


async def test_a_point_fault_is_in_the_registers_and_marked_there() -> None:
    async with served() as (server, client):
        server.bench.inject(Fault(point=ZONE, verb="open"))
        server.bench.inject(Fault(point=PRESSURE, verb="stuck", parameters={"to_ma": 3.2}))
        words = await client.read(AI, 0x0100, 33)
        assert words[5] == 32_767
        assert words[16] == 3200
        assert words[3] == 1, "channel 1 has a fault, a low current is no fault of the module"
        server.bench.clear()
        words = await client.read(AI, 0x0100, 33)
        assert words[5] < 3000
        assert words[3] == 0


@pytest.mark.parametrize("verb", ["off", "open"])
async def test_a_dead_module_is_silent_and_its_neighbours_are_not(verb: str) -> None:
    async with served() as (server, client):
        server.bench.inject(Fault(point="io.ai", verb=verb))
        client.put(AI, SENSE)
        with pytest.raises(TimeoutError):
            await client.frame(0.05)
        assert len(await client.read(DIO, 0x0100, 7)) == 7
        server.bench.clear()
        boots = (await client.read(AI, 0x0101, 1))[0]
        assert boots == (2 if verb == "off" else 1)


async def test_outputs_of_a_dead_module_fall_after_the_lease_of_the_machines_time() -> None:
    async with served() as (server, client):
        await client.write(DIO, 0x0000, 200)
        for _ in range(10):
            await client.write(DIO, 0x0100, bits("contactor_top", "heater_1_ssr"), 1)
        assert server.plant.truth()["heater_1_power_w"] > 0.0
        server.bench.inject(Fault(point="io.dio", verb="open"))
        began_s = server.plant.time_s
        while server.plant.truth()["heater_1_power_w"] > 0.0:
            client.put(DIO, struct.pack(">BHHBHH", 16, 0x0100, 2, 4, 0x0041, 1))
            await asyncio.sleep(0.001)
            assert server.plant.time_s - began_s < 0.4
        assert 0.19 < server.plant.time_s - began_s < 0.25
        server.bench.clear()
        assert (await client.read(DIO, 0x0103, 1))[0] == 1


async def test_lockstep_time_goes_on_when_a_dead_module_keeps_its_host_silent() -> None:
    async with served() as (server, client):
        server.bench.inject(Fault(point="io.dio", verb="open"), for_s=0.1)
        over = asyncio.Event()
        server.bench.listeners.append(over.set)
        async with asyncio.timeout(5.0):
            await over.wait()
        assert server.bench.active() == ()
        assert len(await client.read(DIO, 0x0100, 7)) == 7


async def test_a_hung_module_answers_what_it_knew_and_applies_nothing() -> None:
    async with served() as (server, client):
        await client.write(AO, 0x0100, 3000, 0, 0, 0, 1)
        await client.write(DIO, 0x0100, bits("contactor_top"), 1)
        server.bench.inject(Fault(point="io.ao", verb="stuck"))
        await client.write(AO, 0x0100, 9000, 0, 0, 0, 2)
        await client.write(DIO, 0x0100, bits("contactor_top"), 2)
        assert (await client.read(AO, 0x0105, 1))[0] == 3000
        samples = [(await client.read(AO, 0x0102, 1))[0] for _ in range(2)]
        assert samples[0] == samples[1]
        server.bench.clear()
        await client.write(AO, 0x0100, 9000, 0, 0, 0, 3)
        assert (await client.read(AO, 0x0105, 1))[0] == 9000


@pytest.mark.parametrize("code", [2, 3, 4, 6])
async def test_exceptions_are_answered_and_nothing_is_written(code: int) -> None:
    async with served() as (server, client):
        server.bench.inject(wrong("ao", "exception", code=code))
        assert await client.write(AO, 0x0100, 3000, 0, 0, 0, 1) == bytes((0x90, code))
        assert await client.ask(AO, SENSE) == bytes((0x84, code))
        server.bench.clear()
        assert (await client.read(AO, 0x0105, 1))[0] == 0


async def test_damaged_frames() -> None:
    async with served() as (server, client):
        whole = await client.ask(DIO, SENSE)

        async def damaged(answer: str) -> tuple[int, int, bytes]:
            server.bench.clear()
            server.bench.inject(wrong("dio", answer))
            client.put(DIO, SENSE)
            return await client.frame()

        assert (await damaged("transaction_id"))[0] == client.transaction + 1
        assert (await damaged("unit_id"))[1] == DIO ^ 0x40
        assert (await damaged("function"))[2][0] == 6
        assert len((await damaged("length"))[2]) == len(whole) - 2
        assert len((await damaged("split"))[2]) == len(whole)
        first = await damaged("duplicate")
        assert await client.frame() == first
        counted = struct.unpack(">H", (await damaged("sample_count"))[2][6:8])[0]
        assert counted > 0x8000, "it runs backwards"


async def test_merged_answers_come_with_the_next() -> None:
    async with served() as (server, client):
        server.bench.inject(wrong("dio", "merged"))
        client.put(DIO, SENSE)
        with pytest.raises(TimeoutError):
            await client.frame(0.05)
        client.put(DIO, SENSE)
        assert [(await client.frame())[0] for _ in range(2)] == [1, 2]


async def test_a_reset_ends_in_the_middle_of_a_frame() -> None:
    async with served() as (server, client):
        server.bench.inject(wrong("dio", "reset"))
        client.put(DIO, SENSE)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.frame()


async def test_late_and_slow_answers_take_the_time_they_are_told_to() -> None:
    async with served() as (server, client):
        server.bench.inject(Fault(point="io.dio", verb="delayed", parameters={"delay_s": 0.1}))
        begun_s = time.monotonic()
        await client.ask(DIO, SENSE)
        assert 0.09 < time.monotonic() - begun_s < 1.0
        server.bench.clear()
        server.bench.inject(Fault(point="io.dio", verb="slow", parameters={"byte_s": 0.01}))
        begun_s = time.monotonic()
        await client.ask(DIO, SENSE)
        assert 0.2 < time.monotonic() - begun_s < 2.0


async def test_another_module_and_a_restart_show_in_identity_and_boot_count() -> None:
    async with served() as (server, client):
        identity = await client.read(DIO, 0x0000, 5)
        server.bench.inject(wrong("dio", "identity"))
        other = await client.read(DIO, 0x0000, 5)
        assert other[0] == identity[0]
        assert other[1] != identity[1]
        server.bench.clear()
        boots = (await client.read(DIO, 0x0101, 1))[0]
        server.bench.inject(wrong("dio", "restart"))
        assert (await client.read(DIO, 0x0101, 1))[0] == boots + 1


async def test_a_second_masters_write_shows_in_the_read_back() -> None:
    async with served() as (server, client):
        server.bench.inject(wrong("dio", "foreign_write"))
        await client.write(DIO, 0x0100, 0x0040, 1)
        assert (await client.read(DIO, 0x0106, 1))[0] == 0x0041


async def test_garbage_is_as_long_as_the_truth() -> None:
    async with served() as (server, client):
        server.bench.inject(Fault(point="io.ai", verb="garbage"))
        first = await client.read(AI, 0x0100, 33)
        second = await client.read(AI, 0x0100, 33)
        assert first != second


async def test_what_counts_cannot_carry_and_lines_that_are_not_there_are_refused() -> None:
    async with served() as (server, _):
        for fault, told in (
            (Fault(point=ZONE, verb="garbage", parameters={"form": "nan"}), "carries counts only"),
            (Fault(point="line", verb="short"), "no serial line"),
        ):
            with pytest.raises(FaultError, match=told):
                server.bench.inject(fault)


async def test_what_waits_to_be_sent_is_bounded() -> None:
    sender = Sender(lambda part: None, lambda: None)
    late = Delivery(b"\x04\x02\x00\x00", delay_s=60.0)
    for _ in range(WAITING_MAX + 10):
        sender.send(1, 1, late)
    assert sender.dropped_count == 10
    sender.close()


async def test_a_connection_that_ends_takes_its_late_answers_along() -> None:
    async with served() as (server, _):
        server.bench.inject(Fault(point="io.dio", verb="delayed", parameters={"delay_s": 0.05}))
        with socket.create_connection(("127.0.0.1", server.port)) as gone:
            gone.sendall(struct.pack(">HHHB", 1, 0, 6, DIO) + SENSE)
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        server.bench.clear()
