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
from controller.recipe.wip_unit import WipUnit
from controller.wip_parameters import wip_parameters


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
        return wip_parameters(self.recipe, self.material, self.station)

    def workpiece(self, batch: Batch) -> dict[str, float]:
        return {"sulfide_g": self.recipe.load.sulfide_g}
