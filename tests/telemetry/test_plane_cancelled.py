"""A task told to end ends, even when a broker's word arrives in the same turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telemetry_bench import PATIENCE_S, make_plane

from controller.telemetry.broker import Broker
from controller.telemetry.client import Client


async def end_on(
    callback: str, port: int, monkeypatch: pytest.MonkeyPatch, *, before: bool = False
) -> int:
    """Run a plane, cancel it in the turn of `callback`; how many attempts it made by its end."""
    plane = make_plane(port)
    task = asyncio.create_task(plane.run())
    original = getattr(Client, callback)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def told(client: Client, *arguments: Any, **named: Any) -> None:
        steps = [lambda: original(client, *arguments, **named)]
        if not task.cancelling():
            steps.insert(0 if before else 1, task.cancel)
        for step in steps:
            step()

    monkeypatch.setattr(Client, callback, told)
    await asyncio.wait({task}, timeout=PATIENCE_S)
    ended = task.cancelled()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    assert ended
    assert faults == []
    return plane.attempt_count


@asynccontextmanager
async def hanging_up() -> AsyncIterator[int]:
    """A server that closes every connection at its first byte."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("before", [False, True])
async def test_by_a_broker_that_hangs_up(before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hanging_up() as port:
        assert await end_on("_on_disconnect", port, monkeypatch, before=before) == 1


@pytest.mark.parametrize("callback", ["_on_connect", "_on_publish"])
async def test_by_a_broker_that_answers(
    callback: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await end_on(callback, broker.port, monkeypatch) == 1
