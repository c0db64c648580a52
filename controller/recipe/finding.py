"""One thing a lint found, and the walk along a recipe that every check shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.recipe.duration import Point, after
from controller.recipe.model import Recipe
from controller.recipe.phases import Cool, Heat, Phase, Pressurise, Programme

STEP_K_MAX = 5.0
STEP_MPA_MAX = 2.0


class Weight(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`message` has the number, the bound and the remedy; `reason` is the material's or the
    machine's, in words. A recipe with an error is not run."""

    weight: Weight
    path: str
    message: str
    reason: str

    def __str__(self) -> str:
        return f"{self.weight}: {self.path}: {self.message} ({self.reason})"


def error(path: str, message: str, reason: str) -> Finding:
    return Finding(Weight.ERROR, path, message, reason)


def warning(path: str, message: str, reason: str) -> Finding:
    return Finding(Weight.WARNING, path, message, reason)


def above(path: str, found: float, bound: float, unit: str, reason: str) -> Iterator[Finding]:
    """An error when `found` is above `bound`."""
    if found > bound:
        key = path.rpartition(".")[2]
        yield error(path, f"{found:g} {unit} is above {bound:g} {unit}; reduce {key}", reason)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Phases by number, everything else before them."""

    def place(finding: Finding) -> tuple[int, str]:
        inside = finding.path.removeprefix("phase[").partition("]")[0]
        return (int(inside) if inside.isdigit() else -1, finding.path)

    return tuple(sorted(found, key=place))


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase with where it starts and ends."""

    path: str
    phase: Phase
    start: Point
    end: Point


def stages(recipe: Recipe, ambient_c: float) -> tuple[Stage, ...]:
    """The recipe walked from a cold, open press."""
    here = Point(ambient_c, 0.0)
    found: list[Stage] = []
    for index, phase in enumerate(recipe.phase):
        there = after(phase, here)
        found.append(Stage(f"phase[{index}]", phase, here, there))
        if isinstance(phase, Programme):
            found += _moves(f"phase[{index}]", phase, here)
        here = there
    return tuple(found)


def _moves(path: str, phase: Programme, here: Point) -> Iterator[Stage]:
    """A programme's moves as the phases they are, so that every check sees them. A rate that
    follows from a time is judged as the rate it comes to; a step as the fastest, unless it is so
    small that the kernel's limit of jerk makes a gentle move of it."""
    for index, segment in enumerate(phase.segment):
        heat, press = segment.temperature, segment.pressure
        place = f"{path}.segment[{index}]"
        if heat is not None:
            there = Point(heat.temperature_c, here.pressure_mpa)
            rate = min(60.0, max(0.1, 60.0 * heat.rate_c_per_s(here.temperature_c)))
            if heat.kind == "step" and abs(heat.temperature_c - here.temperature_c) <= STEP_K_MAX:
                rate = 0.1
            move: Phase = Heat(temperature_c=heat.temperature_c, rate_c_per_min=rate)
            if heat.temperature_c < here.temperature_c:
                move = Cool(
                    temperature_c=heat.temperature_c, rate_c_per_min=rate, medium=phase.medium
                )
            yield Stage(f"{place}.temperature", move, here, there)
            here = there
        if press is not None:
            there = Point(here.temperature_c, press.pressure_mpa)
            rate = max(0.001, press.mpa_per_s(here.pressure_mpa))
            if press.kind == "step" and abs(press.pressure_mpa - here.pressure_mpa) <= STEP_MPA_MAX:
                rate = 0.001
            if press.pressure_mpa >= here.pressure_mpa:
                pressed = Pressurise(pressure_mpa=press.pressure_mpa, rate_mpa_per_s=rate)
                yield Stage(f"{place}.pressure", pressed, here, there)
            here = there
