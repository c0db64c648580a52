"""How an abort of a WIP ends: jacket and pump off, lid locked, the pressure kept.

500 MPa let go in a hurry is a hazard of its own, so nothing happens for ten minutes, in which a
person may look and decide; then the pressure is let off through the needle at the recipe's
gentlest rate, if the phase that was aborted says so (`on_abort`). A leak or a burst is not moved
by itself at all: the fluid may carry hydrogen sulfide, and a person has to ask (`vent`), as
they may at any time. The lid stays locked; opening it is a person's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.recipe.unit import AbortStep
from controller.recipe.wip_frames import Action, Ask, Mode, Output, Seen
from controller.recipe.wip_phases import Decompress, OnWipAbort

RETAINED_S = 600.0
RELEASE_MPA_PER_S = 1.0
"""For a recipe that names none."""
LEAKS = frozenset({"pressure_loss", "bag_burst", "rupture_disc", "lid_lost", "h2s"})
_FORBIDS_RELEASE = Action.ISOLATE | Action.ALL_OFF


@dataclass(frozen=True, slots=True)
class AbortPlan:
    """What the recipe decides about an abort."""

    on_abort: OnWipAbort
    release_mpa_per_s: float


def abort_plan(phases: Sequence[object], aborted: object) -> AbortPlan:
    """From the recipe: its gentlest decompression."""
    decompressions = [phase for phase in phases if isinstance(phase, Decompress)]
    rates = [min(phase.rate_mpa_per_s, phase.slow_mpa_per_s) for phase in decompressions]
    return AbortPlan(
        on_abort=getattr(aborted, "on_abort", "release"),
        release_mpa_per_s=min(rates, default=RELEASE_MPA_PER_S),
    )


def abort_step(plan: AbortPlan, seen: Seen, *, elapsed_s: float, vent: bool) -> AbortStep:
    """What to ask now, and what the abort still waits for."""
    kept = AbortStep(Ask(), "")
    if seen.released:
        return kept
    if seen.actions & _FORBIDS_RELEASE:
        trips = ", ".join(seen.trips)
        return AbortStep(Ask(), f"trip {trips} to be reset before the pressure can be let off")
    if not vent and plan.on_abort == "retain":
        return kept
    leaks = sorted(LEAKS & set(seen.trips))
    if not vent and leaks:
        return AbortStep(Ask(), f"a person's vent: {', '.join(leaks)} is not moved by itself")
    if not vent and elapsed_s < RETAINED_S:
        left_s = RETAINED_S - elapsed_s
        return AbortStep(
            Ask(), f"vent, or {left_s:.0f} s more; {seen.pressure_mpa:.1f} MPa kept meanwhile"
        )
    letting_off = Ask(
        mode=Mode.RELEASE,
        pressure_rate_mpa_per_s=plan.release_mpa_per_s,
        request_bits=Output.YOKE_CLOSE,
    )
    return AbortStep(letting_off, f"released pressure; vessel {seen.pressure_mpa:.2f} MPa")
