"""An indicator on a serial line of its own, which sends its reading without being asked.

Nothing is sent to it and no reply is awaited, so there is nothing to mistake for a reply;
a reading is as old as its arrival. Silence, a port that went, overload, a tare (net) or
another unit make the reading bad. A line that never stops talking without ever saying
anything is closed for a while.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence

from controller.fieldbus.indicator_frame import Garbage, Indication, IndicatorParser
from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.serial_port import SerialPort
from controller.fieldbus.settings import Link
from controller.fieldbus.wiring import Wired
from controller.ports import OutputFrame, SensorFrame, StationError

_NOISE_BYTES_MAX = 65_536  # since the last good line
_POLL_S = 0.01  # while the station opens


class SerialInstrument:
    """One indicator with one reading. Implements `parts.Part` and `parts.Endpoint`."""

    has_inputs = False
    writes = False
    lapse_total = 0

    def __init__(self, wired: Wired, link: Link, monotonic: Callable[[], float]) -> None:
        instrument = wired.profile.profile.instrument
        if instrument is None:  # parse_profile has refused such a profile
            raise StationError(f"device '{wired.device.name}': not an instrument")
        self._device = wired.device
        self._instrument = instrument
        self._link = link
        self._monotonic = monotonic
        self._channels = [number for number, _ in wired.channels]
        self.statistics = LinkStatistics()
        self.fresh = False
        self._reading = 0.0
        self._reading_s = monotonic()
        self._port: SerialPort | None = None
        self._parser = IndicatorParser()
        self._noise_bytes = 0
        self._retry_s = 0.0
        self._heard_bytes = 0

    @property
    def parts(self) -> Sequence[SerialInstrument]:
        return [self]

    async def open(self) -> None:
        """Wait for a first good line. Raises StationError saying what came instead."""
        where = f"{self._device.place} ('{self._device.name}')"
        try:
            self._connect()
        except OSError as error:
            raise StationError(f"{where}: cannot open the serial port: {error}") from None
        end_s = self._now_s() + self._link.open_s_max
        while not self.fresh and self._now_s() < end_s:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        if not self.fresh:
            counters = self.statistics.counters
            await self.close()
            raise StationError(
                f"{where}: no good line within {self._link.open_s_max:g} s: "
                f"{self._heard_bytes} bytes, {counters.garbage_line_count} bad lines, "
                f"{counters.invalid_reading_count} of overload, tare or another unit than "
                f"{self._instrument.unit_text}; check cable, baud and the indicator's set-up"
            )

    async def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    async def sense(self, deadline_s: float) -> None:
        """Nothing to ask; a port that went is opened again, with pauses."""
        if self._port is None and self._now_s() >= self._retry_s:
            self._retry_s = self._now_s() + self._link.reconnect_s_max
            try:
                self._connect()
            except OSError:
                return
            self.statistics.counters.reconnect_count += 1

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        """It has no outputs."""

    def put(self, frame: SensorFrame, now_s: float) -> None:
        age_s = self.age_s(now_s)
        ok = self.fresh and age_s <= 1e-3 * self._instrument.silence_ms_max
        for number in self._channels:
            span = slice(number, number + 1)
            frame.reading[span] = array("d", (self._reading,))
            frame.reading_age_s[span] = array("d", (age_s,))
            frame.reading_ok[span] = bytes((ok,))

    def age_s(self, now_s: float) -> float:
        return now_s - self._reading_s

    def input_bits(self) -> int:
        return 0

    def readback_bits(self) -> int:
        return 0

    def _connect(self) -> None:
        device = self._device
        self._parser = IndicatorParser()
        self._noise_bytes = 0
        self._port = SerialPort(
            device.serial or "", device.baud, device.parity, self._received, self._lost
        )

    def _received(self, piece: bytes) -> None:
        self._heard_bytes += len(piece)
        self._noise_bytes += len(piece)
        for event in self._parser.feed(piece):
            self._take(event)
        if self._noise_bytes > _NOISE_BYTES_MAX:
            self.statistics.counters.babble_count += 1
            self._let_go()

    def _take(self, event: Indication | Garbage) -> None:
        counters = self.statistics.counters
        if isinstance(event, Garbage):
            counters.garbage_line_count += 1
            counters.checksum_fault_count += event.reason == "checksum"
            return
        self._noise_bytes = 0
        if event.is_overload or event.is_net or event.unit_text != self._instrument.unit_text:
            counters.invalid_reading_count += 1
            self.fresh = False
            return
        self._reading = event.reading
        self._reading_s = self._monotonic()
        self.fresh = True

    def _lost(self, why: str) -> None:
        self.statistics.counters.connection_lost_count += 1
        self._port = None
        self._let_go()

    def _let_go(self) -> None:
        """Close, count the reading as bad, and wait before the next try."""
        port, self._port = self._port, None
        if port is not None:
            port.close()
        self.fresh = False
        self._retry_s = self._now_s() + self._link.reconnect_s_max

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
