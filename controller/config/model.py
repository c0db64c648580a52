"""The files a person writes as objects, and what only the whole of one can be asked.

A station file says what a machine is; a material file what a stack stands; a recipe what
to do. Nothing in a station file names a recipe. A station is of one class of unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from controller.config.material import Material
from controller.config.names import resolve
from controller.config.problem import ConfigError, Problem
from controller.config.source import Source, read_source
from controller.config.station import (
    Advice,
    Hydraulic,
    LastGate,
    Machine,
    MachineLimits,
    Ramp,
    Site,
    StackThermal,
    Zone,
)
from controller.config.station_base import StationBase, wire_problems
from controller.config.toml_file import decode, type_by_unit
from controller.config.wip_station import WipStation, wip_problems
from controller.ports import SignalNames


class Station(StationBase, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A hot press."""

    station: Site
    machine: Machine
    zone: Annotated[list[Zone], Meta(min_length=1, max_length=6)]
    stack: StackThermal
    hydraulic: Hydraulic
    limit: MachineLimits
    advice: Advice = Advice()
    ramp: Ramp
    last_gate: LastGate

    def not_fitted(self, signals: SignalNames) -> frozenset[str]:
        """Nor is there a relay where there is no zone."""
        relays = [f"heater_{number}_ssr" for number in range(1, len(self.zone) + 1)]
        lacks = {
            name
            for name in signals.digital_outputs
            if name.startswith("heater_") and name.endswith("_ssr") and name not in relays
        }
        return StationBase.not_fitted(self, signals) | lacks


def load_station(
    name_or_path: str, names: Mapping[str, SignalNames]
) -> tuple[Station | WipStation, Source]:
    """A shipped station by name, or a file; `names` are the signals of each class of unit that
    is welcome. Raises ConfigError with every problem."""
    source = read_source(resolve("station", name_or_path))
    kinds: dict[str, type[Station] | type[WipStation]] = {"press": Station, "wip": WipStation}
    welcome = {unit: kind for unit, kind in kinds.items() if unit in names}
    station = decode(source, type_by_unit(source, "station", welcome))
    signals = names[station.station.unit]
    found = [Problem(str(source.path), *pair) for pair in station_problems(station, signals)]
    if found:
        raise ConfigError(found)
    return station, source


def load_material(name_or_path: str, *, beside: Path | None = None) -> tuple[Material, Source]:
    """A shipped material by name, one in the folder `beside`, or a file."""
    source = read_source(resolve("material", name_or_path, beside=beside))
    return decode(source, Material), source


def station_problems(
    station: Station | WipStation, signals: SignalNames
) -> Iterator[tuple[str, str]]:
    """(path, message) of everything that no single key shows."""
    yield from wire_problems(station, signals)
    if isinstance(station, WipStation):
        yield from wip_problems(station)
    else:
        yield from _press_problems(station)


def _press_problems(station: Station) -> Iterator[tuple[str, str]]:
    for number in range(1, len(station.zone) + 1):
        name = f"zone_{number}_temperature_c"
        if name not in station.channel:
            yield f"channel.{name}", f"is missing: zone[{number - 1}] is heated by it; add it"
    gate = station.last_gate
    if gate.window_ticks % gate.window_resolution_ticks:
        yield (
            "last_gate.window_ticks",
            f"is {gate.window_ticks}, must be a multiple of window_resolution_ticks "
            f"({gate.window_resolution_ticks})",
        )
