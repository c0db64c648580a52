"""One thing a lint found, and the walk along a recipe that every check shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.recipe.duration import Point, after
from controller.recipe.model import Recipe
from controller.recipe.phases import Phase


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
        here = there
    return tuple(found)
