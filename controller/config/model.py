"""The station file as one object, and what only the whole of it can be asked.

A station file says what a machine is; a material file what a stack stands; a recipe what
to do. Nothing in a station file names a recipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from controller.config.explain import near_miss
from controller.config.material import Material
from controller.config.names import resolve
from controller.config.numbers import END
from controller.config.problem import ConfigError, Problem
from controller.config.source import Source, read_source
from controller.config.station import (
    Advice,
    Channel,
    Hydraulic,
    LastGate,
    Machine,
    MachineLimits,
    Ramp,
    Site,
    StackThermal,
    Zone,
)
from controller.config.toml_file import decode
from controller.fieldbus.settings import Device, Link, Wiring
from controller.ports import SignalNames
from controller.realtime import Realtime
from controller.record.settings import Record
from controller.telemetry.settings import Mqtt

SignalKey = Annotated[
    str, Meta(pattern=rf"^[a-z][a-z0-9_]{{0,63}}{END}", description="A signal's name")
]


class Station(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    station: Site
    machine: Machine
    device: Annotated[list[Device], Meta(min_length=1, max_length=16)]
    wiring: Wiring
    link: Link
    channel: Annotated[dict[SignalKey, Channel], Meta(min_length=1, max_length=64)]
    zone: Annotated[list[Zone], Meta(min_length=1, max_length=6)]
    stack: StackThermal
    hydraulic: Hydraulic
    limit: MachineLimits
    advice: Advice = Advice()
    ramp: Ramp
    last_gate: LastGate
    mqtt: Mqtt
    record: Record
    realtime: Realtime = Realtime()


def load_station(name_or_path: str, signals: SignalNames) -> tuple[Station, Source]:
    """A shipped station by name, or a file. Raises ConfigError with every problem."""
    source = read_source(resolve("station", name_or_path))
    station = decode(source, Station)
    found = [Problem(str(source.path), *pair) for pair in station_problems(station, signals)]
    if found:
        raise ConfigError(found)
    return station, source


def load_material(name_or_path: str, *, beside: Path | None = None) -> tuple[Material, Source]:
    """A shipped material by name, one in the folder `beside`, or a file."""
    source = read_source(resolve("material", name_or_path, beside=beside))
    return decode(source, Material), source


def station_problems(station: Station, signals: SignalNames) -> Iterator[tuple[str, str]]:
    """(path, message) of everything that no single key shows."""
    yield from _channel_problems(station, signals)
    yield from _wiring_problems(station, signals)
    names = [device.name for device in station.device]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"device[{index}].name", f'"{name}" is there twice; rename one'
    gate = station.last_gate
    if gate.window_ticks % gate.window_resolution_ticks:
        yield (
            "last_gate.window_ticks",
            f"is {gate.window_ticks}, must be a multiple of window_resolution_ticks "
            f"({gate.window_resolution_ticks})",
        )


def _channel_problems(station: Station, signals: SignalNames) -> Iterator[tuple[str, str]]:
    for name, channel in station.channel.items():
        if name not in signals.channels:
            yield f"channel.{name}", f"no such channel{near_miss(name, signals.channels)}"
        if channel.range_low >= channel.range_high:
            yield (
                f"channel.{name}.range_high",
                f"is {channel.range_high}, must be above range_low ({channel.range_low})",
            )
    for number in range(1, len(station.zone) + 1):
        name = f"zone_{number}_temperature_c"
        if name not in station.channel:
            yield f"channel.{name}", f"is missing: zone[{number - 1}] is heated by it; add it"


def _wiring_problems(station: Station, signals: SignalNames) -> Iterator[tuple[str, str]]:
    known = (
        *signals.channels,
        *signals.digital_inputs,
        *signals.digital_outputs,
        *signals.analogue_outputs,
    )
    wanted = (set(station.channel) & set(known)) | (set(known) - set(signals.channels))
    devices = [device.name for device in station.device]
    seen: dict[str, str] = {}
    for name, point in station.wiring.items():
        path = f"wiring.{name}"
        if name not in known:
            yield path, f"no such signal{near_miss(name, known)}"
        elif name in signals.channels and name not in station.channel:
            yield path, f"is wired but has no [channel.{name}]; add it or remove the wire"
        device = point.partition(".")[0]
        if device not in devices:
            yield path, f'no device "{device}"; there are {", ".join(devices)}'
        if point in seen:
            yield path, f'"{point}" is already the point of {seen[point]}; one wire, one signal'
        seen.setdefault(point, name)
    for name in known:
        if name in wanted and name not in station.wiring:
            yield f"wiring.{name}", 'is missing; name its point, such as "dio.di_1"'
