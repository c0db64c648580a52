"""What lies between the platens, and how far it may be taken: the part of a recipe that
the kernel must know, so that it can refuse on its own."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.config.numbers import DurationS, Name, PressureMpa, TemperatureC, Text

AreaMm2 = Annotated[float, Meta(ge=25.0, le=62_500.0, description="mm², at most 250 × 250 mm")]
ArealMass = Annotated[
    float, Meta(ge=0.0, le=50.0, description="g/cm² of the whole stack; 0 when it was not weighed")
]


MassSigma = Annotated[
    float, Meta(ge=0.0, le=0.5, description="Standard uncertainty of the areal mass, of it")
]
ReferenceMm = Annotated[
    float, Meta(ge=-100.0, le=500.0, description="LVDT mean with the empty tooling closed, mm")
]


class Stack(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Geometry and mass. `layers` is from bottom to top, for people and the record."""

    area_mm2: AreaMm2
    areal_mass_g_per_cm2: ArealMass
    areal_mass_sigma_fraction: MassSigma = 0.01
    """How much the mass differs from one stack to the next when it is not weighed."""
    layers: Annotated[list[Text], Meta(min_length=1, max_length=32)]
    has_lithium_metal: bool = False
    """Lithium creeps and melts: lower temperature and pressure apply."""
    charged: bool = False
    """A cell that holds charge; such a stack is never pressed hot."""


class RecipeLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the recipe itself must never exceed. The kernel trips on both maxima."""

    temperature_c_max: TemperatureC
    pressure_mpa_max: PressureMpa
    hot_only: bool = False
    """Cold-stack rule: no pressing pressure until the stack is near the press temperature."""
    held_s_max: DurationS = 3600.0
    """A batch held for longer is ended in order (stop): nobody came back."""


class Batch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run of a recipe. A stack that was weighed or measured overrides the recipe's."""

    id: Name
    area_mm2: AreaMm2 | None = None
    areal_mass_g_per_cm2: ArealMass | None = None
    areal_mass_sigma_fraction: MassSigma = 0.0005
    """Of a weighed stack: balance and area. Only with `areal_mass_g_per_cm2`."""
    thickness_reference_mm: ReferenceMm | None = None
    """Measured with the tooling of this batch (`hotpress capability --zeroed` shows what it is
    worth); goes before the station's, and with a tenth of its uncertainty."""
    operator: Annotated[str, Meta(max_length=64)] = ""
