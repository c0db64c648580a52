"""The tables of a machine file that say what is wired to the press: instruments and modules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hil.bounds import Delay, Fraction, MachineError, Part


class Sensor(Part, frozen=True, kw_only=True):
    """An instrument; `channel_unit` is the unit its point's name ends with."""

    points: Annotated[tuple[str, ...], Meta(min_length=1, max_length=32)]
    kind: Literal["direct", "current_loop"] = "direct"
    range_low_channel_unit: Annotated[float, Meta(ge=-1e5, le=1e5)]
    range_high_channel_unit: Annotated[float, Meta(ge=-1e5, le=1e5)]
    counts_per_unit: Annotated[float, Meta(ge=0.1, le=1e7)]
    lag_s: Annotated[float, Meta(ge=0.0, le=300.0)] = 0.0
    dead_time_s: Delay = 0.0
    noise_channel_unit: Annotated[float, Meta(ge=0.0, le=1e3)] = 0.0
    bias_channel_unit_max: Annotated[float, Meta(ge=0.0, le=1e3)] = 0.0
    bias_slope_ratio_max: Fraction = 0.0
    offset_channel_unit: Annotated[float, Meta(ge=-1e5, le=1e5)] = 0.0
    drift_channel_unit_per_day: Annotated[float, Meta(ge=0.0, le=1e4)] = 0.0
    cross_ratio: Annotated[float, Meta(ge=-1.0, le=1.0)] = 0.0
    recovery_s: Annotated[float, Meta(ge=0.0, le=1e5)] = 0.0
    conversion_s: Annotated[float, Meta(ge=0.01, le=10.0)] = 0.01

    def __post_init__(self) -> None:
        if self.range_high_channel_unit <= self.range_low_channel_unit:
            raise ValueError("range_high_channel_unit must exceed range_low_channel_unit")


class Device(Part, frozen=True, kw_only=True):
    """One I/O module of the press; its registers are in the profile of that name.

    A shipped profile by name, or a file beside the machine file ("mine.toml").
    """

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
    profile: Annotated[str, Meta(min_length=1, max_length=255)]
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    lease_ms: Annotated[int, Meta(ge=20, le=10_000)] = 200


def named_twice(
    sensors: Iterable[Sensor], devices: Sequence[Device], wiring: Mapping[str, str]
) -> list[str]:
    """Points, modules, unit ids and terminals that appear more than once."""
    named = {
        "sensor.points": [point for sensor in sensors for point in sensor.points],
        "device.name": [device.name for device in devices],
        "device.unit_id": [str(device.unit_id) for device in devices],
        "wiring": list(wiring.values()),
    }
    return [
        f"{field}: {name} appears twice"
        for field, names in named.items()
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


def sensor_fields(
    sensors: Iterable[Sensor], points: Sequence[str], without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The instruments as a plant's C knows them, in the order of its `points`.

    `without` are keys that this plant's C does not have. Raises MachineError for a point that
    this plant does not have.
    """
    absent: dict[str, Any] = {"fitted": 0, "counts_per_unit": 1.0, "conversion_s": 1.0}
    by_point: dict[str, dict[str, Any]] = {}
    for sensor in sensors:
        row = msgspec.to_builtins(sensor)
        for key in ("points", *without):
            del row[key]
        row["current_loop"] = int(row.pop("kind") == "current_loop")
        for point in sensor.points:
            if point not in points:
                known = ", ".join(points)
                raise MachineError(f"sensor.points: no point {point!r}; there are {known}")
            by_point[point] = {**row, "fitted": 1}
    return [by_point.get(point, absent) for point in points]
