"""A whole press: the tables of a machine file as one frozen, fully bounded type.

The tables are in `hil.parts`, `hil.hydraulic`, `hil.instruments` and `hil.spread`; what only
the whole press can know is in `_impossible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hil.bounds import MachineError, Part, Room, Terminal, explained
from hil.hydraulic import Hydraulic
from hil.instruments import Device, Sensor, named_twice
from hil.parts import ZONE_MAX, Chamber, Displacement, Electrical, Stack, Thermal, Zone
from hil.spread import Variation

__all__ = [
    "ZONE_MAX",
    "Chamber",
    "Device",
    "Displacement",
    "Electrical",
    "Hydraulic",
    "Machine",
    "MachineError",
    "Sensor",
    "Stack",
    "Thermal",
    "Variation",
    "Zone",
    "explained",
]


class Machine(Part, frozen=True, kw_only=True):
    """A whole press. Build one with `read_machine`."""

    kind: Literal["press"] = "press"
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: Annotated[str, Meta(max_length=400)] = ""
    ambient_temperature_c: Room
    water_temperature_c: Annotated[float, Meta(ge=0.0, le=60.0)]
    zone: Annotated[tuple[Zone, ...], Meta(min_length=1, max_length=ZONE_MAX)]
    thermal: Thermal
    hydraulic: Hydraulic
    stack: Stack
    electrical: Electrical
    displacement: Displacement
    chamber: Chamber | None = None
    variation: Variation = Variation()
    sensor: Annotated[tuple[Sensor, ...], Meta(min_length=1, max_length=32)]
    device: Annotated[tuple[Device, ...], Meta(max_length=32)] = ()
    wiring: dict[Terminal, Terminal] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for problem in _impossible(self):
            raise ValueError(problem)

    def with_stack(self, changes: Mapping[str, float]) -> Machine:
        """The same press with another workpiece. Keys are fields of `Stack`.

        Raises MachineError for an unknown key or a number out of its bounds.
        """
        stack = {**msgspec.to_builtins(self.stack), **changes}
        try:
            return msgspec.structs.replace(self, stack=msgspec.convert(stack, Stack))
        except msgspec.ValidationError as error:
            raise MachineError(explained(f"{self.name}, stack", error)) from None


def _impossible(machine: Machine) -> list[str]:
    """Rules that only the whole press knows."""
    problems = []
    for platen in ("top", "bottom"):
        shares = [zone.contact_weight_ratio for zone in machine.zone if zone.platen == platen]
        if shares and abs(sum(shares) - 1.0) > 1e-6:
            problems.append(f"zone: contact_weight_ratio of the {platen} zones must sum to 1")
    order = [zone.platen for zone in machine.zone]
    if order != sorted(order, reverse=True):
        problems.append("zone: top zones come first, then bottom zones, side by side")
    electrical = machine.electrical
    if max(electrical.limiter_zone_top, electrical.limiter_zone_bottom) > len(machine.zone):
        problems.append(f"electrical.limiter_zone_*: there are {len(machine.zone)} zones")
    hydraulic = machine.hydraulic
    if hydraulic.friction_static_kn < hydraulic.friction_coulomb_kn:
        problems.append("hydraulic.friction_static_kn: must not be below friction_coulomb_kn")
    return problems + named_twice(machine.sensor, machine.device, machine.wiring)
