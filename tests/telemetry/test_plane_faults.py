"""A broker that is absent, slow, silent or lost: the tick does not notice, nothing is lost
beyond what is counted, and afterwards consumers see birth and current state again."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fault_proxy import proxied
from telemetry_bench import (
    Heard,
    Ticks,
    listening,
    make_event,
    make_plane,
    make_sample,
    running,
    ticking,
    until,
)

import controller
from controller.telemetry.broker import Broker, free_port, start_broker
from controller.telemetry.plane import JsonPlane

FAULT_S = 1.3


def numbers(heard: Heard, name: str) -> list[int]:
    return [body["seq"] for body in heard.of(name)]


async def until_taken(heard: Heard, plane: JsonPlane, ticks: Ticks) -> None:
    """Everything offered so far has been heard."""
    sample_count, event_count = plane.counters()["sample_count"], plane.counters()["event_count"]
    assert isinstance(sample_count, int)
    assert isinstance(event_count, int)
    await heard.until(
        lambda h: (
            max(numbers(h, "measurement/signals"), default=-1) >= sample_count - 1
            and max(numbers(h, "event/phase"), default=-1) >= event_count - 1
        )
    )
    assert ticks.count > 0


def assert_complete(heard: Heard, name: str) -> None:
    """Every number from 0 on, in order; one may come twice."""
    seen = numbers(heard, name)
    assert sorted(set(seen)) == list(range(max(seen) + 1))
    firsts = [n for i, n in enumerate(seen) if n not in seen[:i]]
    assert firsts == sorted(firsts)


async def test_a_broker_that_comes_late_gets_everything_that_waited() -> None:
    port = free_port()
    plane = make_plane(port)
    async with ticking(plane) as ticks:
        await asyncio.sleep(0.5)
        assert not plane.online
        broker = await asyncio.to_thread(start_broker, port=port)
        with broker:
            await until(lambda: plane.online)
            async with listening(port) as heard:
                await until_taken(heard, plane, ticks)
                assert heard.of("state/station")[0]["online"]


async def test_a_killed_and_restarted_broker_gets_birth_and_current_state_again() -> None:
    port = free_port()
    plane = make_plane(port)
    async with ticking(plane) as ticks:
        with await asyncio.to_thread(start_broker, port=port) as broker:
            async with listening(port) as heard:
                await heard.until(lambda h: len(h.of("measurement/signals")) >= 3)
                broker.stop()
        await asyncio.sleep(FAULT_S)
        assert not plane.online
        plane.state({"phase": "heat", "progress_fraction": 0.75})
        with await asyncio.to_thread(start_broker, port=port):
            await until(lambda: plane.online)
            async with listening(port) as heard:
                await heard.until(lambda h: bool(h.of("meta/birth") and h.of("state/station")))
                await until_taken(heard, plane, ticks)
        state = heard.of("state/station")[0]
        assert (state["online"], state["progress_fraction"]) == (True, 0.75)
    assert plane.counters()["lost_count"] == 1


async def test_a_broker_that_stalls_loses_nothing_and_keeps_the_connection(
    broker: Broker,
) -> None:
    async with proxied(broker.port) as proxy, listening(broker.port) as heard:
        plane = make_plane(proxy.port)
        async with ticking(plane) as ticks:
            await heard.until(lambda h: bool(h.of("measurement/signals")))
            proxy.mode = "stall"
            await asyncio.sleep(FAULT_S)
            proxy.mode = "pass"
            await until_taken(heard, plane, ticks)
        assert plane.counters()["lost_count"] == 0
        assert_complete(heard, "measurement/signals")
        assert_complete(heard, "event/phase")


async def test_a_half_open_connection_is_found_and_what_it_swallowed_is_sent_again(
    broker: Broker,
) -> None:
    async with proxied(broker.port) as proxy, listening(broker.port) as heard:
        plane = make_plane(proxy.port, answer_s_max=1.0, statistics_period_s=1.0)
        async with ticking(plane) as ticks:
            await heard.until(lambda h: bool(h.of("measurement/signals")))
            proxy.mode = "hole"
            await until(lambda: not plane.online)
            proxy.mode = "pass"
            await until(lambda: plane.online)
            await until_taken(heard, plane, ticks)
        assert_complete(heard, "measurement/signals")
        assert_complete(heard, "event/phase")
        assert len(heard.of("meta/birth")) >= 2


async def test_a_reset_connection_leaves_the_will_and_comes_back(broker: Broker) -> None:
    async with proxied(broker.port) as proxy, listening(broker.port) as heard:
        plane = make_plane(proxy.port)
        async with ticking(plane) as ticks:
            await heard.until(lambda h: bool(h.of("measurement/signals")))
            proxy.mode = "reset"
            await heard.until(lambda h: h.state.get("online") is False)
            assert heard.state["reason"] == "connection lost"
            proxy.mode = "pass"
            await heard.until(lambda h: h.state["online"])
            await until_taken(heard, plane, ticks)
        assert_complete(heard, "measurement/signals")
        topics = [topic for topic, *_ in heard.messages]
        births = [i for i, topic in enumerate(topics) if topic.endswith("/meta/birth")]
        assert [topics[i + 1].endswith("/state/station") for i in births] == [True, True]


async def test_a_long_outage_drops_the_oldest_and_says_how_many() -> None:
    port = free_port()
    plane = make_plane(port, sample_queue_max=10, event_queue_max=5)
    for index in range(50):
        plane.sample(make_sample(index))
        plane.event(make_event(index))
    counted = plane.counters()
    assert (counted["sample_dropped_count"], counted["event_dropped_count"]) == (40, 45)
    with await asyncio.to_thread(start_broker, port=port):
        async with listening(port) as heard:
            task = asyncio.create_task(plane.run())
            await plane.close()
            await heard.until(lambda h: h.state.get("online") is False)
            assert task.done()
    assert numbers(heard, "measurement/signals") == list(range(40, 50))
    assert numbers(heard, "event/phase") == list(range(45, 50))
    assert heard.of("meta/statistics")[0]["telemetry"]["sample_dropped_count"] == 40


async def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(broker: Broker) -> None:
    if broker.kind != "mosquitto":
        pytest.skip("iotcore speaks one version a port")
    async with proxied(broker.port) as proxy, listening(broker.port) as heard:
        proxy.mode = "only 3.1.1"
        plane = make_plane(proxy.port)
        async with ticking(plane):
            await heard.until(lambda h: bool(h.of("measurement/signals")))
        assert plane.counters()["protocol"] == "3.1.1"


async def test_mqtt_5_alone_does_not_fall_back(broker: Broker) -> None:
    async with proxied(broker.port) as proxy:
        proxy.mode = "only 3.1.1"
        plane = make_plane(proxy.port, protocol="5")
        async with ticking(plane):
            await asyncio.sleep(0.5)
            assert not plane.online
        assert plane.counters()["connect_count"] == 0


async def test_a_connection_lost_under_an_unanswered_event_is_noticed_at_once(
    broker: Broker,
) -> None:
    async with proxied(broker.port) as proxy, listening(broker.port) as heard:
        quiet = {"answer_s_max": 60.0, "statistics_period_s": 300.0}
        async with running(make_plane(proxy.port, **quiet)) as plane:
            await heard.until(lambda h: bool(h.of("meta/statistics")) and h.state["online"])
            await asyncio.sleep(0.3)  # the repeated state is out as well
            proxy.mode = "hole"
            plane.event(make_event(0))
            await asyncio.sleep(0.1)
            proxy.mode = "reset"
            await until(lambda: not plane.online)
            proxy.mode = "pass"
            await heard.until(lambda h: bool(h.of("event/phase")))
    assert [body["message"] for body in heard.of("event/phase")] == ["event 0"]


async def test_a_name_server_that_does_not_answer_does_not_hold_the_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer.wait(60))
    plane = make_plane(1883, host="broker.invalid")
    try:
        async with ticking(plane):
            await asyncio.sleep(FAULT_S)
    finally:
        answer.set()


UNRESOLVED = """
import asyncio, socket, time
from telemetry_bench import make_plane
socket.getaddrinfo = lambda *_, **__: time.sleep(60)

async def main():
    plane = make_plane(1883, host="broker.invalid")
    task = asyncio.create_task(plane.run())
    await asyncio.sleep(0.2)
    await plane.close(0.1)
    assert task.done()

asyncio.run(main())
"""


def test_a_name_server_that_does_not_answer_does_not_hold_the_end_of_the_process() -> None:
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", UNRESOLVED],
        env={"PYTHONPATH": f"{here}:{Path(controller.__file__).parents[1]}"},
        check=True,
        timeout=20,
    )


async def test_closing_without_a_broker_is_quick() -> None:
    plane = make_plane(free_port())
    task = asyncio.create_task(plane.run())
    await asyncio.sleep(0.1)
    begun_s = time.perf_counter()
    await plane.close()
    assert task.done()
    assert time.perf_counter() - begun_s < 4.0


async def test_closing_a_plane_that_never_ran_returns() -> None:
    await make_plane(1883).close()
