"""What a station is made of: endpoints, each a way to some devices, whatever the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from controller.fieldbus.link_statistics import LinkStatistics
from controller.ports import OutputFrame, SensorFrame


class Part(Protocol):
    """One device of the station: what it said last, in the kernel's numbering."""

    @property
    def has_inputs(self) -> bool: ...

    @property
    def writes(self) -> bool: ...

    @property
    def fresh(self) -> bool:
        """Its last answer may be used."""
        ...

    @property
    def lapse_total(self) -> int: ...

    def put(self, frame: SensorFrame, now_s: float) -> None:
        """Channels and analogue read-backs, with their age."""
        ...

    def age_s(self, now_s: float) -> float: ...

    def input_bits(self) -> int: ...

    def readback_bits(self) -> int: ...


class Endpoint(Protocol):
    """`sense` and `actuate` never raise for a fault of the wire; `open` raises StationError."""

    @property
    def parts(self) -> Sequence[Part]: ...

    @property
    def statistics(self) -> LinkStatistics: ...

    async def open(self) -> None: ...

    async def sense(self, deadline_s: float) -> None:
        """Ask its devices, before `deadline_s` of the station's clock."""
        ...

    async def actuate(self, tick: int, frame: OutputFrame, deadline_s: float) -> None:
        """Write outputs; none is begun past the deadline."""
        ...

    async def close(self) -> None: ...


def image_of(frame: OutputFrame, analogue_outputs: Sequence[str]) -> Mapping[str, float | int]:
    """A copy of an output frame: the frame itself is the kernel's memory and moves on."""
    image: dict[str, float | int] = {name: getattr(frame, name) for name in analogue_outputs}
    image["digital_output_bits"] = frame.digital_output_bits
    return image
