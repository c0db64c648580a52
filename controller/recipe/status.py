"""What the kernel's tables say, in words, for every class of unit: the part of an observation
that the procedure itself looks at.

Protocols with the headers' names, so that the C structs fit as they are and a test may pass a
plain object.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Protocol, TypedDict

from msgspec import Struct

QUALITY_BAD = 2


class Advice(IntFlag):
    """What an advisory asks of a recipe: enum press_advice."""

    WARN = 1
    HOLD = 2
    HEATERS_OFF = 4
    PUMP_OFF = 8


NO_ADVICE = Advice(0)


@dataclass(frozen=True, slots=True)
class KernelNames:
    """Names of the kernel's table rows in order of their bits, from the unit's header."""

    permissives: tuple[str, ...]
    interlocks: tuple[str, ...]
    trips: tuple[str, ...]
    advisories: tuple[str, ...] = ()
    advice: tuple[int, ...] = ()
    """What each advisory asks, as bits of `Advice`."""


class Tables(Protocol):
    """The tables' bits in an observation of any class of unit."""

    @property
    def first_out_channel_unit(self) -> float: ...
    @property
    def permissive_missing_bits(self) -> int: ...
    @property
    def interlock_bits(self) -> int: ...
    @property
    def trip_bits(self) -> int: ...
    @property
    def advisory_bits(self) -> int: ...
    @property
    def first_out_trip(self) -> int: ...


class Lease(Protocol):
    """The part of a command of any class of unit that is not asked but kept up."""

    valid_until_tick: int
    reset: int


class AskBase(Struct, frozen=True):
    """What is asked of a kernel: fields by the names of its command struct."""

    def write(self, command: Lease, *, valid_until_tick: int, reset: bool) -> None:
        """Fill the command in place; renews its lease."""
        for name in self.__struct_fields__:
            setattr(command, name, getattr(self, name))
        command.valid_until_tick = valid_until_tick
        command.reset = int(reset)


class Status(Struct, frozen=True, kw_only=True):
    """Names stand for bits. `pressure_mpa` is what is enclosed, `released` that nothing is."""

    pressure_mpa: float
    missing: tuple[str, ...]
    interlocks: tuple[str, ...]
    trips: tuple[str, ...]
    first_out: str
    first_out_number: float
    holding: tuple[str, ...] = ()
    """Advisories that stand and ask for a hold."""
    advice: Advice = NO_ADVICE

    @property
    def released(self) -> bool:
        return "pressure_released" not in self.missing


class Named(TypedDict):
    missing: tuple[str, ...]
    interlocks: tuple[str, ...]
    trips: tuple[str, ...]
    first_out: str
    first_out_number: float
    holding: tuple[str, ...]
    advice: Advice


def named(observation: Tables, names: KernelNames) -> Named:
    """The fields of `Status` that come from the tables."""
    trips = _names(observation.trip_bits, names.trips)
    first = observation.first_out_trip
    holding, advice = _advised(observation.advisory_bits, names)
    return {
        "missing": _names(observation.permissive_missing_bits, names.permissives),
        "interlocks": _names(observation.interlock_bits, names.interlocks),
        "trips": trips,
        "first_out": names.trips[first] if 0 <= first < len(names.trips) else ", ".join(trips),
        "first_out_number": observation.first_out_channel_unit,
        "holding": holding,
        "advice": advice,
    }


def _advised(bits: int, names: KernelNames) -> tuple[tuple[str, ...], Advice]:
    if bits == 0:
        return (), NO_ADVICE
    stands = [
        (name, Advice(advice & 15))
        for number, (name, advice) in enumerate(zip(names.advisories, names.advice, strict=True))
        if bits >> number & 1
    ]
    asked = NO_ADVICE
    for _, advice in stands:
        asked |= advice
    return tuple(name for name, advice in stands if Advice.HOLD in advice), asked


def _names(bits: int, names: tuple[str, ...]) -> tuple[str, ...]:
    if bits == 0:
        return ()
    return tuple(
        names[bit] if bit < len(names) else f"row {bit}"
        for bit in range(bits.bit_length())
        if bits >> bit & 1
    )
