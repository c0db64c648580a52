"""What the control loop asks of the world, and nothing else.

The loop, the simulator and the field drivers meet here. `hil` may import this module
and no other of `controller`: a simulator that reuses the controller's code agrees with
its bugs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class SignalNames:
    """The wire's points by name, in the order of the kernel's frames (from press.h).

    `channels[i]` is the name of `reading[i]`; `digital_inputs[i]` of bit i of
    `digital_input_bits`; `digital_outputs[i]` of bit i of `digital_output_bits`;
    `analogue_outputs` are the fractions of an output frame (0..1).
    """

    channels: tuple[str, ...]
    digital_inputs: tuple[str, ...]
    digital_outputs: tuple[str, ...]
    analogue_outputs: tuple[str, ...]


class Tick(Struct, frozen=True, gc=False):
    """One beat of the clock. One is made every tick: a Struct is, in a fraction of the time.

    `index` counts from 0; `monotonic_s` is the clock's own time of this beat's due
    instant; `utc_ns` labels it for people and records; `lateness_s` is how late the
    loop woke, 0 in virtual time; `missed` counts beats skipped since the last one.
    """

    index: int
    monotonic_s: float
    utc_ns: int
    lateness_s: float = 0.0
    missed: int = 0


class SensorFrame(Protocol):
    """Where a station puts what it sensed. Buffers are the kernel's own memory.

    Which analogue outputs a unit has is its signal list's affair: for each name in
    `SignalNames.analogue_outputs` there is a float attribute `<name>_readback` beside these.
    """

    reading: memoryview  # 'd', one a channel: mA for a current loop, else the channel's unit
    reading_age_s: memoryview  # 'd'
    reading_ok: memoryview  # 'B', 0 when the device or the wire calls the reading bad
    digital_input_bits: int
    digital_age_s: float
    digital_ok: bool
    digital_output_bits_readback: int
    readback_ok: bool
    lease_lapse_count: int


class OutputFrame(Protocol):
    """What a station must put on the wire.

    Beside the digital outputs a float attribute, 0..1, for each name in
    `SignalNames.analogue_outputs`.
    """

    @property
    def digital_output_bits(self) -> int: ...


class Station(Protocol):
    """The press, or something that behaves like it, as the loop sees it.

    `sense` and `actuate` never raise for a fault of the field: a lost or late answer
    is a frame with bad quality. `open` raises `StationError` when the station is not
    the one configured.
    """

    async def open(self) -> None: ...

    async def sense(self, tick: Tick, frame: SensorFrame) -> None: ...

    async def actuate(self, tick: Tick, frame: OutputFrame) -> None: ...

    async def close(self) -> None: ...

    def statistics(self) -> Mapping[str, float]:
        """Counters and timings of the link, by signal name (unit as suffix)."""
        ...


class SimulatedStation(Station, Protocol):
    """A station over a plant in this process, which can tell the truth about itself."""

    def truth(self) -> Mapping[str, float]:
        """True state of the plant by signal name, without sensor error."""
        ...


class StationError(Exception):
    """A station could not be opened: wrong device, no answer, bad wiring."""


class Clock(Protocol):
    """Where time comes from."""

    def ticks(self) -> AsyncGenerator[Tick, None]: ...

    def monotonic_s(self) -> float: ...

    def utc_ns(self) -> int: ...


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"
    TRIP = "trip"


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person may ask about later.

    `kind` is one of: phase, trip, interlock, advisory, permissive, quality, link,
    timing, operator, batch. `source` is a signal, table row or phase name. `detail` holds
    numbers with unit-suffixed keys.
    """

    tick: int
    monotonic_s: float
    utc_ns: int
    kind: str
    source: str
    severity: Severity
    message: str
    detail: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """One column of the record and one measurement of telemetry.

    `unit` is the suffix's unit as people write it ('°C', 'MPa', ''); `channel` is the
    place of its quality in `Sample.quality`, or -1 for a signal that has none.
    """

    name: str
    unit: str
    channel: int = -1


@dataclass(frozen=True, slots=True)
class Sample:
    """All signals at one instant: `values[i]` belongs to `signals[i]` of the kernel."""

    tick: Tick
    phase: str
    values: tuple[float, ...]
    quality: bytes  # at the place Signal.channel names: 0 good, 1 uncertain, 2 bad


class Sink(Protocol):
    """Takes what happened. Never awaits and never raises into the loop."""

    def sample(self, sample: Sample) -> None: ...

    def event(self, event: Event) -> None: ...
