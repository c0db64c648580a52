"""A press whose inputs and outputs hang on wires: the Station of the deployed loop.

Modbus TCP modules, Modbus RTU modules on serial lines, instruments that talk by themselves
and pins of this computer, in any mixture. Of a Modbus module: one batched read in `sense`,
one batched write in `actuate`. Modules that share a socket or a line take turns on it,
different ways run side by side. Deadlines are absolute: the tick's due instant plus a
budget, on the clock the loop runs by. In lockstep that clock stands still within a tick,
so the budget is wall time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.parts import Endpoint, Part
from controller.fieldbus.pins import PinLines, PinRequest, open_gpiod
from controller.fieldbus.settings import Device, Link
from controller.fieldbus.ways import check_lines, endpoints
from controller.fieldbus.wiring import resolve
from controller.ports import OutputFrame, SensorFrame, SignalNames, Tick


class ModbusStation:
    """Implements `controller.ports.Station`.

    `monotonic` is the clock of the ticks (seconds); `stopwatch_s` times round trips for the
    statistics and steers nothing. Signals in `not_fitted` need no terminal. Raises
    StationError when wiring and devices do not agree.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        wiring: Mapping[str, str],
        link: Link,
        signals: SignalNames,
        monotonic: Callable[[], float],
        *,
        not_fitted: Collection[str] = (),
        stopwatch_s: Callable[[], float] = time.perf_counter,
        open_pins: Callable[[PinRequest], PinLines] = open_gpiod,
    ) -> None:
        self._wired = resolve(devices, wiring, signals, not_fitted)
        check_lines(self._wired, link)
        self._open_pins = open_pins
        self._link = link
        self._monotonic = monotonic
        self._stopwatch_s = stopwatch_s
        self._analogue_outputs = signals.analogue_outputs
        self._sense_budget_s = link.sense_budget_ms * 1e-3
        self._actuate_budget_s = link.actuate_budget_ms * 1e-3
        self._endpoints: list[Endpoint] = []
        self._parts: list[Part] = []

    async def open(self) -> None:
        """Connect, check who answers, set the leases. Raises StationError."""
        self._endpoints = endpoints(
            self._wired,
            self._link,
            self._monotonic,
            self._stopwatch_s,
            self._analogue_outputs,
            self._open_pins,
        )
        self._parts = [part for endpoint in self._endpoints for part in endpoint.parts]
        try:
            for endpoint in self._endpoints:
                await endpoint.open()
        except BaseException:
            await self.close()
            raise

    async def sense(self, tick: Tick, frame: SensorFrame) -> None:
        deadline_s = tick.monotonic_s + self._sense_budget_s
        if len(self._endpoints) == 1:
            await self._endpoints[0].sense(deadline_s)
        else:
            await asyncio.gather(*(e.sense(deadline_s) for e in self._endpoints))
        now_s = self._monotonic()
        self._fill(frame, now_s)

    def _fill(self, frame: SensorFrame, now_s: float) -> None:
        input_bits = readback_bits = lapse_count = 0
        digital_ok = readback_ok = True
        digital_age_s = 0.0
        for part in self._parts:
            part.put(frame, now_s)
            if part.has_inputs:
                input_bits |= part.input_bits()
                digital_ok = digital_ok and part.fresh
                digital_age_s = max(digital_age_s, part.age_s(now_s))
            if part.writes:
                readback_bits |= part.readback_bits()
                readback_ok = readback_ok and part.fresh
                lapse_count += part.lapse_total
        frame.digital_input_bits = input_bits
        frame.digital_age_s = digital_age_s
        frame.digital_ok = digital_ok
        frame.digital_output_bits_readback = readback_bits
        frame.readback_ok = readback_ok
        frame.lease_lapse_count = lapse_count

    async def actuate(self, tick: Tick, frame: OutputFrame) -> None:
        """Past its deadline a frame is stale and is not written; the all-off frame never is."""
        begin_s = tick.monotonic_s
        if self._is_safe(frame):
            begin_s = max(begin_s, self._monotonic())
        deadline_s = begin_s + self._actuate_budget_s
        if len(self._endpoints) == 1:
            await self._endpoints[0].actuate(tick.index, frame, deadline_s)
        else:
            await asyncio.gather(
                *(e.actuate(tick.index, frame, deadline_s) for e in self._endpoints)
            )

    def _is_safe(self, frame: OutputFrame) -> bool:
        return frame.digital_output_bits == 0 and all(
            getattr(frame, name) == 0.0 for name in self._analogue_outputs
        )

    async def close(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.close()

    def statistics(self) -> Mapping[str, float]:
        """Counters and round-trip percentiles over all endpoints; valid once opened."""
        return LinkStatistics.merged([e.statistics for e in self._endpoints] or [LinkStatistics()])
