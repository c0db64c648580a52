"""The modules of one serial line, asked in turn. Each is up or down by itself.

After an exchange that failed, a module is not trusted to be answering the present question:
before anything else is asked of it, it is asked who it is. That reply has another length
than the rest, and a module answers in order, so whatever it still owed has then been heard
and thrown away. The same is done after a reply that shows no newer conversion than the
last, which may be the last one's duplicate. Behind that stands the sample counter: a reply
older than one already seen is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from controller.fieldbus.greeting import LinkError, RefusedError, check_identity, greet
from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.module import Module
from controller.fieldbus.pdu import BlockRequest
from controller.fieldbus.rtu_connection import OpenPort, RtuConnection
from controller.fieldbus.serial_port import SerialPort
from controller.fieldbus.settings import Device, Link
from controller.ports import OutputFrame, StationError

_BACK_OFF_S_MIN = 0.02
_FAILURES_MAX = 3  # in a row; then it counts as gone and is greeted from the start
_DOWN_WAIT_S = 0.005  # a virtual clock must not race ahead of a line that is down


@dataclass(slots=True)
class Slot:
    """A module's turn on the line."""

    module: Module
    greeted: bool = False
    in_doubt: bool = False  # ask who it is before anything else
    failure_count: int = 0
    back_off_s: float = _BACK_OFF_S_MIN
    retry_s: float = 0.0  # of the loop's clock: not asked before, when not greeted

    def failed(self, now_s: float, back_off_s_max: float) -> None:
        self.in_doubt = True
        self.failure_count += 1
        if self.failure_count >= _FAILURES_MAX or not self.greeted:
            self.lost(now_s, back_off_s_max)

    def lost(self, now_s: float, back_off_s_max: float) -> None:
        """Gone: no reading of it counts until it was greeted again."""
        self.greeted = False
        self.module.lose()
        self.retry_s = now_s + self.back_off_s
        self.back_off_s = min(2 * self.back_off_s, back_off_s_max)

    def answered(self) -> None:
        self.failure_count = 0
        self.in_doubt = False
        self.back_off_s = _BACK_OFF_S_MIN


