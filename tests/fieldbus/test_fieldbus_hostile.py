"""A peer that answers wrongly, late, in pieces or for ever (fault catalogue F01 .. F12).

The same is asked of every case: no exception in the loop, no wrong value believed, the tick
over in time, memory bounded, the fault counted, and good frames again once the peer is good.
"""

import asyncio
import contextlib
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest
import uvloop
from fieldbus_bench import Frame, Machine, machine, now_tick, station, until
from msgspec import structs

from controller.fieldbus.settings import Link
from controller.ports import StationError

RESET = object()
Step = bytes | float | object
Behaviour = Callable[[bytes, bytes], Iterator[Step]]
LINK = Link(sense_budget_ms=80, actuate_budget_ms=80, reconnect_s_max=0.05, open_s_max=0.3)


pytestmark = pytest.mark.filterwarnings("ignore:Overriding the:DeprecationWarning")
LOOPS = {"asyncio": asyncio.DefaultEventLoopPolicy, "uvloop": uvloop.EventLoopPolicy}


@pytest.fixture(params=LOOPS)
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    """Every case on both event loops: their transports lose connections differently."""
    policy: asyncio.AbstractEventLoopPolicy = LOOPS[request.param]()
    return policy


class Proxy:
    """The real machine behind a mouth that can be made to lie: bytes, pauses in s, RESET."""

    def __init__(self, press: Machine) -> None:
        self.press = press
        self.behaviour: Behaviour | None = None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readexactly(7)
                request = head + await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                answer = self.press.server.answer(request[6], request[7:])
                reply = request[:4] + (len(answer) + 1).to_bytes(2, "big") + request[6:7] + answer
                for step in self.behaviour(request, reply) if self.behaviour else (reply,):
                    await self._do(step, writer)
        writer.close()

    async def _do(self, step: Step, writer: asyncio.StreamWriter) -> None:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        else:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            raise ConnectionResetError


def is_read(request: bytes) -> bool:
    return request[7] == 4 and request[8:10] == b"\x01\x00"


def on_reads(*make: Callable[[bytes], Step]) -> Behaviour:
    """Lie about the batched reads only, so that greetings pass."""

    def behave(request: bytes, reply: bytes) -> Iterator[Step]:
        if not is_read(request):
            yield reply
            return
        for step in make:
            yield step(reply)

    return behave


def tid(reply: bytes, number: int) -> bytes:
    return number.to_bytes(2, "big") + reply[2:]


def refusal(reply: bytes, code: int) -> bytes:
    return reply[:4] + b"\0\3" + reply[6:7] + bytes((reply[7] | 0x80, code))


def slow_loris(reply: bytes) -> Iterator[Step]:
    for i in range(len(reply)):
        yield reply[i : i + 1]
        yield 1.0


def garbage_for_ever(request: bytes, reply: bytes) -> Iterator[Step]:
    while True:
        yield bytes(range(256)) * 16
        yield 0.0


