"""What a machine file says about its modules, held against their profiles.

The registers are in the profiles: so that a wire to a terminal that no module has, or a
profile whose registers overlap, is refused when the file is read and not when it is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec.structs import replace

from hil.devices.indicator_profile import IndicatorKind, indicator_kind
from hil.devices.profile import ModuleMap, ProfileError, read_profile
from hil.instruments import Device


class Wired(Protocol):
    """A machine description, of whatever kind, as far as its wires go."""

    @property
    def device(self) -> Sequence[Device]: ...

    @property
    def wiring(self) -> Mapping[str, str]: ...


M = TypeVar("M", bound=Wired)


def with_own_profiles(machine: M, beside: Path | None) -> M:
    """Profiles named as files ("mine.toml") become paths beside the machine file."""
    if beside is None or not any(device.profile.endswith(".toml") for device in machine.device):
        return machine
    devices = tuple(
        replace(device, profile=str(beside / device.profile))
        if device.profile.endswith(".toml")
        else device
        for device in machine.device
    )
    return replace(machine, device=devices)  # type: ignore[type-var]


def loose_end(machine: Wired) -> str | None:
    """The first thing that does not fit, with its path; None when all does."""
    maps: dict[str, ModuleMap | IndicatorKind] = {}
    for number, device in enumerate(machine.device):
        try:
            found = indicator_kind(device.profile)
            maps[device.name] = read_profile(device.profile) if found is None else found
        except ProfileError as error:
            return f"device[{number}].profile: {error}"
    for signal, address in machine.wiring.items():
        name, _, point = address.partition(".")
        if name not in maps:
            return f'wiring.{signal}: "{address}": no device is named "{name}"'
        if not _has(maps[name], point):
            profile = next(d.profile for d in machine.device if d.name == name)
            return f'wiring.{signal}: "{address}": {profile} has no terminal "{point}"'
    return None


def _has(module: ModuleMap | IndicatorKind, point: str) -> bool:
    if isinstance(module, IndicatorKind):
        return point == module.point
    blocks = [module.sense] if module.actuate is None else [module.sense, module.actuate]
    return any(point in group.names() for block in blocks for group in block.terminals)
