"""How much one batch differs from the next: the [variation] table of a machine file.

Half the numbers of a machine are not what the drawing says. Each entry is a distribution about
what the machine file has; `hil.variation.draw` draws from them.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from hil.bounds import Part


class Normal(Part, frozen=True, kw_only=True, tag="normal", tag_field="shape"):
    """Normal about 0, cut off at +-limit. In the unit of the entry's name."""

    sigma: Annotated[float, Meta(ge=0.0, le=2.0)]
    limit: Annotated[float, Meta(ge=0.0, le=2.0)]

    def __post_init__(self) -> None:
        if self.limit < self.sigma:
            raise ValueError("limit must not be below sigma")


class Uniform(Part, frozen=True, kw_only=True, tag="uniform", tag_field="shape"):
    """Anything within +-limit is as likely as anything else."""

    limit: Annotated[float, Meta(ge=0.0, le=2.0)]


Spread = Normal | Uniform


class Variation(Part, frozen=True, kw_only=True):
    """Ratios are of the machine file's number: 0.02 is two percent of it."""

    areal_mass_ratio: Spread = Normal(sigma=0.01, limit=0.02)
    density_ratio_initial_ratio: Spread = Normal(sigma=0.01, limit=0.03)
    tooling_thickness_mm: Spread = Normal(sigma=0.005, limit=0.015)
    contact_conductance_ratio: Spread = Normal(sigma=0.1, limit=0.3)
    mains_voltage_ratio: Spread = Uniform(limit=0.1)
    sensor_bias_ratio: Spread = Uniform(limit=1.0)  # of what the instrument's class allows

    def __post_init__(self) -> None:
        _check_ratios(self)
        if self.contact_conductance_ratio.limit > 0.95:
            raise ValueError("contact_conductance_ratio.limit must not exceed 0.95")


class VesselVariation(Part, frozen=True, kw_only=True):
    """Of a WIP. Loading and density are drawn for each layer of the workpiece."""

    areal_mass_ratio: Spread = Normal(sigma=0.01, limit=0.02)
    density_ratio_initial_ratio: Spread = Normal(sigma=0.01, limit=0.03)
    water_temperature_c: Spread = Uniform(limit=2.0)  # of the filling supply
    mains_voltage_ratio: Spread = Uniform(limit=0.1)
    sensor_bias_ratio: Spread = Uniform(limit=1.0)  # of what the instrument's class allows

    def __post_init__(self) -> None:
        _check_ratios(self)


def _check_ratios(variation: Variation | VesselVariation) -> None:
    """What a ratio may take away at most."""
    for name in ("areal_mass_ratio", "density_ratio_initial_ratio", "mains_voltage_ratio"):
        if getattr(variation, name).limit > 0.5:
            raise ValueError(f"{name}.limit must not exceed 0.5")
