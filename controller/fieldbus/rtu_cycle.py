"""A serial line at its own pace, beside the ticks: outputs written, then every module read.

At 115200 baud one round of three modules takes some 35 ms, so a tick of 10 ms cannot wait
for it. Here a tick takes what came last, with the age it truly has, and leaves its outputs
for the next round. What makes a reading too old is decided by the kernel's age limits.

- An output image is written at most once a module, and not when it has become old: if the
  loop stops, the writes stop, and the module's lease ends the outputs.
- A read-back answers for the image that was written, which the loop has moved on from. It
  is carried forward as a difference: a terminal shows as the loop's present image, except
  where it differs from what was written to it. The kernel compares as ever.
- One failed read leaves the last reading in place, growing older; after three the module
  is lost and greeted again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

from controller.fieldbus.module import Module
from controller.fieldbus.parts import image_of
from controller.fieldbus.rtu_connection import OpenPort
from controller.fieldbus.rtu_endpoint import RtuEndpoint, Slot
from controller.fieldbus.serial_port import SerialPort
from controller.fieldbus.settings import Device, Link
from controller.fieldbus.wiring import Wired
from controller.ports import OutputFrame, SensorFrame

_IDLE_S = 0.005  # when a round found nothing to ask
_CLOSE_S_MAX = 0.5  # for the last image to go out


class CarriedModule(Module):
    """A module whose read-back is told against the loop's present image."""

    def __init__(self, wired: Wired) -> None:
        super().__init__(wired)
        self._bit_mask = sum(1 << bit for bit, _ in wired.digital_outputs)
        self._names = [name for name, _ in wired.analogue_outputs]
        self.written: OutputFrame | None = None
        self.present: OutputFrame | None = None
        self._answered: OutputFrame | None = None

    def take(self, block: bytes, asked_s: float) -> bool:
        """The read-back in it answers for what was written before it was asked for."""
        self._answered = self.written
        return super().take(block, asked_s)

    def readback_bits(self) -> int:
        seen = super().readback_bits()
        if self._answered is None or self.present is None:
            return seen
        moved = self._answered.digital_output_bits ^ self.present.digital_output_bits
        return seen ^ moved & self._bit_mask

    def put(self, frame: SensorFrame, now_s: float) -> None:
        super().put(frame, now_s)
        if not self.fresh or self._answered is None or self.present is None:
            return
        for name in self._names:
            if hasattr(frame, f"{name}_readback"):
                moved = getattr(self.present, name) - getattr(self._answered, name)
                seen = getattr(frame, f"{name}_readback")
                setattr(frame, f"{name}_readback", seen + moved)


class RtuCycle(RtuEndpoint):
    """Implements `parts.Endpoint`; neither `sense` nor `actuate` waits for the wire."""

    def __init__(
        self,
        device: Device,
        modules: Sequence[CarriedModule],
        link: Link,
        monotonic: Callable[[], float],
        stopwatch_s: Callable[[], float],
        analogue_outputs: Sequence[str],
        open_port: OpenPort = SerialPort,
    ) -> None:
        super().__init__(device, list(modules), link, monotonic, stopwatch_s, open_port)
        self._analogue_outputs = analogue_outputs
        self._image: OutputFrame | None = None
        self._image_tick = -1
        self._image_s = 0.0
        self._written_tick: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self.round_count = 0

    async def open(self) -> None:
        """Connect and check every module, then begin; returns after a first round."""
        await super().open()
        self._task = asyncio.get_running_loop().create_task(self._run())
        end_s = self._now_s() + self._link.open_s_max
        while self.round_count == 0 and self._now_s() < end_s:  # noqa: ASYNC110
            await asyncio.sleep(_IDLE_S)

    async def close(self) -> None:
        """Lets the last image go out first, if the line lets it."""
        task, self._task = self._task, None
        if task is not None:
            end_s = self._now_s() + _CLOSE_S_MAX
            while self._pending() and not task.done() and self._now_s() < end_s:  # noqa: ASYNC110
                await asyncio.sleep(_IDLE_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await super().close()

    async def sense(self, deadline_s: float) -> None:
        if self._task is not None and self._task.done():
            self._task.result()  # a mistake in this program, never a fault of the wire

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        image = SimpleNamespace(**image_of(frame, self._analogue_outputs))
        self._image = cast(OutputFrame, image)
        self._image_tick = tick
        self._image_s = self._monotonic()
        for slot in self._writers:
            cast(CarriedModule, slot.module).present = self._image

    async def _run(self) -> None:
        while True:
            asked_count = self.statistics.counters.request_count
            if self.connected():
                await self._round()
            if self.statistics.counters.request_count == asked_count:
                await asyncio.sleep(_IDLE_S)

    async def _round(self) -> None:
        for slot in self._writers:
            await self._write_newest(slot)
        for slot in self._slots:
            await self.poll(slot)
        for slot in self.greetings_due()[:1]:  # the others' turns come first
            await self._greet_again([slot])
        self.round_count += 1

    async def _write_newest(self, slot: Slot) -> None:
        image, tick, module = self._image, self._image_tick, cast(CarriedModule, slot.module)
        if image is None or not slot.greeted or not self._owed(slot):
            return
        if self._monotonic() - self._image_s > 0.5e-3 * module.lease_ms:
            self.statistics.counters.late_write_count += 1
        elif await self.write(slot, image, tick):
            module.written = image
        self._written_tick[module.name] = tick

    def _owed(self, slot: Slot) -> bool:
        return self._written_tick.get(slot.module.name, -1) != self._image_tick

    def _pending(self) -> bool:
        return self._image is not None and any(
            slot.greeted and self._owed(slot) for slot in self._writers
        )
