"""The walk along a WIP's recipe that every check of its lint shares."""

from __future__ import annotations

from dataclasses import dataclass

from controller.recipe.duration import Point
from controller.recipe.wip_duration import after
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import Fill, Hold, Preheat, WipPhase


@dataclass(frozen=True, slots=True)
class WipStage:
    """A phase with where it starts and ends, and the wall's target before and meanwhile."""

    path: str
    phase: WipPhase
    start: Point
    end: Point
    wall_before_c: float
    wall_c: float


def wip_stages(recipe: WipRecipe, ambient_c: float, supply_c: float) -> tuple[WipStage, ...]:
    """The recipe walked from a cold, empty vessel; filled, the fluid is the supply's."""
    here, wall_c = Point(ambient_c, 0.0), ambient_c
    found: list[WipStage] = []
    for index, phase in enumerate(recipe.phase):
        there, before_c = after(phase, here), wall_c
        if isinstance(phase, Fill):
            there = Point(supply_c, there.pressure_mpa)
        if isinstance(phase, Preheat | Fill | Hold) and phase.wall_temperature_c is not None:
            wall_c = phase.wall_temperature_c
        found.append(WipStage(f"phase[{index}]", phase, here, there, before_c, wall_c))
        here = there
    return tuple(found)
