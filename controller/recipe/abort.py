"""How an abort ends: the press-safe state first, then the pressure, then the batch.

Heaters go off at once and water cools. The pressure is *kept* by the load-holding valve:
dropping it on a hot stack hurts the stack and, with a hot press open, people. When stack
and zones are at or below 60 °C the pressure is released at the recipe's rate, provided
no trip that stands takes the pump away (then it waits for the cause to be removed and
the operator's reset), and provided the phase that was aborted says so (`on_abort`).
A person in danger goes before the stack: `vent` asks for the dump valve at any time.

An abort cannot last for ever. After two hours, or one minute without any input, it ends
with the pressure retained and says so; what is left to do is a person's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from controller.recipe.conduct import MEDIUM
from controller.recipe.frames import Action, Ask, Cooling, Hydraulics, Seen
from controller.recipe.phases import Cool, OnAbort, Phase, Release
from controller.recipe.unit import AbortStep

SAFE_TEMPERATURE_C = 60.0
RELEASE_MPA_PER_S = 0.5
COOLING_C_PER_MIN = 10.0
"""Both for a recipe that names none."""
_FORBIDS_RELEASE = Action.PUMP_OFF | Action.ALL_OFF


@dataclass(frozen=True, slots=True)
class AbortPlan:
    """What the recipe decides about an abort."""

    on_abort: OnAbort
    cooling: Cooling
    cooling_c_per_s: float
    release_mpa_per_s: float


def abort_plan(phases: Sequence[Phase], aborted: Phase) -> AbortPlan:
    """From the recipe: its last cooling, its gentlest release."""
    cools = [phase for phase in phases if isinstance(phase, Cool)]
    rates = [phase.rate_mpa_per_s for phase in phases if isinstance(phase, Release)]
    return AbortPlan(
        on_abort=getattr(aborted, "on_abort", "release_when_cool"),
        cooling=MEDIUM[cools[-1].medium if cools else "water"],
        cooling_c_per_s=(cools[-1].rate_c_per_min if cools else COOLING_C_PER_MIN) / 60.0,
        release_mpa_per_s=min(rates, default=RELEASE_MPA_PER_S),
    )


def abort_step(plan: AbortPlan, seen: Seen, *, vent: bool) -> AbortStep:
    """What to ask now, and what the abort still waits for."""
    cool = seen.hottest_c <= SAFE_TEMPERATURE_C
    cooling = Ask(
        cooling=Cooling.OFF if cool else plan.cooling,
        temperature_rate_c_per_s=plan.cooling_c_per_s,
    )
    if vent and not seen.released:
        return AbortStep(
            replace(cooling, dump_request=1),
            f"vented pressure; cylinder {seen.cylinder_bar:.1f} bar",
        )
    if not cool:
        return AbortStep(
            cooling,
            f"stack and zones at or below {SAFE_TEMPERATURE_C:g} °C before release; "
            f"the hottest is {seen.hottest_c:.1f} °C, {seen.pressure_mpa:.1f} MPa kept",
        )
    if seen.released or plan.on_abort == "retain":
        return AbortStep(Ask(), "")
    if seen.actions & _FORBIDS_RELEASE:
        return AbortStep(
            Ask(),
            f"trip {', '.join(seen.trips)} to be reset before {seen.pressure_mpa:.1f} MPa "
            "can be released",
        )
    return AbortStep(
        Ask(
            hydraulics=Hydraulics.PRESSURE,
            pressure_target_mpa=0.0,
            pressure_rate_mpa_per_s=plan.release_mpa_per_s,
        ),
        f"released pressure; cylinder {seen.cylinder_bar:.1f} bar",
    )
