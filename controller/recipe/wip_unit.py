"""The warm isostatic press under one recipe (controller.recipe.unit.Unit)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.recipe import wip_abort, wip_duration, wip_holding
from controller.recipe.duration import Point
from controller.recipe.manual import Manual
from controller.recipe.phases import PhaseBase
from controller.recipe.status import KernelNames
from controller.recipe.unit import AbortStep, Engine, Row
from controller.recipe.wip_conduct import ROWS, BagWatch
from controller.recipe.wip_frames import Ask, Observation, Seen, look
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import BagTest, Decompress, Purge, Unlock, WipPhase

COLD_AND_EMPTY = Point(20.0, 0.0)


@dataclass(frozen=True, slots=True)
class WipUnit:
    recipe: WipRecipe
    names: KernelNames

    @property
    def rows(self) -> Mapping[type, Row]:
        return ROWS

    @property
    def tail(self) -> tuple[type[PhaseBase], ...]:
        return (Decompress, Purge, Unlock)

    @property
    def start(self) -> Ask:
        return Ask()

    @property
    def rest(self) -> Ask:
        return Ask()

    def look(self, observation: Observation) -> Seen:
        return look(observation, self.names)

    def engine(self, phase: WipPhase) -> Engine | None:
        return BagWatch(phase) if isinstance(phase, BagTest) else None

    def braking(self, phase: WipPhase, ask: Ask) -> Ask:
        return wip_holding.braking(ask)

    def quietened(self, ask: Ask, seen: Seen) -> Ask:
        return wip_holding.quietened(ask, seen.advice)

    def at_rest(self, before: Seen, now: Seen, gap_s: float, ask: Ask) -> bool:
        return wip_holding.at_rest(before, now, gap_s, ask)

    def resting(self, seen: Seen, ask: Ask) -> Ask:
        return wip_holding.resting(seen, ask)

    def abort_step(
        self, aborted: WipPhase, seen: Seen, *, elapsed_s: float, vent: bool
    ) -> AbortStep:
        plan = wip_abort.abort_plan(self.recipe.phase, aborted)
        return wip_abort.abort_step(plan, seen, elapsed_s=elapsed_s, vent=vent)

    def refusal(self, manual: Manual, seen: Seen | None) -> str:
        return "a WIP is not led by hand: its pump follows the prediction of the peak; use a recipe"

    def manual(self, manual: Manual, ask: Ask) -> Ask:
        return ask

    def automatic(self, seen: Seen, ask: Ask) -> Ask:
        return self.resting(seen, ask)

    def point(self, seen: Seen | None) -> Point:
        return COLD_AND_EMPTY if seen is None else Point(seen.fluid_c, seen.pressure_mpa)

    def after(self, phase: WipPhase, start: Point) -> Point:
        return wip_duration.after(phase, start)

    def duration_s(self, phase: WipPhase, start: Point) -> float:
        return wip_duration.duration_s(phase, start)

    def timeout_s(self, phase: WipPhase, start: Point) -> float:
        return wip_duration.timeout_s(phase, start)

    def total_s(self, phases: Sequence[WipPhase], start: Point) -> float:
        return wip_duration.total_s(phases, start)

    def figures(self, seen: Seen) -> dict[str, float]:
        return {
            "fluid_temperature_c_estimate": round(seen.fluid_c, 3),
            "vessel_pressure_mpa": round(seen.pressure_mpa, 3),
        }
