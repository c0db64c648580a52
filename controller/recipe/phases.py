"""The phases of a press recipe as data: what may be written under `[[phase]]`.

A recipe is a list of phases, each tagged by `kind`, each a table of numbers. There are no
expressions and no conditions: what a phase waits for is fixed by its kind (see
controller.recipe.procedure) and only how much and how long is the recipe's.

Every phase ends in one of three ways: its exit condition, its timeout, or an abort.
A `timeout_s` that is not given is derived from the phase's own numbers at entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.numbers import (
    DensityGPerCm3,
    DurationS,
    Name,
    RateCPerMin,
    RateMpaPerS,
    TimeoutS,
    ToleranceK,
    ToleranceMpa,
)
from controller.recipe.segments import Segment

OnTimeout = Literal["hold", "stop", "abort"]
"""hold: freeze and wait for the operator. stop: cool under pressure, release, unload.
abort: heaters off, keep the pressure until the stack is cool."""

OnAbort = Literal["release_when_cool", "retain"]
"""What an abort does with the pressure of this phase once the stack is cool."""

PositiveTemperatureC = Annotated[float, Meta(ge=5.0, le=400.0, description="°C")]
PositiveMpa = Annotated[float, Meta(ge=0.01, le=700.0, description="Stack pressure in MPa")]
HeldBackS = Annotated[
    float, Meta(ge=1.0, le=86_400.0, description="Longest time the ramp may stand still, s")
]


class PhaseBase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every phase has."""

    name: Name | None = None
    """In the record; the kind when it is not given."""
    timeout_s: TimeoutS | None = None


class Gate(PhaseBase, frozen=True, tag="gate"):
    """Arm the kernel and wait for every permissive. Nothing moves."""

    on_timeout: Literal["abort"] = "abort"


class Touch(PhaseBase, frozen=True, tag="touch"):
    """Close the daylight at low force until the platens have touched for `settle_s`."""

    pressure_mpa: PositiveMpa
    rate_mpa_per_s: RateMpaPerS = 0.1
    settle_s: DurationS = 1.0
    on_timeout: OnTimeout = "abort"


class Prepress(PhaseBase, frozen=True, tag="prepress"):
    """A first, low pressure, so that heat flows into the stack."""

    pressure_mpa: PositiveMpa
    rate_mpa_per_s: RateMpaPerS
    hold_s: DurationS = 0.0
    tolerance_mpa: ToleranceMpa = 1.0
    holdback_mpa: ToleranceMpa = 2.0
    holdback_s_max: HeldBackS = 60.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Heat(PhaseBase, frozen=True, tag="heat"):
    """Ramp the zones to `temperature_c`, at the pressure reached before."""

    temperature_c: PositiveTemperatureC
    rate_c_per_min: RateCPerMin
    holdback_k: ToleranceK = 3.0
    holdback_s_max: HeldBackS = 300.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Soak(PhaseBase, frozen=True, tag="soak"):
    """Wait until the *estimated stack*, certain enough, and all zones have been near the target
    for `soak_s` in all. Time outside the tolerances does not count and is not lost."""

    soak_s: DurationS
    stack_tolerance_k: ToleranceK = 2.0
    zone_tolerance_k: ToleranceK = 2.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Pressurise(PhaseBase, frozen=True, tag="pressurise"):
    """Ramp the stack to `pressure_mpa`."""

    pressure_mpa: PositiveMpa
    rate_mpa_per_s: RateMpaPerS
    tolerance_mpa: ToleranceMpa = 2.0
    stack_tolerance_k: ToleranceK = 5.0
    """Entry guard: the estimated stack must be this near the target."""
    holdback_mpa: ToleranceMpa = 3.0
    holdback_s_max: HeldBackS = 60.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Hold(PhaseBase, frozen=True, tag="hold"):
    """Keep pressure and temperature until `hold_s` in all were spent within the band.

    With `until_density_g_per_cm3` or `until_slope_per_decade` the hold ends when the measured
    density says so, between `hold_s_min` and `hold_s_max`; `hold_s` is then what decides when
    the density cannot be measured well enough (see controller.recipe.density).
    """

    hold_s: DurationS
    hold_s_min: DurationS = 0.0
    hold_s_max: DurationS | None = None
    """Of a hold that ends on density; `hold_s` when it is not given."""
    until_density_g_per_cm3: DensityGPerCm3 | None = None
    until_slope_per_decade: (
        Annotated[float, Meta(ge=1e-4, le=5.0, description="dD/dlog10 t, g/cm³")] | None
    ) = None
    density_tolerance_g_per_cm3: Annotated[
        float, Meta(ge=0.001, le=1.0, description="Half the window; twice sigma must fit in")
    ] = 0.05
    density_g_per_cm3_min: DensityGPerCm3 | None = None
    density_g_per_cm3_max: DensityGPerCm3 | None = None
    on_density: OnTimeout = "hold"
    """Above the maximum at any time, or below the minimum when the time is over."""
    pressure_mpa_max: PositiveMpa | None = None
    """Press on up to this while the density is not there, at `creep_mpa_per_s`."""
    creep_mpa_per_s: RateMpaPerS = 0.1
    keep_fraction: Annotated[
        float, Meta(ge=0.1, le=1.0, description="Of the pressure at the end: it is cooled under")
    ] = 1.0
    """Below 1 the powder stops where it is; at 1 it goes on while it cools."""
    keep_mpa_per_s: RateMpaPerS = 2.0
    pressure_band_fraction: Annotated[
        float, Meta(ge=0.001, le=0.2, description="Of the pressure target, either side")
    ] = 0.02
    stack_tolerance_k: ToleranceK = 5.0
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Programme(PhaseBase, frozen=True, tag="programme"):
    """Temperature and pressure through coupled segments (see controller.recipe.programme)."""

    segment: Annotated[list[Segment], Meta(min_length=1, max_length=64)]
    start: Literal["servo_to_pv", "setpoint"] = "servo_to_pv"
    """Where setpoints begin: at the measurements, or where the phase before left them."""
    mutual_holdback: bool = True
    """A loop that waits makes the other wait with it."""
    medium: Literal["water", "air", "none"] = "none"
    """For segments whose temperature falls."""
    on_timeout: OnTimeout = "stop"
    on_abort: OnAbort = "release_when_cool"


