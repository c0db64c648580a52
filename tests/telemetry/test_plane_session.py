"""What a consumer of the JSON plane sees, on a real broker."""

from __future__ import annotations

import asyncio

import pytest
from telemetry_bench import (
    ROOT,
    STATE_AND_META,
    listening,
    make_event,
    make_plane,
    make_sample,
    running,
)

from controller.ports import Severity
from controller.telemetry.broker import Broker


async def test_birth_comes_first_and_tells_how_to_read_the_rest(broker: Broker) -> None:
    async with listening(broker.port) as heard, running(make_plane(broker.port)) as plane:
        plane.sample(make_sample(0))
        await heard.until(lambda h: bool(h.of("measurement/signals")))
    assert heard.messages[0][0] == f"{ROOT}/meta/birth"
    birth = heard.of("meta/birth")[0]
    assert birth["station"] == "press-1"
    assert birth["software_version"] == "0.1.0"
    assert birth["header_sha256"] == "ab" * 32
    assert [(s["name"], s["unit"], s["measured"]) for s in birth["signals"]] == [
        ("zone_1_temperature_c", "°C", True),
        ("cylinder_a_pressure_bar", "bar", True),
        ("density_g_per_cm3", "g/cm³", False),
    ]


async def test_a_batch_holds_measurement_quality_unit_and_the_time_it_was_sensed(
    broker: Broker,
) -> None:
    async with listening(broker.port) as heard, running(make_plane(broker.port)) as plane:
        plane.sample(make_sample(20))
        await heard.until(lambda h: bool(h.of("measurement/signals")))
    assert heard.of("measurement/signals")[0] == {
        "ts": 1_700_000_002_000,
        "seq": 0,
        "phase": "heat",
        "m": {
            "zone_1_temperature_c": {"v": 20.0, "q": 192, "u": "°C"},
            "cylinder_a_pressure_bar": {"v": 1.5, "q": 64, "u": "bar"},
            "density_g_per_cm3": {"v": 3.1, "q": 192, "u": "g/cm³"},
        },
    }


async def test_one_who_comes_late_finds_birth_and_current_state_but_no_old_news(
    broker: Broker,
) -> None:
    async with listening(broker.port) as first, running(make_plane(broker.port)) as plane:
        plane.event(make_event(0))
        plane.state({"phase": "soak", "outcome": "", "progress_fraction": 0.5})
        await first.until(lambda h: bool(h.of("event/phase")) and h.state.get("phase") == "soak")
        async with listening(broker.port) as late:
            await late.until(lambda h: bool(h.of("meta/birth")) and bool(h.of("state/station")))
        retained = {topic for topic, _, retain, _ in late.messages if retain}
        assert late.of("state/station")[0] == first.of("state/station")[-1]
    assert late.of("state/station")[0]["online"] is True
    assert retained <= {f"{ROOT}/{name}" for name in STATE_AND_META}


async def test_alarms_and_events_go_to_their_own_topics(broker: Broker) -> None:
    async with listening(broker.port) as heard, running(make_plane(broker.port)) as plane:
        plane.event(make_event(0))
        plane.event(make_event(1, Severity.TRIP))
        await heard.until(lambda h: bool(h.of("alarm/phase")))
    assert [body["message"] for body in heard.of("event/phase")] == ["event 0"]
    assert [body["seq"] for body in heard.of("alarm/phase")] == [1]


async def test_close_sends_what_waits_and_says_offline(broker: Broker) -> None:
    plane = make_plane(broker.port)
    async with listening(broker.port) as heard:
        task = asyncio.create_task(plane.run())
        for index in range(50):
            plane.event(make_event(index))
        plane.state({"outcome": "complete", "progress_fraction": 1.0})
        await plane.close()
        await heard.until(lambda h: h.state.get("online") is False)
        assert task.done()
        assert task.exception() is None
    assert [body["seq"] for body in heard.of("event/phase")] == list(range(50))
    last = heard.state
    assert (last["online"], last["reason"], last["outcome"]) == (False, "closed", "complete")


async def test_cancellation_says_offline_too(broker: Broker) -> None:
    async with listening(broker.port) as heard:
        async with running(make_plane(broker.port)):
            await heard.until(lambda h: bool(h.of("state/station")))
        await heard.until(lambda h: h.state["online"] is False)
    assert heard.state["reason"] == "closed"


async def test_statistics_of_loop_and_plane_are_published(broker: Broker) -> None:
    plane = make_plane(broker.port, statistics_period_s=1.0)
    plane.statistics({"tick_lateness_us_p99": 120.0, "overrun_count": 2})
    async with listening(broker.port) as heard, running(plane):
        await heard.until(lambda h: len(h.of("meta/statistics")) == 2)
    told = heard.of("meta/statistics")[1]
    assert told["loop"] == {"tick_lateness_us_p99": 120.0, "overrun_count": 2}
    assert told["telemetry"]["connect_count"] == 1


async def test_samples_are_thinned_to_the_period_of_the_stations_own_time(broker: Broker) -> None:
    plane = make_plane(broker.port, period_s=0.5)
    async with listening(broker.port) as heard, running(plane):
        for index in range(21):
            plane.sample(make_sample(index))
        await heard.until(lambda h: len(h.of("measurement/signals")) == 5)
    sensed = [b["m"]["zone_1_temperature_c"]["v"] for b in heard.of("measurement/signals")]
    assert sensed == [0.0, 5.0, 10.0, 15.0, 20.0]


async def test_an_event_that_cannot_be_encoded_is_counted_and_the_rest_goes_on(
    broker: Broker,
) -> None:
    broken = make_event(0)
    object.__setattr__(broken, "message", "\ud800")  # half a character
    async with listening(broker.port) as heard, running(make_plane(broker.port)) as plane:
        plane.event(broken)
        plane.event(make_event(1))
        await heard.until(lambda h: bool(h.of("event/phase")))
    assert [body["seq"] for body in heard.of("event/phase")] == [1]
    assert plane.counters()["unencodable_count"] == 1


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_both_versions_of_the_protocol(broker: Broker, protocol: str) -> None:
    if broker.kind != "mosquitto":
        pytest.skip("iotcore speaks one version a port")
    plane = make_plane(broker.port, protocol=protocol)
    async with listening(broker.port) as heard, running(plane):
        plane.sample(make_sample(0))
        await heard.until(lambda h: bool(h.of("measurement/signals")))
    assert plane.counters()["protocol"] == protocol
