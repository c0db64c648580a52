"""What a procedure says of itself: transitions, progress and outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.recipe.conduct import ROWS, Row
from controller.recipe.density import DensityEnd
from controller.recipe.duration import Point, after, duration_s, timeout_s, total_s
from controller.recipe.phases import Hold, Phase, Programme, ends_on_density
from controller.recipe.programme import ProgrammeRun
from controller.recipe.states import State


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

    index: int
    label: str
    phase: Phase
    start: Point
    limit_s: float = 0.0
    elapsed_s: float = 0.0
    counted_s: float = 0.0
    held_back_s: float = 0.0
    asked: bool = False
    waits_for: str = ""
    density_correction_fraction: float = 0.0
    density: DensityEnd | None = None
    programme: ProgrammeRun | None = None

    def __post_init__(self) -> None:
        self.limit_s = timeout_s(self.phase, self.start)
        if isinstance(self.phase, Hold) and ends_on_density(self.phase):
            self.density = DensityEnd(self.phase, self.density_correction_fraction)
        if isinstance(self.phase, Programme):
            self.programme = ProgrammeRun(self.phase)

    @property
    def row(self) -> Row:
        return ROWS[type(self.phase)]

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
        self.limit_s = self.elapsed_s + timeout_s(self.phase, self.start)
        self.held_back_s = 0.0

    def remaining_s(self, phases: Sequence[Phase], here: Point) -> float:
        """Of this phase and all that follow, from where the stack is now."""
        now_s = max(0.0, duration_s(self.phase, here) - self.counted_s)
        return now_s + total_s(phases[self.index + 1 :], after(self.phase, here))
