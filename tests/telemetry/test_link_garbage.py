"""A controller that never collects garbage while it controls must not need to."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from fault_proxy import proxied
from telemetry_bench import make_plane, running, until

from controller.telemetry.broker import Broker, free_port
from controller.telemetry.client import Client


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> int:
    return sum(isinstance(thing, Client) for thing in gc.get_objects())


@pytest.mark.usefixtures("no_collector")
async def test_attempts_that_failed_leave_nothing() -> None:
    plane = make_plane(free_port(), reconnect_s_max=0.05)
    async with running(plane):
        await until(lambda: plane.attempt_count >= 10)
    assert alive() <= 2


@pytest.mark.usefixtures("no_collector")
async def test_connections_that_were_lost_leave_nothing(broker: Broker) -> None:
    async with proxied(broker.port) as proxy:
        plane = make_plane(proxy.port, reconnect_s_max=0.05)
        async with running(plane):
            for _ in range(5):
                await until(lambda: plane.online)
                proxy.mode = "reset"
                await until(lambda: not plane.online)
                proxy.mode = "pass"
        assert alive() <= 2
