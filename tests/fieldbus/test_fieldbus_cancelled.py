"""Told to end: in whatever turn of the loop it is told, the task ends, and the machine is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fieldbus_bench import WALL_LINK, Frame, machine, now_tick, station, until

from controller.fieldbus.connection import Connection

pytestmark = pytest.mark.filterwarnings("ignore:Overriding the:DeprecationWarning")


@pytest.fixture
def doomed(monkeypatch: pytest.MonkeyPatch) -> set[asyncio.Task[Any]]:
    """Tasks put in here are cancelled in the turn in which pymodbus tells of anything arrived."""
    tasks: set[asyncio.Task[Any]] = set()

    def instead_of(original: Callable[..., Any]) -> Callable[..., Any]:
        def told(connection: Connection, *what: Any) -> Any:
            arrived = len(what) == 1 or not what[0]  # connected, or a packet not of ours
            while arrived and tasks:
                asyncio.get_running_loop().call_soon(tasks.pop().cancel)
            return original(connection, *what)

        return told

    for hook in ("_trace", "_trace_connect"):
        monkeypatch.setattr(Connection, hook, instead_of(getattr(Connection, hook)))
    return tasks


async def test_a_cancellation_that_meets_a_reply_is_heeded(
    doomed: set[asyncio.Task[Any]],
) -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        task = asyncio.create_task(link.sense(now_tick(0), Frame()))
        doomed.add(task)
        await asyncio.wait({task})
        assert task.cancelled()
        await link.close()


async def test_a_cancellation_that_meets_the_connection_is_heeded(
    doomed: set[asyncio.Task[Any]],
) -> None:
    async with machine() as press:
        link = station(press.port)
        task = asyncio.create_task(link.open())
        doomed.add(task)
        await asyncio.wait({task})
        assert task.cancelled()
        await link.close()


async def test_a_cancelled_task_writes_the_whole_all_off_frame_and_closes() -> None:
    """As the loop's `finally` does: the digital outputs are the last of several writes."""
    async with machine() as press:
        link = station(press.port, WALL_LINK)
        await link.open()
        frame = Frame()
        frame.digital_output_bits, frame.valve_open_fraction = 9, 0.5

        async def press_on() -> None:
            try:
                await link.actuate(now_tick(0), frame)
                await asyncio.Event().wait()
            finally:
                frame.digital_output_bits, frame.valve_open_fraction = 0, 0.0
                await link.actuate(now_tick(1), frame)
                await link.close()

        task = asyncio.create_task(press_on())
        await until(lambda: [bits for bits, _ in press.plant.commands[-1:]] == [9])
        task.cancel()
        await asyncio.wait({task})
        assert press.plant.commands[-1] == (0, 0.0)
        await until(lambda: not press.server.connections)
        assert not press.server.connections
