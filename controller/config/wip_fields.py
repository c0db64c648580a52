"""Station + material + recipe → the fields of wip_config_t, as kernel_fields does for the press."""

from __future__ import annotations

from itertools import chain
from typing import Any, Protocol

import msgspec

from controller.config.kernel_fields import channel_fields
from controller.config.material import Material
from controller.config.stack import Batch
from controller.config.wip_load import WipLimits
from controller.config.wip_station import WipStation
from controller.ports import SignalNames


class WipKernelRecipe(Protocol):
    """The part of a recipe the kernel must know."""

    @property
    def limits(self) -> WipLimits: ...


def wip_fields(
    station: WipStation,
    material: Material,
    recipe: WipKernelRecipe,
    batch: Batch,
    signals: SignalNames,
) -> dict[str, Any]:
    """Nested dict with wip_config_t's field names, but for header_version: controller.kernel
    stamps what it was built with.

    A channel without a section is sent as not fitted. Pressure and temperature are limited by
    the tightest of recipe, material and machine, the release by that of material and machine.
    `batch` is of no weight here: a bag has no thickness that the vessel could measure.
    """
    site, gate = station.station, station.last_gate
    return {
        "tick_s": site.tick_s,
        "predict_ticks": site.predict_ticks,
        **msgspec.structs.asdict(station.ramp),
        **msgspec.structs.asdict(gate),
        "channel": [channel_fields(station.channel.get(name)) for name in signals.channels],
        "vessel": _vessel(station),
        "drive": msgspec.structs.asdict(station.drive),
        "limit": _limit(station, material, recipe.limits),
        "advice": msgspec.structs.asdict(station.advice),
    }


def _vessel(station: WipStation) -> dict[str, Any]:
    vessel = station.vessel
    return {
        **msgspec.structs.asdict(vessel),
        "heating_k_per_mpa": list(chain.from_iterable(vessel.heating_k_per_mpa)),
        "ambient_temperature_c": station.machine.ambient_temperature_c,
    }


def _limit(station: WipStation, material: Material, limits: WipLimits) -> dict[str, Any]:
    machine, bounds = station.limit, material.limits
    fast = min(machine.release_mpa_per_s_max, bounds.release_mpa_per_s_max.bound)
    slow = min(machine.release_slow_mpa_per_s_max, bounds.release_mpa_per_s_max_slow.bound)
    return {
        **msgspec.structs.asdict(machine),
        "pressure_mpa_max": min(
            limits.pressure_mpa_max, bounds.pressure_mpa_max.bound, machine.pressure_mpa_max
        ),
        "temperature_c_max": min(
            limits.temperature_c_max, bounds.temperature_c_max.bound, machine.temperature_c_max
        ),
        "release_mpa_per_s_max": fast,
        "release_slow_mpa_per_s_max": min(slow, fast),
        "release_slow_mpa": max(machine.release_slow_mpa, bounds.release_slow_below_mpa),
    }
