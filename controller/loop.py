"""The one control loop: simulated, on the bench and deployed, the same lines.

    sense -> observe -> recipe -> act -> actuate -> record

One direction, two awaits a tick, one at each end of the wire. The order is the safety
argument: the recipe sits between `observe` and `act`, so it can ask for anything and
un-trip nothing, because `act` gates again. Whatever ends the loop, the last frame on the
wire is all-off; should even that be lost, the devices' own leases let the outputs fall.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Protocol

from controller.journalist import Journalist
from controller.kernel import Kernel
from controller.ports import Clock, Station, Tick
from controller.recipe.procedure import Transition
from controller.timing import LoopTiming

RECIPE_TICKS = 10  # the recipe and the record run at a tenth of the loop's rate


class Procedure(Protocol):
    """What the loop asks of a recipe in execution."""

    @property
    def phase(self) -> str: ...

    @property
    def finished(self) -> bool: ...

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Transition, ...]: ...


async def run(
    station: Station,
    clock: Clock,
    kernel: Kernel,
    procedure: Procedure,
    journalist: Journalist,
    timing: LoopTiming,
    stopping: Callable[[], bool],
    stopwatch_s: Callable[[], float],
) -> None:
    """Run the press until the procedure has finished or `stopping()` says so.

    Takes an open station and closes it. A fault of the field is a frame with bad quality,
    never an exception. `stopwatch_s` times the loop's own work and steers nothing.
    """
    tick = Tick(0, clock.monotonic_s(), clock.utc_ns())
    try:
        async with aclosing(clock.ticks()) as ticks:
            async for tick in ticks:
                begun_s = stopwatch_s()
                kernel.sensor.tick = tick.index
                await station.sense(tick, kernel.sensor)
                kernel.observe()
                recipe_tick = tick.index % RECIPE_TICKS == 0 or tick.missed > 0
                if recipe_tick:
                    moves = procedure.step(tick, kernel.observation, kernel.command)
                kernel.act()
                await station.actuate(tick, kernel.output)
                journalist.status(tick, kernel)
                if recipe_tick:
                    journalist.moves(tick, moves)
                    journalist.sample(tick, procedure.phase, kernel)
                timing.beat(tick, stopwatch_s() - begun_s)
                if recipe_tick and (procedure.finished or stopping()):
                    break
    finally:
        kernel.make_safe()
        await station.actuate(tick, kernel.output)
        await station.close()
