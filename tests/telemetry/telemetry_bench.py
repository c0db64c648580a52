"""A consumer that remembers what it heard, and a plane with small signals."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiomqtt

from controller.ports import Event, Sample, Severity, Signal, Tick
from controller.telemetry.plane import Identity, JsonPlane
from controller.telemetry.settings import Mqtt, UnsPath

SIGNALS = (
    Signal("zone_1_temperature_c", "°C", 0),
    Signal("cylinder_a_pressure_bar", "bar", 1),
    Signal("density_g_per_cm3", "g/cm³"),
)
ROOT = "maker/dresden/lab/line-1/press-1"
STATE_AND_META = ("meta/birth", "meta/statistics", "state/station")
PATIENCE_S = 8.0


@dataclass
class Heard:
    """Messages in the order of their arrival."""

    messages: list[tuple[str, dict[str, Any], bool, int]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, name: str) -> list[dict[str, Any]]:
        return [body for topic, body, _, _ in self.messages if topic == f"{ROOT}/{name}"]

    @property
    def state(self) -> dict[str, Any]:
        """The last retained state heard; empty before the first."""
        return (self.of("state/station") or [{}])[-1]

    async def until(self, condition: Callable[[Heard], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self):
                self.arrived.clear()
                await self.arrived.wait()


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Heard]:
    heard = Heard()

    async def listen(client: aiomqtt.Client) -> None:
        with suppress(aiomqtt.MqttError):
            async for message in client.messages:
                body = json.loads(message.payload)
                heard.messages.append((str(message.topic), body, message.retain, message.qos))
                heard.arrived.set()

    client = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5)
    with suppress(aiomqtt.MqttError):  # the broker may be gone by the end
        async with client:
            await client.subscribe(f"{ROOT}/#", qos=1)
            task = asyncio.create_task(listen(client))
            try:
                yield heard
            finally:
                task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the plane tells nobody but its consumers
            await asyncio.sleep(0.01)


def make_plane(port: int, *, password: str | None = None, **fields: Any) -> JsonPlane:
    fields = {"reconnect_s_min": 0.05, "reconnect_s_max": 0.2, "period_s": 0.1, **fields}
    return JsonPlane(
        Mqtt(port=port, **fields),
        UnsPath(*ROOT.split("/")),
        Identity("press-1", "0.1.0", "ab" * 32, SIGNALS),
        random=Random(7),
        utc_ns=time.time_ns,
        password=password,
    )


def make_sample(index: int, phase: str = "heat") -> Sample:
    """The index-th sample at 10 Hz; its first signal is the index."""
    tick = Tick(index, index * 0.1, 1_700_000_000_000_000_000 + index * 100_000_000)
    return Sample(tick, phase, (float(index), 1.5, 3.1), bytes([0, 1]))


def make_event(index: int, severity: Severity = Severity.INFO) -> Event:
    return Event(index, index * 0.1, 10**18, "phase", "heat", severity, f"event {index}")


@asynccontextmanager
async def running(plane: JsonPlane) -> AsyncIterator[JsonPlane]:
    task = asyncio.create_task(plane.run())
    try:
        yield plane
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE_S)
        assert task.cancelled()  # told once, and no more


class Ticks:
    """A control loop's stand-in in the same event loop: a sample and, now and then, an event
    every 10 ms; remembers the longest pause between two beats and inside the plane."""

    def __init__(self, plane: JsonPlane) -> None:
        self._plane = plane
        self.count = 0
        self.pause_s_max = 0.0
        self.inside_s_max = 0.0

    async def run(self) -> None:
        before_s = time.perf_counter()
        while True:
            begun_s = time.perf_counter()
            self.pause_s_max = max(self.pause_s_max, begun_s - before_s)
            before_s = begun_s
            cpu_s = time.thread_time()
            self._plane.sample(make_sample(self.count))
            if self.count % 20 == 0:
                self._plane.event(make_event(self.count))
            self.inside_s_max = max(self.inside_s_max, time.thread_time() - cpu_s)
            self.count += 1
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ticking(plane: JsonPlane) -> AsyncIterator[Ticks]:
    """The plane at work beside a ticking loop; afterwards the loop must not have noticed.

    The bounds are those of a crowded test machine: every fault here lasts longer than them.
    """
    ticks = Ticks(plane)
    task = asyncio.create_task(ticks.run())
    begun_s = time.perf_counter()
    try:
        async with running(plane):
            yield ticks
    finally:
        task.cancel()
    assert ticks.pause_s_max < 1.0
    assert ticks.inside_s_max < 0.005
    assert ticks.count > 0.25 * (time.perf_counter() - begun_s) / 0.01
