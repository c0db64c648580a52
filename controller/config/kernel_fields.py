"""Station + material + recipe + batch → the fields of press_config_t.

The one place where the four meet. Keys are exactly press.h's; controller.kernel hands
them to cffi, which refuses an unknown one, and press_config_check bounds each number
again on the other side.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from controller.config.material import Material
from controller.config.model import Station
from controller.config.stack import Batch, RecipeLimits, Stack
from controller.config.station import Channel, StackThermal, Zone
from controller.ports import SignalNames

HEADER_VERSION = 1
ZEROED_SIGMA_RATIO = 0.1
_KIND = {"direct": 0, "current_loop_4_20_ma": 1}  # enum press_channel_kind
_PLATEN = {"top": 0, "bottom": 1}
_LAW = {"pid": 0, "predictive": 1}  # enum press_law
_NOT_FITTED = Channel(
    kind="direct", range_low=0.0, range_high=1.0, rate_per_s_max=1.0, required=False
)


class KernelRecipe(Protocol):
    """The part of a recipe the kernel must know."""

    @property
    def stack(self) -> Stack: ...

    @property
    def limits(self) -> RecipeLimits: ...


def kernel_fields(
    station: Station,
    material: Material,
    recipe: KernelRecipe,
    batch: Batch,
    signals: SignalNames,
) -> dict[str, Any]:
    """Nested dict with press_config_t's field names.

    A channel without a section is sent as not fitted. The batch's own stack numbers go
    before the recipe's. Both maxima are the tighter one of recipe and material.
    """
    return {
        "header_version": HEADER_VERSION,
        "zone_count": len(station.zone),
        "tick_s": station.station.tick_s,
        "thermal_ticks": station.station.thermal_ticks,
        **msgspec.structs.asdict(station.last_gate),
        **msgspec.structs.asdict(station.ramp),
        "ambient_temperature_c": station.machine.ambient_temperature_c,
        "channel": [channel_fields(station.channel.get(name)) for name in signals.channels],
        "zone": [_zone(zone) for zone in station.zone],
        "stack": _stack(station, material, recipe.stack, batch),
        "hydraulic": msgspec.structs.asdict(station.hydraulic),
        "limit": _limit(station, material, recipe.limits),
        "advice": msgspec.structs.asdict(station.advice),
    }


def channel_fields(channel: Channel | None) -> dict[str, Any]:
    """press_channel_config_t of either class of unit; None is not fitted."""
    section, fitted = channel or _NOT_FITTED, channel is not None
    return {
        "fitted": int(fitted),
        "kind": _KIND[section.kind],
        "required": int(fitted and section.required),
        "range_low_channel_unit": section.range_low,
        "range_high_channel_unit": section.range_high,
        "offset_channel_unit": section.offset,
        "rate_channel_unit_per_s_max": section.rate_per_s_max,
        "noise_channel_unit_max": section.noise_max,
        "stuck_band_channel_unit": section.stuck_band,
        "stuck_s_max": section.stuck_s_max,
        "flat_s_max": section.flat_s_max,
        "age_s_max": section.age_s_max,
        "filter_s": section.filter_s,
    }


def _zone(zone: Zone) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(zone),
        "platen": _PLATEN[zone.platen],
        "law": _LAW[zone.law],
    }


def _stack(station: Station, material: Material, stack: Stack, batch: Batch) -> dict[str, Any]:
    mass, zeroed = batch.areal_mass_g_per_cm2, batch.thickness_reference_mm
    own = station.stack if zeroed is None else _zeroed(station.stack, zeroed)
    return {
        **msgspec.structs.asdict(own),
        "area_mm2": stack.area_mm2 if batch.area_mm2 is None else batch.area_mm2,
        "areal_mass_g_per_cm2": stack.areal_mass_g_per_cm2 if mass is None else mass,
        "areal_mass_sigma_fraction": (
            stack.areal_mass_sigma_fraction if mass is None else batch.areal_mass_sigma_fraction
        ),
        "elastic_modulus_mpa": material.densification.elastic_modulus_mpa,
    }


def _zeroed(stack: StackThermal, reference_mm: float) -> StackThermal:
    """With the tooling of the day on the sensors of the day, what is left is noise."""
    return msgspec.structs.replace(
        stack,
        thickness_reference_mm=reference_mm,
        thickness_reference_sigma_mm=ZEROED_SIGMA_RATIO * stack.thickness_reference_sigma_mm,
    )


def _limit(station: Station, material: Material, limits: RecipeLimits) -> dict[str, Any]:
    bounds = material.limits
    return {
        **msgspec.structs.asdict(station.limit),
        "temperature_c_max": min(limits.temperature_c_max, bounds.temperature_c_max.bound),
        "stack_pressure_mpa_max": min(limits.pressure_mpa_max, bounds.pressure_mpa_max.bound),
        "cold_stack_pressure_mpa_max": bounds.pressure_mpa_max_cold.bound,
        "cold_stack_margin_k": bounds.cold_margin_k,
    }
