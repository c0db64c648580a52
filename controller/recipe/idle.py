"""A station without a batch: it senses and tells, and asks for nothing."""

from __future__ import annotations

from controller.ports import Tick
from controller.recipe.frames import Ask, Command, Observation
from controller.recipe.progress import Transition


class Idle:
    """Stands where a procedure would; never finishes and never arms the kernel."""

    phase = "idle"
    finished = False

    def __init__(self, *, lease_ticks: int = 50) -> None:
        self._lease_ticks = lease_ticks

    def step(
        self, tick: Tick, observation: Observation, command: Command
    ) -> tuple[Transition, ...]:
        """Ask for everything off, and renew that."""
        Ask().write(command, valid_until_tick=tick.index + self._lease_ticks, reset=False)
        return ()