CASES: dict[str, tuple[Behaviour, str]] = {
    "silence": (on_reads(), "timeout_count"),
    "late": (on_reads(lambda r: 0.2, lambda r: r), "timeout_count"),
    "wrong transaction id": (on_reads(lambda r: tid(r, 0x7777)), "stale_reply_count"),
    "transaction id zero": (on_reads(lambda r: tid(r, 0)), "protocol_fault_count"),
    "wrong unit": (on_reads(lambda r: r[:6] + b"\x09" + r[7:]), "protocol_fault_count"),
    "wrong function": (on_reads(lambda r: r[:7] + b"\x03" + r[8:]), "protocol_fault_count"),
    "unknown function": (on_reads(lambda r: r[:7] + b"\x55" + r[8:]), "protocol_fault_count"),
    "write reply for a read": (
        on_reads(lambda r: r[:4] + b"\0\6" + r[6:7] + b"\x10\1\0\0\1"),
        "protocol_fault_count",
    ),
    "protocol id": (on_reads(lambda r: r[:2] + b"\0\1" + r[4:]), "protocol_fault_count"),
    "short frame": (on_reads(lambda r: r[:-5]), "timeout_count"),
    "fewer registers": (
        on_reads(lambda r: r[:4] + b"\0\5" + r[6:8] + b"\2\0\1"),
        "protocol_fault_count",
    ),
    "byte count lies": (on_reads(lambda r: r[:8] + b"\x02" + r[9:]), "protocol_fault_count"),
    "length field lies": (on_reads(lambda r: r[:4] + b"\xff\xff" + r[6:]), "protocol_fault_count"),
    "empty frame": (on_reads(lambda r: r[:4] + b"\0\2" + r[6:8]), "protocol_fault_count"),
    "illegal address": (on_reads(lambda r: refusal(r, 2)), "exception_reply_count"),
    "illegal value": (on_reads(lambda r: refusal(r, 3)), "exception_reply_count"),
    "device failure": (on_reads(lambda r: refusal(r, 4)), "exception_reply_count"),
    "device busy": (on_reads(lambda r: refusal(r, 6)), "exception_reply_count"),
    "reset mid frame": (on_reads(lambda r: r[:12], lambda r: RESET), "connection_lost_count"),
    "reset": (on_reads(lambda r: RESET), "connection_lost_count"),
    "slow loris": (lambda q, r: slow_loris(r), "timeout_count"),
    "garbage for ever": (garbage_for_ever, "timeout_count"),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_lying_peer_costs_a_bad_frame_and_no_more(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    behaviour, counter = CASES[name]
    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, LINK)
        await link.open()
        frame = Frame()
        await link.sense(now_tick(0), frame)
        assert all(frame.reading_ok)
        press.plant.readings[0] = 77.0  # what no late reply knows
        press.face.sample()
        proxy.behaviour = behaviour
        for index in range(1, 6):
            begun_s = time.monotonic()
            await link.sense(now_tick(index), frame)
            await link.actuate(now_tick(index), frame)
            assert time.monotonic() - begun_s < 1.0
            assert not any(frame.reading_ok)
            assert not frame.digital_ok
            assert frame.reading_age_s[0] > 0.0
            await asyncio.sleep(0.01)
        assert link.statistics()[counter] >= 1
        proxy.behaviour = None
        await recover(link, frame)
        assert frame.reading[0] == 77.0
        await link.close()
    assert capfd.readouterr().err == "", "faults are counted, not printed"


async def recover(link: object, frame: Frame) -> None:
    for index in range(10, 400):
        await link.sense(now_tick(index), frame)  # type: ignore[attr-defined]
        if all(frame.reading_ok) and frame.digital_ok:
            return
        await asyncio.sleep(0.01)
    pytest.fail("no good frame after the peer was good again")


async def test_a_duplicate_reply_is_dropped_and_the_link_stays() -> None:
    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, LINK)
        await link.open()
        frame = Frame()
        proxy.behaviour = lambda q, r: iter((r + r,))
        for index in range(3):
            press.plant.readings[0] = 30.0 + index
            press.face.sample()
            await link.sense(now_tick(index), frame)
            assert frame.reading[0] == 30.0 + index
            assert all(frame.reading_ok)
        assert link.statistics()["stale_reply_count"] >= 8
        assert link.statistics()["reconnect_count"] == 0
        await link.close()


async def test_replies_in_single_bytes_are_put_together() -> None:
    def in_bytes(request: bytes, reply: bytes) -> Iterator[Step]:
        for i in range(len(reply)):
            yield reply[i : i + 1]
            yield 0.0

    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, Link(sense_budget_ms=2000, actuate_budget_ms=2000))
        await link.open()
        frame = Frame()
        proxy.behaviour = in_bytes
        await link.sense(now_tick(0), frame)
        assert all(frame.reading_ok)
        assert link.statistics()["protocol_fault_count"] == 0
        await link.close()


async def test_a_reply_after_the_timeout_never_becomes_the_next_ones() -> None:
    """F06: every reply comes 120 ms late, for requests given up after 80 ms."""
    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, LINK)
        await link.open()
        frame = Frame()
        proxy.behaviour = on_reads(lambda r: 0.12, lambda r: r)
        for index in range(8):
            press.plant.readings[0] = 40.0 + index
            press.face.sample()
            await link.sense(now_tick(index), frame)
            assert not frame.reading_ok[0]
            await asyncio.sleep(0.03)
        await link.close()


