"""What is to be run: a recipe, its material and a station that fit one another.

What a press and a WIP differ in is in controller.press_plan and controller.wip_plan; everything
else takes a `Plan` and does not ask which it is.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Self

from controller.config.material import Material
from controller.config.source import Source
from controller.config.stack import Batch
from controller.kernel import HEADER_SHA256, Kernel, UnitClass
from controller.loop import RECIPE_TICKS
from controller.ports import Clock
from controller.recipe.idle import Idle
from controller.recipe.procedure import Procedure
from controller.recipe.status import KernelNames
from controller.recipe.unit import Unit
from controller.record.model import BatchHeader
from controller.telemetry.plane import Identity

LEASE_TICKS = 5 * RECIPE_TICKS


def software_version() -> str:
    return metadata.version("hotpress")


def kernel_names(unit_class: UnitClass) -> KernelNames:
    """The tables' names as a recipe wants them."""
    return KernelNames(
        unit_class.permissives.names,
        unit_class.interlocks.names,
        unit_class.trips.names,
        unit_class.advisories.names,
        unit_class.advice,
    )


@dataclass(frozen=True, slots=True)
class Plan(ABC):
    """Recipe and station are of the plan's own class of unit."""

    unit_class: ClassVar[UnitClass]

    recipe: Any
    recipe_source: Source
    material: Material
    material_source: Source
    station: Any
    station_source: Source

    def at(self, station: Any) -> Self:
        """The same plan on a station whose addresses were changed."""
        return replace(self, station=station)

    def corrected(self, folder: Path) -> Self:
        """With what was learned of this recipe beside its records. Raises SpringbackError."""
        return self

    def learned(self) -> tuple[str, ...]:
        """What earlier batches changed in this one, for the log."""
        return ()

    @property
    def ends_on_density(self) -> bool:
        """Whether its batches teach anything about springback."""
        return False

    @abstractmethod
    def kernel_fields(self, batch: Batch) -> Mapping[str, Any]:
        """The fields of the unit's config struct."""

    @abstractmethod
    def unit(self) -> Unit:
        """How this recipe is conducted."""

    @abstractmethod
    def parameters(self) -> dict[str, float]:
        """What the indicators of the report need and no sample holds."""

    @abstractmethod
    def workpiece(self, batch: Batch) -> dict[str, float]:
        """What lies in the machine, by the names a simulated machine uses."""

    # ---- the same for every class of unit -----------------------------------------------------

    def kernel(self, batch: Batch) -> Kernel:
        """A fresh kernel for one batch. Raises KernelConfigError."""
        return Kernel(self.unit_class, self.kernel_fields(batch))

    def procedure(self) -> Procedure:
        return Procedure(self.unit(), lease_ticks=LEASE_TICKS)

    def idle(self) -> Idle:
        """Stands where the procedure would, without a batch."""
        return Idle(self.unit().rest, lease_ticks=LEASE_TICKS)

    def identity(self) -> Identity:
        """Who speaks on the telemetry planes."""
        signals = self.unit_class.signals
        return Identity(self.station.station.id, software_version(), HEADER_SHA256, signals)

    def header(self, batch: Batch, clock: Clock, seed: int | None = None) -> BatchHeader:
        """What the record knows before the first tick."""
        config = self.station_source.sha256 + self.material_source.sha256
        return BatchHeader(
            batch_id=batch.id,
            recipe_name=self.recipe.recipe.name,
            recipe_version=self.recipe.recipe.version,
            recipe_text=self.recipe_source.text,
            material_name=self.material.name,
            material_sha256=self.material_source.sha256,
            station_id=self.station.station.id,
            config_sha256=hashlib.sha256(config.encode()).hexdigest(),
            kernel_header_sha256=HEADER_SHA256,
            software_version=software_version(),
            start_utc_ns=clock.utc_ns(),
            start_monotonic_s=clock.monotonic_s(),
            seed=seed,
            parameters=self.parameters(),
        )
