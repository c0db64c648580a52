"""All modules behind one host and port: one connection, one request at a time.

Up or down, nothing between. Whatever leaves a request without its reply takes the endpoint
down: the connection is closed, and a background task connects anew, asks every module who
it is, renews the leases and only then puts the endpoint up again. While it is down a tick
is a frame of lost readings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from controller.fieldbus.connection import Connection
from controller.fieldbus.greeting import LinkError, RefusedError, greet
from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.module import Module
from controller.fieldbus.pdu import BlockRequest
from controller.fieldbus.settings import Link
from controller.ports import OutputFrame, StationError

_BACK_OFF_S_MIN = 0.02
_PATIENCE_S_MIN = 0.05  # a first try to come back: whoever answers at all does so within this
_DOWN_WAIT_S = 0.005  # a virtual clock must not race ahead while the wire is being mended


class TcpEndpoint:
    """Implements `parts.Endpoint`. `sense` and `actuate` never raise for a fault of the wire."""

    def __init__(
        self,
        host: str,
        port: int,
        modules: list[Module],
        link: Link,
        monotonic: Callable[[], float],
        stopwatch_s: Callable[[], float],
    ) -> None:
        self.where = f"{host}:{port}"
        self.parts = modules
        # The digital outputs go last: with them the machine has the whole tick.
        self.writers = sorted((m for m in modules if m.writes), key=lambda m: m.writes_digital)
        self.statistics = LinkStatistics()
        self._link = link
        self._monotonic = monotonic
        self._connection = Connection(host, port, self.statistics, stopwatch_s)
        self._up = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect and check every module. Raises StationError saying which, and what it found."""
        try:
            await self._bring_up(self._link.open_s_max)
        except BaseException:
            self._connection.drop()
            raise

    async def close(self) -> None:
        self._closed = True  # asyncio.wait_for may swallow the cancellation of the task
        task, self._mending = self._mending, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._up.clear()
        self._connection.drop()

    async def sense(self, deadline_s: float) -> None:
        """One batched read a module, all before `deadline_s` of the station's clock."""
        remaining_s = deadline_s - self._monotonic()
        if not self._up.is_set() and remaining_s > 0:
            await self._wait_up(min(remaining_s, _DOWN_WAIT_S))
        for module in self.parts:
            module.lose()
        try:
            async with asyncio.timeout(max(deadline_s - self._monotonic(), 0.0)) as deadline:
                for module in self.parts:
                    if not self._up.is_set():
                        return
                    await self._sense_module(module, deadline, deadline_s)
        except TimeoutError:
            self._timed_out()

    async def _sense_module(
        self, module: Module, deadline: asyncio.Timeout, deadline_s: float
    ) -> None:
        asked_s = self._monotonic()
        if asked_s > deadline_s:
            self.statistics.counters.late_read_count += 1
            return
        try:
            block = await self._connection.transact(module.sense_request, deadline)
        except RefusedError:
            return
        except LinkError:
            self._go_down()
            return
        if self._monotonic() > deadline_s:
            self.statistics.counters.late_reply_count += 1
        elif not module.take(block, asked_s):
            self.statistics.counters.restart_count += 1
            self._go_down()
        elif module.echo_differs():
            self.statistics.counters.echo_mismatch_count += 1

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        """One batched write a module with outputs; none is begun past the deadline."""
        if not self._up.is_set():
            return
        try:
            async with asyncio.timeout(max(deadline_s - self._monotonic(), 0.0)) as deadline:
                for module in self.writers:
                    if self._monotonic() > deadline_s:
                        self.statistics.counters.late_write_count += 1
                        return
                    await self._write(module.write_request(frame, tick), deadline)
        except TimeoutError:
            self._timed_out()

    async def _write(self, request: BlockRequest, deadline: asyncio.Timeout) -> None:
        try:
            await self._connection.transact(request, deadline)
        except RefusedError:
            return
        except LinkError:
            self._go_down()

    def _timed_out(self) -> None:
        if self._up.is_set() and not self._connection.fault():
            self.statistics.counters.timeout_count += 1
        self._go_down()

    async def _wait_up(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError:
            return

    def _go_down(self) -> None:
        """Close, so that a late reply has no reader, and start mending."""
        self._up.clear()
        self._connection.drop()
        if not self._closed and (self._mending is None or self._mending.done()):
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    async def _mend(self) -> None:
        """Tries that wait longer and longer: one answer lost while greeting must not cost
        `open_s_max`, or a disturbance of milliseconds becomes seconds of lost inputs."""
        back_off_s, patience_s = _BACK_OFF_S_MIN, _PATIENCE_S_MIN
        while not self._closed:
            try:
                await self._bring_up(min(patience_s, self._link.open_s_max))
            except StationError:
                self._connection.drop()
            else:
                self.statistics.counters.reconnect_count += 1
                return
            await asyncio.sleep(back_off_s)
            back_off_s = min(2 * back_off_s, self._link.reconnect_s_max)
            patience_s *= 2

    async def _bring_up(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                if not await self._connection.connect():
                    raise StationError(
                        f"{self.where}: nothing listens there; start the device or correct "
                        "host and port of the [[device]]"
                    )
                for module in self.parts:
                    await greet(
                        partial(self._connection.transact, deadline=deadline),
                        module,
                        self.where,
                        self.statistics.counters,
                        self._monotonic,
                    )
        except TimeoutError:
            why = self._connection.fault() or f"no answer within {timeout_s:g} s"
            raise StationError(f"{self.where}: connected, but no Modbus answer: {why}") from None
        self._up.set()
