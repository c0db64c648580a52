"""What every station file has, whatever its class of unit: the wire and where it reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from controller.config.explain import near_miss
from controller.config.numbers import END
from controller.config.station import Channel
from controller.fieldbus.settings import Device, Link, Wiring
from controller.ports import SignalNames
from controller.realtime import Realtime
from controller.record.settings import Record
from controller.telemetry.settings import Mqtt

SPAN_MIN = 1e-3
SignalKey = Annotated[
    str, Meta(pattern=rf"^[a-z][a-z0-9_]{{0,63}}{END}", description="A signal's name")
]


class StationBase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    device: Annotated[list[Device], Meta(min_length=1, max_length=16)]
    wiring: Wiring
    link: Link
    channel: Annotated[dict[SignalKey, Channel], Meta(min_length=1, max_length=64)]
    mqtt: Mqtt
    record: Record
    realtime: Realtime = Realtime()

    def not_fitted(self, signals: SignalNames) -> frozenset[str]:
        """Signals that this machine has no terminal for: inputs without a channel."""
        return frozenset(signals.channels) - set(self.channel)


def wire_problems(station: StationBase, signals: SignalNames) -> Iterator[tuple[str, str]]:
    """(path, message) of channels, wires and devices that do not fit one another."""
    yield from _channel_problems(station, signals)
    yield from _wiring_problems(station, signals)
    names = [device.name for device in station.device]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"device[{index}].name", f'"{name}" is there twice; rename one'


def _channel_problems(station: StationBase, signals: SignalNames) -> Iterator[tuple[str, str]]:
    for name, channel in station.channel.items():
        if name not in signals.channels:
            yield f"channel.{name}", f"no such channel{near_miss(name, signals.channels)}"
        if channel.range_low + SPAN_MIN > channel.range_high:
            yield (
                f"channel.{name}.range_high",
                f"is {channel.range_high}, must be above range_low ({channel.range_low})",
            )


def _wiring_problems(station: StationBase, signals: SignalNames) -> Iterator[tuple[str, str]]:
    known = (
        *signals.channels,
        *signals.digital_inputs,
        *signals.digital_outputs,
        *signals.analogue_outputs,
    )
    absent = station.not_fitted(signals)
    devices = [device.name for device in station.device]
    seen: dict[str, str] = {}
    for name, point in station.wiring.items():
        path = f"wiring.{name}"
        if name not in known:
            yield path, f"no such signal{near_miss(name, known)}"
        elif name in signals.channels and name not in station.channel:
            yield path, f"is wired but has no [channel.{name}]; add it or remove the wire"
        elif name in absent:
            yield path, "is wired but this machine has no such part; remove the wire"
        device = point.partition(".")[0]
        if device not in devices:
            yield path, f'no device "{device}"; there are {", ".join(devices)}'
        if point in seen:
            yield path, f'"{point}" is already the point of {seen[point]}; one wire, one signal'
        seen.setdefault(point, name)
    for name in known:
        if name not in absent and name not in station.wiring:
            yield f"wiring.{name}", 'is missing; name its point, such as "dio.di_1"'
