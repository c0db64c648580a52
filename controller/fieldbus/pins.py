"""Pins of this computer as digital inputs and outputs, through libgpiod 2.

A warning that belongs to the code: the lease that ends the outputs of a silent host is kept
by whoever owns the terminal, and here that is the same computer. What this module can do:
start with outputs off; switch them off when the loop has not written for `lease_ms`; on
closing or failing switch them off and let them float. What it cannot do is act when the
computer hangs. So outputs that can do harm need `heartbeat_pin`: it changes with every
output written and feeds a retriggerable relay (a charge pump or a safety watchdog relay)
that owns the power of the outputs. Without it use the pins for lamps, not for heaters.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.fieldbus.link_statistics import LinkStatistics
from controller.fieldbus.settings import Device, Link
from controller.fieldbus.wiring import Wired
from controller.ports import OutputFrame, SensorFrame, StationError

_CONSUMER = "hotpress"


@dataclass(frozen=True, slots=True)
class PinRequest:
    """Lines of one chip. Outputs start off."""

    chip: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    active_low: frozenset[int]


class PinLines(Protocol):
    """Lines that are ours; every method raises OSError when they are not any more."""

    def read(self) -> Mapping[int, bool]:
        """All lines, inputs and outputs, on or off."""
        ...

    def write(self, states: Mapping[int, bool]) -> None: ...

    def release(self) -> None:
        """Outputs off, then floating, then given back."""
        ...


class GpiodLines:
    """`gpiod` is the package gpiod >= 2, or something that behaves like it."""

    def __init__(self, gpiod: Any, request: PinRequest) -> None:
        """Raises OSError when the chip or a line cannot be had."""
        self._gpiod = gpiod
        self._outputs = request.outputs
        config = {}
        for offset in (*request.inputs, *request.outputs):
            is_output = offset in request.outputs
            direction = gpiod.line.Direction
            config[offset] = gpiod.LineSettings(
                direction=direction.OUTPUT if is_output else direction.INPUT,
                output_value=gpiod.line.Value.INACTIVE,
                active_low=offset in request.active_low,
            )
        self._offsets = tuple(config)
        self._lines = gpiod.request_lines(request.chip, config=config, consumer=_CONSUMER)

    def read(self) -> Mapping[int, bool]:
        active = self._gpiod.line.Value.ACTIVE
        levels = self._lines.get_values(self._offsets)
        return {o: level == active for o, level in zip(self._offsets, levels, strict=True)}

    def write(self, states: Mapping[int, bool]) -> None:
        value = self._gpiod.line.Value
        if states:
            self._lines.set_values(
                {offset: value.ACTIVE if on else value.INACTIVE for offset, on in states.items()}
            )

    def release(self) -> None:
        try:
            self.write(dict.fromkeys(self._outputs, False))
            if self._outputs:
                floating = self._gpiod.LineSettings(direction=self._gpiod.line.Direction.INPUT)
                self._lines.reconfigure_lines({self._outputs: floating})
        finally:
            self._lines.release()


def open_gpiod(request: PinRequest) -> PinLines:
    """Raises StationError when gpiod is not installed, OSError when the lines cannot be had."""
    try:
        gpiod = importlib.import_module("gpiod")
    except ImportError:
        raise StationError(
            f"{request.chip}: pins need the package gpiod >= 2: pip install 'hotpress[gpio]'"
        ) from None
    return GpiodLines(gpiod, request)


def pin_request(wired: Wired) -> PinRequest:
    """The lines the wiring uses. Raises StationError when the station file does not fit itself."""
    device = wired.device
    inputs = {point.name: bit for bit, point in wired.digital_inputs}
    outputs = {point.name: bit for bit, point in wired.digital_outputs}
    for name in (*inputs, *outputs):
        if name not in device.pin:
            raise StationError(
                f"device '{device.name}': {name} is wired, but pin.{name} is missing; "
                "give the number of its line"
            )
    for name in (*device.pin, *device.active_low):
        if name not in inputs and name not in outputs:
            raise StationError(f"device '{device.name}': pin {name}: no signal is wired to it")
    heartbeat = () if device.heartbeat_pin is None else (device.heartbeat_pin,)
    offsets = [*device.pin.values(), *heartbeat]
    if len(set(offsets)) != len(offsets):
        raise StationError(f"device '{device.name}': pin: a line is there twice")
    return PinRequest(
        chip=device.place,
        inputs=tuple(device.pin[name] for name in inputs),
        outputs=(*(device.pin[name] for name in outputs), *heartbeat),
        active_low=frozenset(device.pin[name] for name in device.active_low),
    )


class PinBank:
    """The pins of one [[device]]. Implements `parts.Part` and `parts.Endpoint`."""

    def __init__(
        self,
        wired: Wired,
        link: Link,
        monotonic: Callable[[], float],
        open_pins: Callable[[PinRequest], PinLines],
    ) -> None:
        self._device: Device = wired.device
        self._request = pin_request(wired)
        pin = wired.device.pin
        self._inputs = [(pin[point.name], bit) for bit, point in wired.digital_inputs]
        self._outputs = [(pin[point.name], bit) for bit, point in wired.digital_outputs]
        self.has_inputs = bool(self._inputs)
        self.writes = bool(self._outputs)
        self._link = link
        self._monotonic = monotonic
        self._open_pins = open_pins
        self.statistics = LinkStatistics()
        self.fresh = False
        self.lapse_total = 0
        self._input_bits = self._readback_bits = 0
        self._read_s = monotonic()
        self._lines: PinLines | None = None
        self._lease: asyncio.TimerHandle | None = None
        self._beat = False
        self._retry_s = 0.0

    @property
    def parts(self) -> Sequence[PinBank]:
        return [self]

    async def open(self) -> None:
        """Take the lines, outputs off. Raises StationError."""
        try:
            self._lines = self._open_pins(self._request)
        except OSError as error:
            raise StationError(
                f"device '{self._device.name}': cannot have the lines of {self._device.place}: "
                f"{error}; see `gpioinfo` for who holds them"
            ) from None

    async def close(self) -> None:
        self._drop()

    async def sense(self, deadline_s: float) -> None:
        self.fresh = False
        if not self._have_lines():
            return
        assert self._lines is not None
        try:
            states = self._lines.read()
        except OSError:
            self._lost()
            return
        self._input_bits = sum(states[line] << bit for line, bit in self._inputs)
        self._readback_bits = sum(states[line] << bit for line, bit in self._outputs)
        self._read_s = self._monotonic()
        self.fresh = True

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        if not self.writes or self._lines is None:
            return
        if self._monotonic() > deadline_s:
            self.statistics.counters.late_write_count += 1
            return
        bits = frame.digital_output_bits
        states = {line: bool(bits >> bit & 1) for line, bit in self._outputs}
        if self._device.heartbeat_pin is not None:
            self._beat = not self._beat
            states[self._device.heartbeat_pin] = self._beat
        try:
            self._lines.write(states)
        except OSError:
            self._lost()
            return
        self._renew()

    def put(self, frame: SensorFrame, now_s: float) -> None:
        """Pins carry no channels."""

    def age_s(self, now_s: float) -> float:
        return now_s - self._read_s

    def input_bits(self) -> int:
        return self._input_bits

    def readback_bits(self) -> int:
        return self._readback_bits

    def _renew(self) -> None:
        if self._lease is not None:
            self._lease.cancel()
        loop = asyncio.get_running_loop()
        self._lease = loop.call_later(1e-3 * self._device.lease_ms, self._lapse)

    def _lapse(self) -> None:
        """The loop has not written for so long: outputs off."""
        self._lease = None
        self.lapse_total += 1
        if self._lines is not None:
            try:
                self._lines.write({line: False for line, _ in self._outputs})
            except OSError:
                self._lost()

    def _have_lines(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if self._lines is None and now_s >= self._retry_s:
            self._retry_s = now_s + self._link.reconnect_s_max
            try:
                self._lines = self._open_pins(self._request)
            except (OSError, StationError):
                return False
            self.statistics.counters.reconnect_count += 1
            self.lapse_total += 1  # the outputs were off meanwhile
        return self._lines is not None

    def _lost(self) -> None:
        self.statistics.counters.connection_lost_count += 1
        self._drop()

    def _drop(self) -> None:
        lines, self._lines = self._lines, None
        self.fresh = False
        if self._lease is not None:
            self._lease.cancel()
            self._lease = None
        if lines is not None:
            try:
                lines.release()
            except OSError:
                self.statistics.counters.protocol_fault_count += 1
