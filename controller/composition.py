"""The composition root: files become objects, objects become one running unit.

Everything that differs between a simulated, a bench and a deployed run is chosen by the
callers in `controller.cli`: station, clock, sinks. What is the same is put together here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from controller.alarms.table import TABLES
from controller.alarms.watch import Watch
from controller.config.material import Material
from controller.config.model import Station, load_material, load_station
from controller.config.problem import ConfigError, Problem
from controller.config.source import Source
from controller.config.wip_station import WipStation
from controller.journalist import Journalist
from controller.kernel import UNIT_CLASSES, Kernel, UnitClass
from controller.loop import Procedure as LoopProcedure
from controller.loop import run
from controller.plan import Plan
from controller.ports import Clock, Sink
from controller.ports import Station as StationPort
from controller.press_plan import PressPlan
from controller.recipe.finding import Finding, Weight
from controller.recipe.lint import lint
from controller.recipe.model import Recipe, load_recipe
from controller.recipe.procedure import Procedure
from controller.recipe.states import State
from controller.recipe.wip_model import WipRecipe
from controller.timing import LoopTiming
from controller.wip_plan import WipPlan

COMPLETE = str(State.COMPLETE).capitalize()
NAMES = {unit: unit_class.names for unit, unit_class in UNIT_CLASSES.items()}
"""Signal names by class of unit, for whoever reads a station file."""

PLANS: Mapping[str, type[Plan]] = {"press": PressPlan, "wip": WipPlan}
IDLE_RECIPES = {"press": "sulfide-hot-press-100", "wip": "wip-monocell-490"}


@dataclass(frozen=True, slots=True)
class Files:
    """Recipe, material and station as their files say, each beside its source."""

    recipe: Recipe | WipRecipe
    recipe_source: Source
    material: Material
    material_source: Source
    station: Station | WipStation
    station_source: Source

    def lint(self) -> tuple[Finding, ...]:
        """All that is wrong with the recipe for this material and this station."""
        return lint(self.recipe, self.material, self.station)


def read_files(recipe_name: str, station_name: str) -> Files:
    """By shipped names or paths. Raises ConfigError with every problem of the files themselves."""
    recipe, recipe_source = load_recipe(recipe_name)
    beside = recipe_source.path.parent
    material, material_source = load_material(recipe.recipe.material, beside=beside)
    station, station_source = load_station(station_name, NAMES)
    return Files(recipe, recipe_source, material, material_source, station, station_source)


def load_plan(recipe_name: str, station_name: str) -> Plan:
    """A plan that the lint has no error against. Raises ConfigError with every problem."""
    files = read_files(recipe_name, station_name)
    errors = [
        Problem(
            str(files.recipe_source.path), finding.path, f"{finding.message} ({finding.reason})"
        )
        for finding in files.lint()
        if finding.weight is Weight.ERROR
    ]
    if errors:
        raise ConfigError(errors)
    kind = PLANS[files.station.station.unit]
    return kind(**{field.name: getattr(files, field.name) for field in fields(files)})


def load_idle_plan(station_name: str) -> Plan:
    """A station without a batch: a shipped recipe of its unit gives the kernel its limits."""
    station, _ = load_station(station_name, NAMES)
    return load_plan(IDLE_RECIPES[station.station.unit], station_name)


def load_press_plan(recipe_name: str, station_name: str) -> PressPlan:
    """The plan of a press, for what only a press has. Raises ConfigError for another unit."""
    plan = load_plan(recipe_name, station_name)
    if not isinstance(plan, PressPlan):
        problem = Problem(
            str(plan.station_source.path),
            "station.unit",
            f'is "{plan.unit_class.name}", must be "press" here; choose a press',
        )
        raise ConfigError([problem])
    return plan


def watch(unit_class: UnitClass) -> Watch:
    """Makes events of the tables of this class of unit."""
    return Watch(
        TABLES[unit_class.name],
        unit_class.trips.names,
        unit_class.interlocks.names,
        unit_class.permissives.names,
        unit_class.names.channels,
        advisory_names=unit_class.advisories.names,
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
    journalist = Journalist(sinks, watch(kernel.unit_class))
    await run(station, clock, kernel, procedure, journalist, timing, stopping, stopwatch_s)
