"""What a hold that ends on density asks for and decides in one step."""

from __future__ import annotations

from dataclasses import dataclass

from controller.recipe.conduct import creeping, keeping, staying
from controller.recipe.density import DensityEnd
from controller.recipe.frames import Ask, Seen
from controller.recipe.phases import Hold
from controller.recipe.unit import EngineStep


@dataclass(slots=True)
class DensityHold:
    """The engine of such a hold (controller.recipe.unit.Engine). It gives way to the hold's own
    row, pressure and time, when the density cannot be measured well enough."""

    end: DensityEnd

    @property
    def active(self) -> bool:
        return self.end.watching

    def step(
        self, seen: Seen, ask: Ask, *, lacking: str, counted_s: float, step_s: float
    ) -> EngineStep:
        end, phase = self.end, self.end.phase
        fell = end.step(seen, step_s)
        if fell:
            return EngineStep(staying(seen, ask), lacking, note=fell)
        above = end.above()
        if above and not end.reached:
            end.reached = above
            return self._trouble(keeping(phase, seen, ask), above)
        done = end.end()
        if not lacking and counted_s >= phase.hold_s_min and (done or end.reached):
            return EngineStep(keeping(phase, seen, ask), done=True, said=done or end.reached)
        if counted_s >= longest_s(phase):
            return self._out_of_time(seen, ask)
        ask = ask if done or end.reached else creeping(phase, ask)
        return EngineStep(ask, lacking or end.waits_for())

    def _out_of_time(self, seen: Seen, ask: Ask) -> EngineStep:
        """The maximum time is over; too little density is answered once, then accepted."""
        end = self.end
        below = end.below()
        said = f"{longest_s(end.phase):g} s are over: {below or end.waits_for()}"
        if below and not end.reached:
            end.reached = said
            return self._trouble(staying(seen, ask), said)
        return EngineStep(keeping(end.phase, seen, ask), done=True, said=said)

    def _trouble(self, ask: Ask, trouble: str) -> EngineStep:
        end = self.end
        return EngineStep(ask, end.waits_for(), trouble=trouble, answer=end.phase.on_density)


def longest_s(phase: Hold) -> float:
    return phase.hold_s if phase.hold_s_max is None else phase.hold_s_max
