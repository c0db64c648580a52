"""The plan of a hot press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from controller.config.kernel_fields import kernel_fields
from controller.config.model import Station
from controller.config.stack import Batch
from controller.kernel import PRESS, UnitClass
from controller.plan import Plan, kernel_names
from controller.recipe.model import Recipe
from controller.recipe.phases import Hold, ends_on_density
from controller.recipe.press_unit import PressUnit
from controller.springback import load_history


@dataclass(frozen=True, slots=True)
class PressPlan(Plan):
    unit_class: ClassVar[UnitClass] = PRESS

    recipe: Recipe
    station: Station
    density_correction_fraction: float = 0.0
    """What earlier batches sprang back too much; in the record of every batch."""

    def corrected(self, folder: Path) -> Self:
        history = load_history(folder, self.recipe.recipe.name)
        return replace(self, density_correction_fraction=history.correction_fraction)

    def learned(self) -> tuple[str, ...]:
        fraction = self.density_correction_fraction
        told = f"density target raised by learned springback: {fraction:.4f} of it"
        return (told,) if fraction else ()

    @property
    def ends_on_density(self) -> bool:
        return any(ends_on_density(phase) for phase in self.recipe.phase)

    def kernel_fields(self, batch: Batch) -> Mapping[str, Any]:
        return kernel_fields(self.station, self.material, self.recipe, batch, PRESS.names)

    def unit(self) -> PressUnit:
        return PressUnit(
            self.recipe,
            kernel_names(PRESS),
            zone_count=len(self.station.zone),
            density_correction_fraction=self.density_correction_fraction,
        )

    def parameters(self) -> dict[str, float]:
        powder, limits = self.material.densification, self.recipe.limits
        holds = [phase.hold_s for phase in self.recipe.phase if isinstance(phase, Hold)]
        zones = enumerate(self.station.zone, start=1)
        return {
            "true_density_g_per_cm3": powder.density_true_g_per_cm3,
            "activation_energy_kj_per_mol": powder.activation_energy_kj_per_mol,
            "density_g_per_cm3_min": powder.density_g_per_cm3_low,
            "density_g_per_cm3_max": powder.density_g_per_cm3_high,
            "temperature_c_max": limits.temperature_c_max,
            "stack_pressure_mpa_max": limits.pressure_mpa_max,
            "hold_s": sum(holds),
            "density_correction_fraction": self.density_correction_fraction,
            **{f"zone_{number}_power_w": zone.power_w for number, zone in zones},
        }

    def workpiece(self, batch: Batch) -> dict[str, float]:
        """A recipe without a mass leaves the machine's."""
        stack = self.recipe.stack
        mass = batch.areal_mass_g_per_cm2 or stack.areal_mass_g_per_cm2
        loading = {"areal_mass_g_per_cm2": mass} if mass else {}
        return {"area_mm2": batch.area_mm2 or stack.area_mm2, **loading}
