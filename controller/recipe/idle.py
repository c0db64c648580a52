"""A station without a batch: it senses and tells, and asks for nothing."""

from __future__ import annotations

from typing import Any

from controller.ports import Tick
from controller.recipe.progress import Transition


class Idle:
    """Stands where a procedure would; never finishes and never arms the kernel."""

    phase = "idle"
    finished = False

    def __init__(self, rest: Any, *, lease_ticks: int = 50) -> None:
        """`rest` is what the unit asks for when it asks for nothing (controller.recipe.unit)."""
        self._rest = rest
        self._lease_ticks = lease_ticks

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Transition, ...]:
        """Ask for everything off, and renew that."""
        until = tick.index + self._lease_ticks
        self._rest.write(command, valid_until_tick=until, reset=False)
        return ()
