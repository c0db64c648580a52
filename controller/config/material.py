"""Material file: what a stack of this material stands, and why.

Every limit carries its reason, because the lint shows the reason and not only the number.
Limits of a material are the author's judgement; the shipped file says where each is from.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.config.numbers import (
    DensityGPerCm3,
    Fraction,
    Name,
    PressureMpa,
    RateCPerMin,
    RateMpaPerS,
    TemperatureC,
    TemperatureK,
    Text,
)


class TemperatureBound(Struct, frozen=True, forbid_unknown_fields=True):
    bound: TemperatureC
    why: Text


class PressureBound(Struct, frozen=True, forbid_unknown_fields=True):
    bound: PressureMpa
    why: Text


class HeatRateBound(Struct, frozen=True, forbid_unknown_fields=True):
    bound: RateCPerMin
    why: Text


class PressRateBound(Struct, frozen=True, forbid_unknown_fields=True):
    bound: RateMpaPerS
    why: Text


class MaterialLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The window of the press. `cold` is the cold-stack rule of recipes that are `hot_only`."""

    temperature_c_max: TemperatureBound
    pressure_mpa_max: PressureBound
    pressure_mpa_max_cold: PressureBound
    cold_margin_k: TemperatureK
    heating_c_per_min_max: HeatRateBound
    cooling_c_per_min_max: HeatRateBound
    pressing_mpa_per_s_max: PressRateBound
    release_mpa_per_s_max: PressRateBound
    """Above `release_slow_below_mpa`."""
    release_mpa_per_s_max_slow: PressRateBound
    """At and below `release_slow_below_mpa`."""
    release_slow_below_mpa: PressureMpa
    release_temperature_c_max: TemperatureBound
    cool_under_pressure: bool


class Densification(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Heckel law with thermal softening: P_y(T) = yield · exp(-(T - 25 °C) / softening)."""

    density_true_g_per_cm3: DensityGPerCm3
    density_relative_initial: Fraction
    yield_mpa_25_c: Annotated[float, Meta(ge=1.0, le=5000.0, description="MPa at 25 °C")]
    softening_k: Annotated[float, Meta(ge=1.0, le=2000.0, description="K")]
    activation_energy_kj_per_mol: Annotated[float, Meta(ge=0.0, le=500.0, description="kJ/mol")]
    """Of the creep under pressure: how much an hour at 90 °C is worth at 100 °C."""
    elastic_modulus_mpa: Annotated[
        float, Meta(ge=0.0, le=1_000_000.0, description="MPa; springback is p/M, 0 is none")
    ]
    density_g_per_cm3_low: DensityGPerCm3
    density_g_per_cm3_high: DensityGPerCm3


class Material(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Name
    description: Text
    source: Text
    limits: MaterialLimits
    densification: Densification
