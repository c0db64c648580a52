"""The hot press under one recipe (controller.recipe.unit.Unit)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.recipe import abort, duration, holding, manual
from controller.recipe.conduct import ROWS
from controller.recipe.density import DensityEnd
from controller.recipe.density_hold import DensityHold
from controller.recipe.duration import Point
from controller.recipe.frames import Ask, Observation, Seen, look
from controller.recipe.manual import Manual
from controller.recipe.model import Recipe
from controller.recipe.phases import (
    Cool,
    Hold,
    Phase,
    PhaseBase,
    Programme,
    Release,
    Unload,
    ends_on_density,
)
from controller.recipe.programme import ProgrammeRun
from controller.recipe.status import KernelNames
from controller.recipe.unit import AbortStep, Engine, Row

OPEN_AND_COLD = Point(20.0, 0.0)


@dataclass(frozen=True, slots=True)
class PressUnit:
    """`density_correction_fraction`: what earlier batches sprang back too much."""

    recipe: Recipe
    names: KernelNames
    zone_count: int = 6
    density_correction_fraction: float = 0.0

    @property
    def rows(self) -> Mapping[type, Row]:
        return ROWS

    @property
    def tail(self) -> tuple[type[PhaseBase], ...]:
        return (Cool, Release, Unload)

    @property
    def start(self) -> Ask:
        return Ask(
            temperature_target_c=self.recipe.press_temperature_c or Ask().temperature_target_c,
            hot_only=int(self.recipe.limits.hot_only),
        )

    @property
    def rest(self) -> Ask:
        return Ask()

    def look(self, observation: Observation) -> Seen:
        return look(observation, self.names, self.zone_count)

    def engine(self, phase: Phase) -> Engine | None:
        if isinstance(phase, Programme):
            return ProgrammeRun(phase)
        if isinstance(phase, Hold) and ends_on_density(phase):
            return DensityHold(DensityEnd(phase, self.density_correction_fraction))
        return None

    def braking(self, phase: Phase, ask: Ask) -> Ask:
        return holding.braking(phase, ask)

    def quietened(self, ask: Ask, seen: Seen) -> Ask:
        return holding.quietened(ask, seen.advice)

    def at_rest(self, before: Seen, now: Seen, gap_s: float, ask: Ask) -> bool:
        return holding.at_rest(before, now, gap_s, ask)

    def resting(self, seen: Seen, ask: Ask) -> Ask:
        return holding.resting(seen, ask)

    def abort_step(self, aborted: Phase, seen: Seen, *, elapsed_s: float, vent: bool) -> AbortStep:
        return abort.abort_step(abort.abort_plan(self.recipe.phase, aborted), seen, vent=vent)

    def refusal(self, manual_: Manual, seen: Seen | None) -> str:
        return manual.refusal(manual_, self.recipe, seen)

    def manual(self, manual_: Manual, ask: Ask) -> Ask:
        return manual.manual_ask(manual_, ask, self.zone_count)

    def automatic(self, seen: Seen, ask: Ask) -> Ask:
        return manual.automatic_ask(seen, ask)

    def point(self, seen: Seen | None) -> Point:
        return OPEN_AND_COLD if seen is None else Point(seen.stack_c, seen.pressure_mpa)

    def after(self, phase: Phase, start: Point) -> Point:
        return duration.after(phase, start)

    def duration_s(self, phase: Phase, start: Point) -> float:
        return duration.duration_s(phase, start)

    def timeout_s(self, phase: Phase, start: Point) -> float:
        return duration.timeout_s(phase, start)

    def total_s(self, phases: Sequence[Phase], start: Point) -> float:
        return duration.total_s(phases, start)

    def figures(self, seen: Seen) -> dict[str, float]:
        told = {
            "stack_temperature_c_estimate": round(seen.stack_c, 3),
            "stack_pressure_mpa": round(seen.pressure_mpa, 3),
        }
        if seen.density_g_per_cm3 > 0.0:
            told["density_g_per_cm3"] = round(seen.density_g_per_cm3, 4)
            told["density_g_per_cm3_sigma"] = round(seen.density_g_per_cm3_sigma, 4)
        return told
