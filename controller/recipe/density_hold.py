"""What a hold that ends on density asks for and decides in one step."""

from __future__ import annotations

from dataclasses import dataclass

from controller.recipe.conduct import creeping, keeping, staying
from controller.recipe.density import DensityEnd
from controller.recipe.frames import Ask, Seen
from controller.recipe.phases import Hold


@dataclass(frozen=True, slots=True)
class DensityStep:
    """`done` ends the phase, `trouble` is answered by `on_density`, `note` goes into the
    record; each is empty when there is nothing to say."""

    ask: Ask
    done: str = ""
    trouble: str = ""
    note: str = ""


def density_step(
    end: DensityEnd, seen: Seen, ask: Ask, *, met: bool, counted_s: float, step_s: float
) -> DensityStep:
    """`met`: pressure and temperature are in their bands now; `counted_s`: for how long."""
    phase = end.phase
    fell = end.step(seen, step_s)
    if fell:
        return DensityStep(staying(seen, ask), note=fell)
    if not end.watching:
        return DensityStep(ask)
    above = end.above()
    if above and not end.reached:
        end.reached = above
        return DensityStep(keeping(phase, seen, ask), trouble=above)
    done = end.end()
    if met and counted_s >= phase.hold_s_min and (done or end.reached):
        return DensityStep(keeping(phase, seen, ask), done=done or end.reached)
    if counted_s >= longest_s(phase):
        return _out_of_time(end, seen, ask)
    return DensityStep(ask if done or end.reached else creeping(phase, ask))


def _out_of_time(end: DensityEnd, seen: Seen, ask: Ask) -> DensityStep:
    """The maximum time is over; too little density is answered once, then accepted."""
    below = end.below()
    said = f"{longest_s(end.phase):g} s are over: {below or end.waits_for()}"
    if below and not end.reached:
        end.reached = said
        return DensityStep(staying(seen, ask), trouble=said)
    return DensityStep(keeping(end.phase, seen, ask), done=said)


def longest_s(phase: Hold) -> float:
    return phase.hold_s if phase.hold_s_max is None else phase.hold_s_max
