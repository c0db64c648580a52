"""How one class of unit is conducted: what the procedure asks of a press or a WIP.

The procedure (controller.recipe.procedure) knows states, requests, timeouts and advisories. What
a phase asks for, how a hold brings setpoints to rest and how an abort ends are the unit's:
controller.recipe.press_unit, controller.recipe.wip_unit.

`Ask` and `Seen` below are the unit's own types; the procedure only hands them on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.recipe.duration import Point
from controller.recipe.manual import Manual
from controller.recipe.phases import PhaseBase
from controller.recipe.status import Status


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of phase; four columns, each a pure function.

    guard      what must be true before the phase asks for anything; '' when it is
    ask        what it asks of the kernel
    condition  what it waits for; '' when that is true now
    need_s     how long the condition must have stood, in all or (settling) without a break
    """

    guard: Callable[[Any, Any, Any], str]
    ask: Callable[[Any, Any, Any], Any]
    condition: Callable[[Any, Any, Any], str]
    need_s: Callable[[Any], float]
    settling: bool = False
    held_back_by: tuple[str, ...] = ()
    """Interlocks that hold this phase's ramp."""


@dataclass(frozen=True, slots=True)
class EngineStep:
    """What a phase with an engine of its own asks for and has decided in one step.

    `trouble` is answered by `answer`, else by the phase's `on_timeout`; `note` goes into the
    record; `said` tells why it is `done`. Each is empty when there is nothing to say.
    """

    ask: Any
    waits_for: str = ""
    note: str = ""
    trouble: str = ""
    answer: str = ""
    done: bool = False
    said: str = ""


class Engine(Protocol):
    """The memory of a phase that one row cannot describe."""

    @property
    def active(self) -> bool:
        """Not any more: the phase goes on by its row."""
        ...

    def step(
        self, seen: Any, ask: Any, *, lacking: str, counted_s: float, step_s: float
    ) -> EngineStep:
        """`lacking`: what the row's condition waits for now; `counted_s`: for how long it has
        been true; `step_s`: conducted time since the last step."""
        ...


@dataclass(frozen=True, slots=True)
class AbortStep:
    ask: Any
    waits_for: str
    """Empty when the abort has done what it can."""


class Unit(Protocol):
    """The press or the WIP under one recipe."""

    @property
    def recipe(self) -> Any:
        """Recipe or WipRecipe: both have a header `recipe`, `limits` and the list `phase`."""
        ...

    @property
    def rows(self) -> Mapping[type, Row]: ...

    @property
    def tail(self) -> tuple[type[PhaseBase], ...]:
        """Kinds of the closing run of phases: the orderly end of a stop."""
        ...

    @property
    def start(self) -> Any:
        """What stands before the first phase has asked."""
        ...

    @property
    def rest(self) -> Any:
        """Nothing is asked for; the pressure is kept."""
        ...

    def look(self, observation: Any) -> Status: ...

    def engine(self, phase: Any) -> Engine | None: ...

    # ---- a hold -------------------------------------------------------------------------------

    def braking(self, phase: Any, ask: Any) -> Any: ...

    def quietened(self, ask: Any, seen: Any) -> Any: ...

    def at_rest(self, before: Any, now: Any, gap_s: float, ask: Any) -> bool: ...

    def resting(self, seen: Any, ask: Any) -> Any: ...

    # ---- an abort -----------------------------------------------------------------------------

    def abort_step(self, aborted: Any, seen: Any, *, elapsed_s: float, vent: bool) -> AbortStep: ...

    # ---- by hand ------------------------------------------------------------------------------

    def refusal(self, manual: Manual, seen: Any) -> str:
        """Why a request of manual mode is not accepted, with the bound; empty when it is."""
        ...

    def manual(self, manual: Manual, ask: Any) -> Any: ...

    def automatic(self, seen: Any, ask: Any) -> Any: ...

    # ---- time and figures ---------------------------------------------------------------------

    def point(self, seen: Any) -> Point: ...

    def after(self, phase: Any, start: Point) -> Point: ...

    def duration_s(self, phase: Any, start: Point) -> float: ...

    def timeout_s(self, phase: Any, start: Point) -> float: ...

    def total_s(self, phases: Sequence[Any], start: Point) -> float: ...

    def figures(self, seen: Any) -> dict[str, float]:
        """What a transition tells with it, by signal names."""
        ...


def tail_start(phases: Sequence[Any], tail: tuple[type, ...]) -> int:
    """Index of the closing run of phases of these kinds; their number when there is none."""
    first = len(phases)
    while first > 0 and isinstance(phases[first - 1], tail):
        first -= 1
    return first
