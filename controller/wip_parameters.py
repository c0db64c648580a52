"""What the indicators and plots of a WIP's report need and no sample holds.

Names are those of controller.record.wip_indicators. Limits are the tightest of recipe, material
and station.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from controller.config.material import Material
from controller.config.wip_station import Vessel, WipStation
from controller.recipe.phases import labels
from controller.recipe.wip_fluid import adiabatic_c, expansion_mpa_per_k, stiffness_mpa
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import BagTest, Decompress, Evacuate, Hold, Pump

_HOLD = re.compile(r"\bhold\b")
_POINTS = 11
_HALVINGS = 40


def wip_parameters(recipe: WipRecipe, material: Material, station: WipStation) -> dict[str, float]:
    limits = recipe.limits
    return {
        "activation_energy_kj_per_mol": material.densification.activation_energy_kj_per_mol,
        "temperature_c_max": limits.temperature_c_max,
        "pressure_mpa_max": limits.pressure_mpa_max,
        "jacket_power_w": station.vessel.jacket_power_w,
        **_held(recipe),
        **_release(recipe, material, station),
        **_tightness(recipe, station),
        **_isentropes(recipe, station.vessel),
    }


def _held(recipe: WipRecipe) -> dict[str, float]:
    """Of the holds by name: one that is called otherwise is a pause on the way."""
    named = zip(labels(recipe.phase), recipe.phase, strict=True)
    holds = [phase for label, phase in named if isinstance(phase, Hold) and _HOLD.search(label)]
    if not holds:
        return {}
    band_fraction = min(hold.pressure_band_fraction for hold in holds)
    band_k = min(hold.temperature_band_k for hold in holds)
    return {
        "hold_s": sum(hold.hold_s for hold in holds),
        "hold_pressure_band_fraction": band_fraction,
        "hold_pressure_deviation_fraction_max": band_fraction,
        "hold_temperature_band_k": band_k,
        "hold_fluid_deviation_k_max": band_k,
    }


def _release(recipe: WipRecipe, material: Material, station: WipStation) -> dict[str, float]:
    bounds, machine = material.limits, station.limit
    slow = [phase.slow_below_mpa for phase in recipe.phase if isinstance(phase, Decompress)]
    return {
        "release_slow_below_mpa": max([*slow, bounds.release_slow_below_mpa]),
        "release_mpa_per_s_max": min(
            bounds.release_mpa_per_s_max.bound, machine.release_mpa_per_s_max
        ),
        "release_slow_mpa_per_s_max": min(
            bounds.release_mpa_per_s_max_slow.bound, machine.release_slow_mpa_per_s_max
        ),
    }


def _tightness(recipe: WipRecipe, station: WipStation) -> dict[str, float]:
    evacuations = [phase for phase in recipe.phase if isinstance(phase, Evacuate)]
    tests = [phase for phase in recipe.phase if isinstance(phase, BagTest)]
    bag = {}
    if evacuations:
        bag["bag_vacuum_mbar_max"] = min(phase.bag_mbar_max for phase in evacuations)
    if tests:
        bag["bag_rise_mbar_per_min_max"] = min(phase.rise_mbar_per_min_max for phase in tests)
    return {
        **bag,
        "leak_mpa_per_min_max": station.advice.leak_mpa_per_min,
        "h2s_ppm_max": station.limit.h2s_alarm_ppm,
    }


def _isentropes(recipe: WipRecipe, vessel: Vessel) -> dict[str, float]:
    """The two ways up that end on the target and on the limit, and what a kelvin and a millilitre
    are worth at their end."""
    pumps = [phase for phase in recipe.phase if isinstance(phase, Pump)]
    if not pumps:
        return {}
    top = max(pumps, key=lambda pump: pump.pressure_mpa)
    found = {
        "expansion_mpa_per_k": expansion_mpa_per_k(vessel, top.pressure_mpa),
        "stiffness_mpa_per_ml": stiffness_mpa(vessel, top.pressure_mpa) / vessel.volume_ml,
    }
    ends = {"target": top.temperature_c, "limit": recipe.limits.temperature_c_max}
    starts = {
        name: start_c(lambda warm: adiabatic_c(vessel, warm, top.pressure_mpa), end_c)
        for name, end_c in ends.items()
    }
    for point in range(_POINTS):
        at_mpa = top.pressure_mpa * point / (_POINTS - 1)
        found[f"isentrope_{point}_mpa"] = at_mpa
        for name, begin_c in starts.items():
            found[f"isentrope_{point}_{name}_c"] = adiabatic_c(vessel, begin_c, at_mpa)
    return found


def start_c(end_of: Callable[[float], float], end_c: float) -> float:
    """Where pumping has to begin to end at `end_c`; it only ever warms, by less than 100 K."""
    low_c, high_c = end_c - 100.0, end_c
    for _ in range(_HALVINGS):
        middle_c = 0.5 * (low_c + high_c)
        low_c, high_c = (low_c, middle_c) if end_of(middle_c) > end_c else (middle_c, high_c)
    return 0.5 * (low_c + high_c)