async def test_an_unapplied_write_shows_in_the_readback() -> None:
    """F12: the write is acknowledged, the outputs stay as they were."""

    def swallow(request: bytes, reply: bytes) -> Iterator[Step]:
        if request[7] == 16 and request[8:10] == b"\x01\x00":
            yield request[:4] + b"\0\6" + request[6:12]
        else:
            yield reply

    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, LINK)
        await link.open()
        frame = Frame()
        frame.digital_output_bits = 5
        answer = press.server.answer
        proxy.behaviour = swallow
        press.server.answer = (  # type: ignore[method-assign]
            lambda unit, pdu: b"\x90\x04" if pdu[0] == 16 else answer(unit, pdu)
        )
        await link.actuate(now_tick(6), frame)
        await link.sense(now_tick(7), frame)
        assert frame.readback_ok
        assert frame.digital_output_bits_readback == 0
        assert link.statistics()["echo_mismatch_count"] >= 1
        await link.close()


async def test_stale_frames_without_end_end_the_connection() -> None:
    def flood(request: bytes, reply: bytes) -> Iterator[Step]:
        for number in range(400):
            yield tid(reply, 60_000 + number % 100)
            yield 0.001

    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, LINK)
        await link.open()
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        proxy.behaviour = flood
        frame = Frame()
        for index in range(5):
            await link.sense(now_tick(index), frame)
            assert not any(frame.reading_ok)
        assert link.statistics()["protocol_fault_count"] >= 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 20_000
        await link.close()


async def test_a_peer_that_is_not_modbus_is_said_so_at_opening() -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(StationError, match=rf"127\.0\.0\.1:{port}.*not Modbus TCP"):
        await station(port, LINK).open()
    server.close()


async def test_a_peer_that_never_answers_is_given_up_in_time() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(StationError, match=r"no answer within 0\.3 s"):
        await station(port, LINK).open()
    server.close()


async def test_reconnection_backs_off_and_never_beyond_its_bound() -> None:
    press = Machine()
    await press.start()
    link = station(press.port, LINK)
    await link.open()
    frame = Frame()
    await press.stop()
    for index in range(20):
        await link.sense(now_tick(index), frame)
        assert not any(frame.reading_ok)
    returned = Machine()
    await returned.start(press.port)
    begun_s = time.monotonic()
    await recover(link, frame)
    assert time.monotonic() - begun_s < 3.0
    assert link.statistics()["reconnect_count"] == 1
    await link.close()
    await until(lambda: not returned.server.connections)
    assert not returned.server.connections
    await returned.stop()


async def test_an_answer_lost_while_coming_back_does_not_cost_the_time_of_an_opening() -> None:
    """F04: the reading and the first greeting after it stay away, then all is well again."""
    swallowed: list[bytes] = []

    def forgets_two(request: bytes, reply: bytes) -> Iterator[Step]:
        if len(swallowed) < 2:
            swallowed.append(request)
            return
        yield reply

    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, structs.replace(LINK, open_s_max=30.0))
        await link.open()
        frame = Frame()
        proxy.behaviour = forgets_two
        await link.sense(now_tick(0), frame)
        assert not any(frame.reading_ok)
        begun_s = time.monotonic()
        await recover(link, frame)
        assert time.monotonic() - begun_s < 10.0
        assert [is_read(request) for request in swallowed] == [True, False]
        await link.close()


async def test_a_cancelled_tick_leaves_a_wire_that_can_still_be_made_safe() -> None:
    """Ctrl-C while a reply is awaited: the all-off frame of the loop's end still arrives."""
    async with machine() as press, Proxy(press) as proxy:
        link = station(proxy.port, Link(sense_budget_ms=5000, actuate_budget_ms=2000))
        await link.open()
        frame = Frame()
        frame.digital_output_bits = 9
        await link.actuate(now_tick(0), frame)
        proxy.behaviour = on_reads(lambda r: 0.1, lambda r: r)
        sensing = asyncio.create_task(link.sense(now_tick(1), frame))
        await asyncio.sleep(0.03)
        sensing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sensing
        frame.digital_output_bits = 0
        await link.actuate(now_tick(1), frame)
        assert press.plant.commands[-1] == (0, 0.0)
        await link.close()
