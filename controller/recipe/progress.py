"""What a procedure says of itself: transitions, progress and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.recipe.duration import Point
from controller.recipe.states import State
from controller.recipe.unit import Engine, Row, Unit


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of phase or state. `phase_from`, `phase_to` are phase names, or the state's
    where no phase runs; `detail` holds numbers with unit-suffixed keys."""

    phase_from: str
    phase_to: str
    cause: str
    detail: Mapping[str, float | int | str] = field(default_factory=dict)
    kind: str = "phase"
    """Of the event: `operator` for what a person did, `batch` for what was decided within a
    phase; neither begins a phase."""


@dataclass(frozen=True, slots=True)
class Progress:
    """For the display. `index` counts from 0 of `count` phases; `waits_for` is in words
    with numbers; `remaining_s` is an estimate for the whole batch, 0 while aborting, which
    takes as long as it takes."""

    phase: str
    index: int
    count: int
    state: State
    elapsed_s: float
    waits_for: str
    remaining_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the batch ended: state is Complete, Stopped or Aborted."""

    state: State
    cause: str


@dataclass(slots=True)
class PhaseRun:
    """One phase while it runs. Time is counted only while it is conducted, not while held."""

    unit: Unit
    index: int
    label: str
    start: Point
    phase: Any = field(init=False)
    row: Row = field(init=False)
    engine: Engine | None = field(init=False)
    limit_s: float = field(init=False)
    elapsed_s: float = 0.0
    counted_s: float = 0.0
    held_back_s: float = 0.0
    asked: bool = False
    waits_for: str = ""

    def __post_init__(self) -> None:
        self.phase = self.unit.recipe.phase[self.index]
        self.row = self.unit.rows[type(self.phase)]
        self.engine = self.unit.engine(self.phase)
        self.limit_s = self.unit.timeout_s(self.phase, self.start)

    @property
    def need_s(self) -> float:
        return self.row.need_s(self.phase)

    def count(self, *, met: bool, held_back: bool, step_s: float) -> None:
        """Add this step to the phase's counters."""
        if met:
            self.counted_s += step_s
        elif self.row.settling:
            self.counted_s = 0.0
        self.held_back_s = self.held_back_s + step_s if held_back else 0.0

    def extend(self) -> None:
        """A restarted phase gets its time again."""
        self.limit_s = self.elapsed_s + self.unit.timeout_s(self.phase, self.start)
        self.held_back_s = 0.0

    def remaining_s(self, here: Point) -> float:
        """Of this phase and all that follow, from where the unit is now."""
        unit = self.unit
        now_s = max(0.0, unit.duration_s(self.phase, here) - self.counted_s)
        return now_s + unit.total_s(
            unit.recipe.phase[self.index + 1 :], unit.after(self.phase, here)
        )
