"""What lies in the vessel of a WIP, and how far it may be taken: the part of a recipe that the
kernel must know, so that it can refuse on its own."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.config.numbers import DurationS, Text


class Load(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The workpiece in its bag. `layers` is from bottom to top, for people and the record."""

    layers: Annotated[list[Text], Meta(min_length=1, max_length=32)]
    sulfide_g: Annotated[float, Meta(ge=0.0, le=1000.0, description="g of sulfide in the bag")]
    """A bag that leaks makes hydrogen sulfide of it, up to 0.46 L a gram."""
    has_lithium_metal: bool = False
    """Lithium creeps and melts: lower temperature and pressure apply."""
    charged: bool = False
    """A cell that holds charge; such a cell is never pressed hot."""


class WipLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the recipe itself must never exceed: the kernel trips on the pressure and stops pump
    and jacket on the temperature."""

    pressure_mpa_max: Annotated[float, Meta(ge=1.0, le=700.0, description="MPa of the vessel")]
    temperature_c_max: Annotated[float, Meta(ge=20.0, le=150.0, description="°C of the fluid")]
    held_s_max: DurationS = 3600.0
    """A batch held for longer is ended in order (stop): nobody came back."""
