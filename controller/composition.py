"""The composition root: files become objects, objects become one running press.

Everything that differs between a simulated, a bench and a deployed run is chosen by the
callers in `controller.cli`: station, clock, sinks. What is the same is put together here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from controller.alarms.table import TABLES
from controller.alarms.watch import Watch
from controller.config.kernel_fields import kernel_fields
from controller.config.material import Material
from controller.config.model import Station, load_material, load_station
from controller.config.problem import ConfigError, Problem
from controller.config.source import Source
from controller.config.stack import Batch
from controller.journalist import Journalist
from controller.kernel import (
    ADVISORY_ACTIONS,
    ADVISORY_NAMES,
    HEADER_SHA256,
    INTERLOCK_NAMES,
    PERMISSIVE_NAMES,
    SIGNAL_NAMES,
    SIGNALS,
    TRIP_NAMES,
    Kernel,
)
from controller.loop import RECIPE_TICKS, run
from controller.loop import Procedure as LoopProcedure
from controller.ports import Clock, Sink
from controller.ports import Station as StationPort
from controller.recipe.finding import Weight
from controller.recipe.lint import lint
from controller.recipe.model import Recipe, load_recipe
from controller.recipe.phases import Hold
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import Procedure
from controller.recipe.states import State
from controller.recipe.status import KernelNames
from controller.record.model import BatchHeader
from controller.springback import load_history
from controller.telemetry.plane import Identity
from controller.timing import LoopTiming

COMPLETE = str(State.COMPLETE).capitalize()
KERNEL_NAMES = KernelNames(
    PERMISSIVE_NAMES,
    INTERLOCK_NAMES,
    TRIP_NAMES,
    ADVISORY_NAMES,
    ADVISORY_ACTIONS,
)


def software_version() -> str:
    return metadata.version("hotpress")


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe, its material and a station that fit one another."""

    recipe: Recipe
    recipe_source: Source
    material: Material
    material_source: Source
    station: Station
    station_source: Source
    density_correction_fraction: float = 0.0
    """What earlier batches sprang back too much; in the record of every batch."""

    def corrected(self, folder: Path) -> Plan:
        """With what was learned of this recipe beside its records. Raises SpringbackError."""
        history = load_history(folder, self.recipe.recipe.name)
        return replace(self, density_correction_fraction=history.correction_fraction)

    def at(self, station: Station) -> Plan:
        """The same plan on a station whose addresses were changed."""
        return replace(self, station=station)

    def kernel(self, batch: Batch) -> Kernel:
        """A fresh kernel for one batch. Raises KernelConfigError."""
        return Kernel(kernel_fields(self.station, self.material, self.recipe, batch, SIGNAL_NAMES))

    def procedure(self) -> Procedure:
        unit = PressUnit(
            self.recipe,
            KERNEL_NAMES,
            zone_count=len(self.station.zone),
            density_correction_fraction=self.density_correction_fraction,
        )
        return Procedure(unit, lease_ticks=5 * RECIPE_TICKS)

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
            parameters=self._parameters(),
        )

    def _parameters(self) -> dict[str, float]:
        """What the indicators of the report need and no sample holds."""
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


def load_plan(recipe_name: str, station_name: str) -> Plan:
    """Read recipe, material and station, and lint the recipe against both.

    Names are of shipped files or paths. Raises ConfigError with every problem found.
    """
    recipe, recipe_source = load_recipe(recipe_name)
    beside = recipe_source.path.parent
    material, material_source = load_material(recipe.recipe.material, beside=beside)
    station, station_source = load_station(station_name, {"press": SIGNAL_NAMES})
    errors = [
        Problem(str(recipe_source.path), finding.path, f"{finding.message} ({finding.reason})")
        for finding in lint(recipe, material, station)
        if finding.weight is Weight.ERROR
    ]
    if errors or not (isinstance(recipe, Recipe) and isinstance(station, Station)):
        raise ConfigError(errors)
    return Plan(recipe, recipe_source, material, material_source, station, station_source)


def identity(station: Station) -> Identity:
    """Who speaks on the telemetry planes."""
    return Identity(station.station.id, software_version(), HEADER_SHA256, SIGNALS)


def watch() -> Watch:
    return Watch(
        TABLES["press"],
        TRIP_NAMES,
        INTERLOCK_NAMES,
        PERMISSIVE_NAMES,
        SIGNAL_NAMES.channels,
        advisory_names=ADVISORY_NAMES,
    )


def ending(procedure: object) -> tuple[str, str] | None:
    """Outcome by its ISA-88 name (Complete, Stopped, Aborted) and cause; None without one."""
    if not isinstance(procedure, Procedure) or procedure.outcome is None:
        return None
    return str(procedure.outcome.state).capitalize(), procedure.outcome.cause


async def run_batch(
    station: StationPort,
    clock: Clock,
    kernel: Kernel,
    procedure: LoopProcedure,
    sinks: Sequence[Sink],
    *,
    stopping: Callable[[], bool],
    stopwatch_s: Callable[[], float],
    timing: LoopTiming,
) -> None:
    """The loop over one procedure, with its journalist; `station` is open."""
    journalist = Journalist(sinks, watch())
    await run(station, clock, kernel, procedure, journalist, timing, stopping, stopwatch_s)