class Cool(PhaseBase, frozen=True, tag="cool"):
    """Cool with the pressure kept until stack and all zones are at or below `temperature_c`."""

    temperature_c: PositiveTemperatureC
    rate_c_per_min: RateCPerMin
    medium: Literal["water", "air", "none"] = "water"
    holdback_k: ToleranceK = 8.0
    holdback_s_max: HeldBackS = 1800.0
    on_timeout: OnTimeout = "hold"
    on_abort: OnAbort = "release_when_cool"


class Release(PhaseBase, frozen=True, tag="release"):
    """Take the pressure off at a rate that lets trapped gas out."""

    rate_mpa_per_s: RateMpaPerS
    released_mpa: PositiveMpa = 5.0
    """The phase ends at or below this; `unload` takes the rest, which no valve controls."""
    stack_temperature_c_max: PositiveTemperatureC = 60.0
    """Entry guard, on the estimated stack."""
    holdback_mpa: ToleranceMpa = 10.0
    holdback_s_max: HeldBackS = 120.0
    on_timeout: OnTimeout = "abort"
    on_abort: OnAbort = "release_when_cool"


class Unload(PhaseBase, frozen=True, tag="unload"):
    """Open the daylight until nothing touches and the cylinder is without pressure."""

    settle_s: DurationS = 2.0
    on_timeout: OnTimeout = "abort"


Phase = (
    Gate | Touch | Prepress | Heat | Soak | Pressurise | Hold | Programme | Cool | Release | Unload
)
KINDS: tuple[type[PhaseBase], ...] = (
    Gate, Touch, Prepress, Heat, Soak, Pressurise, Hold, Programme, Cool, Release, Unload,
)  # fmt: skip


def kind_of(phase: PhaseBase) -> str:
    """The phase's `kind` as it is written in the file."""
    return str(phase.__struct_config__.tag)


def ends_on_density(phase: Phase) -> bool:
    return isinstance(phase, Hold) and (
        phase.until_density_g_per_cm3 is not None or phase.until_slope_per_decade is not None
    )


def labels(phases: Sequence[PhaseBase]) -> tuple[str, ...]:
    """A name for each phase, no two alike: `hold`, `hold-2`."""
    found: list[str] = []
    for phase in phases:
        name = label = phase.name or kind_of(phase)
        number = 1
        while label in found:
            number += 1
            label = f"{name}-{number}"
        found.append(label)
    return tuple(found)
