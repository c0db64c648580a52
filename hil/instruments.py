"""The tables of a machine file that say what is wired to the press: instruments and modules."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hil.bounds import Delay, Fraction, Part


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
