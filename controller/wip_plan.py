"""The plan of a warm isostatic press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from controller.config.stack import Batch
from controller.config.wip_fields import wip_fields
from controller.config.wip_station import WipStation
from controller.kernel import WIP, UnitClass
from controller.plan import Plan, kernel_names
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import Hold
from controller.recipe.wip_unit import WipUnit


@dataclass(frozen=True, slots=True)
class WipPlan(Plan):
    unit_class: ClassVar[UnitClass] = WIP

    recipe: WipRecipe
    station: WipStation

    def kernel_fields(self, batch: Batch) -> Mapping[str, Any]:
        return wip_fields(self.station, self.material, self.recipe, batch, WIP.names)

    def unit(self) -> WipUnit:
        return WipUnit(self.recipe, kernel_names(WIP))

    def parameters(self) -> dict[str, float]:
        powder, limits = self.material.densification, self.recipe.limits
        holds = [phase for phase in self.recipe.phase if isinstance(phase, Hold)]
        return {
            "activation_energy_kj_per_mol": powder.activation_energy_kj_per_mol,
            "temperature_c_max": limits.temperature_c_max,
            "pressure_mpa_max": limits.pressure_mpa_max,
            "hold_s": sum(hold.hold_s for hold in holds),
            "jacket_power_w": self.station.vessel.jacket_power_w,
        }

    def workpiece(self, batch: Batch) -> dict[str, float]:
        return {"sulfide_g": self.recipe.load.sulfide_g}