class RtuEndpoint:
    """Every module in every tick. Implements `parts.Endpoint`."""

    def __init__(
        self,
        device: Device,
        modules: list[Module],
        link: Link,
        monotonic: Callable[[], float],
        stopwatch_s: Callable[[], float],
        open_port: OpenPort = SerialPort,
    ) -> None:
        """`device` is any device of the line; they agree on everything but unit and profile."""
        self.where = device.place
        self.statistics = LinkStatistics()
        self._link = link
        self._monotonic = monotonic
        self._wire = RtuConnection(device, link, self.statistics, stopwatch_s, open_port)
        self._slots = [Slot(module) for module in modules]
        # The digital outputs go last: with them a machine in lockstep has the whole tick.
        self._writers = sorted(
            (slot for slot in self._slots if slot.module.writes),
            key=lambda slot: slot.module.writes_digital,
        )
        self._retry_s = 0.0
        self._mending: asyncio.Task[None] | None = None

    @property
    def parts(self) -> Sequence[Module]:
        return [slot.module for slot in self._slots]

    async def open(self) -> None:
        """Open the port and check every module. Raises StationError."""
        try:
            self._wire.connect()
        except OSError as error:
            raise StationError(
                f"{self.where}: cannot open the serial port: {error}; plug it in, correct "
                "`serial` of the [[device]], or ask for the right to use it"
            ) from None
        try:
            for slot in self._slots:
                await self._first_greeting(slot)
        except BaseException:
            self._wire.drop()
            raise

    async def _first_greeting(self, slot: Slot) -> None:
        """A line may be disturbed; a few tries before the station is refused."""
        end_s = self._now_s() + self._link.open_s_max
        while True:
            try:
                await self.greet(slot)
            except StationError:
                if self._now_s() >= end_s or not self._wire.connected:
                    raise
            else:
                return

    async def close(self) -> None:
        task, self._mending = self._mending, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._wire.drop()

    async def sense(self, deadline_s: float) -> None:
        """One batched read a module, all before `deadline_s` of the station's clock."""
        for slot in self._slots:
            slot.module.lose()
        if self._mend():
            await asyncio.sleep(_DOWN_WAIT_S)
            return
        try:
            async with asyncio.timeout(max(deadline_s - self._monotonic(), 0.0)):
                for slot in self._slots:
                    await self.poll(slot)
                    if self._monotonic() > deadline_s:
                        slot.module.lose()
                        self.statistics.counters.late_reply_count += 1
                        return
        except TimeoutError:
            self.statistics.counters.timeout_count += 1

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        """One batched write a module with outputs; none is begun past the deadline."""
        if self._mend():
            return
        try:
            async with asyncio.timeout(max(deadline_s - self._monotonic(), 0.0)):
                for slot in self._writers:
                    if self._monotonic() > deadline_s:
                        self.statistics.counters.late_write_count += 1
                        return
                    await self.write(slot, frame, tick)
        except TimeoutError:
            self.statistics.counters.timeout_count += 1

    async def poll(self, slot: Slot) -> bool:
        """Read a module. False when nothing was learnt."""
        module = slot.module
        try:
            await self._clear_doubt(slot)
            asked_s = self._monotonic()
            block = await self._ask(slot, module.sense_request)
        except RefusedError:
            module.lose()
            return False
        except LinkError:
            return False
        if module.goes_back(block):
            self.statistics.counters.suspect_reply_count += 1
            self._failed(slot)
            return False
        stands_still = module.stands_still(block)
        if not module.take(block, asked_s):
            self.statistics.counters.restart_count += 1
            slot.lost(self._now_s(), self._link.reconnect_s_max)
            return False
        slot.answered()
        slot.in_doubt = stands_still
        if module.echo_differs():
            self.statistics.counters.echo_mismatch_count += 1
        return True

    async def write(self, slot: Slot, frame: OutputFrame, tick: int) -> bool:
        """Write a module's outputs. False when they may not have arrived."""
        try:
            await self._clear_doubt(slot)
            await self._ask(slot, slot.module.write_request(frame, tick))
        except LinkError:
            return False
        return True

    async def _ask(self, slot: Slot, request: BlockRequest) -> bytes:
        """Payload. Without one, or cancelled, the module is in doubt. Raises LinkError."""
        try:
            return await self._wire.transact(request)
        except RefusedError:
            raise
        except BaseException:
            self._failed(slot)
            raise

    async def _clear_doubt(self, slot: Slot) -> None:
        """From here the module's next reply can only be to the next question. Raises LinkError."""
        if not slot.greeted:
            raise LinkError("not greeted")
        if not slot.in_doubt:
            return
        ask = partial(self._ask, slot)
        try:
            await check_identity(ask, slot.module, self.where, self.statistics.counters)
        except StationError as error:
            slot.lost(self._now_s(), self._link.reconnect_s_max)
            raise LinkError(str(error)) from None
        slot.in_doubt = False

    async def greet(self, slot: Slot) -> None:
        """Raises StationError; the module then waits before its next turn."""
        slot.greeted = False
        try:
            await greet(
                self._wire.transact,
                slot.module,
                self.where,
                self.statistics.counters,
                self._monotonic,
            )
        except StationError:
            slot.lost(self._now_s(), self._link.reconnect_s_max)
            raise
        slot.greeted = True
        slot.answered()

    def _mend(self) -> bool:
        """True while the line is not free: a lost module is being greeted, or it is down."""
        if not self.connected():
            return True
        if self._mending is not None and not self._mending.done():
            return True
        due = self.greetings_due()
        if due:
            self._mending = asyncio.get_running_loop().create_task(self._greet_again(due))
        return bool(due)

    def greetings_due(self) -> list[Slot]:
        now_s = self._now_s()
        return [slot for slot in self._slots if not slot.greeted and now_s >= slot.retry_s]

    async def _greet_again(self, slots: list[Slot]) -> None:
        for slot in slots:
            try:
                await self.greet(slot)
            except StationError:
                continue
            self.statistics.counters.reconnect_count += 1

    def _failed(self, slot: Slot) -> None:
        slot.failed(self._now_s(), self._link.reconnect_s_max)

    def connected(self) -> bool:
        """The port is open; one that was lost is opened again, after a pause."""
        if self._wire.connected:
            return True
        now_s = self._now_s()
        for slot in self._slots:
            if slot.greeted:
                slot.lost(now_s, self._link.reconnect_s_max)
        if now_s < self._retry_s:
            return False
        self._retry_s = now_s + self._link.reconnect_s_max
        try:
            self._wire.connect()
        except OSError:
            return False
        return True

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
