"""The station's ear on a real broker: requests in, answers out, and nobody disturbed by either."""

from __future__ import annotations

import asyncio

import aiomqtt
import pytest
from structlog.testing import capture_logs
from telemetry_bench import ROOT, listening, make_plane, running, until

from controller.telemetry.broker import Broker, free_port
from controller.telemetry.caller import CallError, call
from controller.telemetry.link import RefusedError
from controller.telemetry.listening import Listening
from controller.telemetry.settings import Mqtt, UnsPath
from controller.telemetry.topics import Topics

REQUEST = f"{ROOT}/command/request"
PATH = UnsPath(*ROOT.split("/"))


def publisher(port: int) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_request_is_heard_and_its_answer_published(broker: Broker, protocol: str) -> None:
    plane = make_plane(broker.port, protocol=protocol)
    heard_here: list[tuple[bytes, bool]] = []

    def hear(payload: bytes, retained: bool) -> None:
        heard_here.append((payload, retained))
        plane.answer(b'{"id": "a", "result": "accepted"}')

    plane.listen(hear)
    async with listening(broker.port) as heard, running(plane):
        await heard.until(lambda h: bool(h.of("state/station")))
        settings = Mqtt(port=broker.port, protocol=protocol)
        answer = await call(settings, PATH, b'{"id": "a"}', "a", password=None, wait_s=8.0)
        await heard.until(lambda h: bool(h.of("command/answer")))
    assert answer["result"] == "accepted"
    assert heard_here == [(b'{"id": "a"}', False)]
    assert [(retain, qos) for t, _, retain, qos in heard.messages if t.endswith("answer")] == [
        (False, 1)
    ]


async def test_one_that_is_retained_is_known_as_such_now_and_later(broker: Broker) -> None:
    first, later = make_plane(broker.port), make_plane(broker.port, client_id="later")
    told: dict[str, list[bool]] = {"first": [], "later": []}
    first.listen(lambda _, retained: told["first"].append(retained))
    later.listen(lambda _, retained: told["later"].append(retained))
    async with publisher(broker.port) as client:
        async with running(first):
            await until(lambda: first.online)
            while not told["first"]:  # it may not be subscribed yet
                await client.publish(REQUEST, b"{}", 1, retain=True)
                await asyncio.sleep(0.05)
        try:
            async with running(later):
                await until(lambda: bool(told["later"]))
        finally:
            await client.publish(REQUEST, b"", 1, retain=True)
    assert set(told["first"]) == {True}
    assert told["later"] == [True]


async def test_nobody_hears_where_nobody_listens(broker: Broker) -> None:
    plane = make_plane(broker.port)
    async with running(plane):
        await until(lambda: plane.online)
        with pytest.raises(CallError, match="no answer on"):
            await call(Mqtt(port=broker.port), PATH, b"{}", "a", password=None, wait_s=0.3)


async def test_without_a_broker_the_caller_says_which() -> None:
    port = free_port()
    with pytest.raises(CallError, match=f"127.0.0.1:{port}"):
        await call(Mqtt(port=port), PATH, b"{}", "a", password=None, wait_s=0.3)


async def test_a_huge_message_never_reaches_the_station(broker: Broker) -> None:
    plane = make_plane(broker.port)
    sizes: list[int] = []
    plane.listen(lambda payload, _: sizes.append(len(payload)))
    async with running(plane), publisher(broker.port) as client:
        await until(lambda: plane.online)
        while not sizes:
            await client.publish(REQUEST, b"small", 1)
            await asyncio.sleep(0.05)
        await client.publish(REQUEST, bytes(100_000), 1)
        await client.publish(REQUEST, b"end", 1)
        await until(lambda: sizes[-1] == 3)
        assert plane.counters()["lost_count"] == 0
    assert max(sizes) == 5


class Refusing:
    """A connection whose broker lets nobody subscribe."""

    async def subscribe(self, topic: str, hear: object) -> None:
        raise RefusedError(f"{topic}: Not authorized")


async def test_a_broker_that_lets_nobody_subscribe_is_told_once_and_is_no_fault() -> None:
    ear = Listening(Topics(PATH))
    with capture_logs() as logs:
        await ear.begin(Refusing())  # nobody listens: it does not even ask
        ear.hear = lambda _, __: None
        await ear.begin(Refusing())
        await ear.begin(Refusing())
    (told,) = logs
    assert "check its access list" in told["event"]
    assert REQUEST in told["reason"]
