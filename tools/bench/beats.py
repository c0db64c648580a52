"""The control loop's heart-beat on its own, as a process: what the lateness group measures.

    python -m tools.bench.beats PERIOD_S COUNT FIFO_PRIORITY

Beats of the product's RealClock on the product's event loop under the product's realtime
settings, and one kernel tick a beat. Writes COUNT latenesses in ns as raw int64, like
lateness.c; what was not permitted is named on standard error.
"""

from __future__ import annotations

import array
import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import aclosing

from controller.clocks import RealClock
from controller.realtime import Realtime, realtime
from tools.bench.event_loop import new_event_loop
from tools.bench.scene import hot_scene


def kernel_tick() -> Callable[[int], None]:
    """One tick of the kernel: the frame's number in, observe, act."""
    kernel = hot_scene().kernel

    def tick(index: int) -> None:
        kernel.sensor.tick = index
        kernel.observe()
        kernel.act()

    return tick


async def beat(period_s: float, count: int, work: Callable[[int], None]) -> array.array[int]:
    """Nanoseconds from each due instant to the first line of the loop's body."""
    late_ns = array.array("q", bytes(8 * count))
    async with aclosing(RealClock(period_s).ticks()) as ticks:
        taken = 0
        async for tick in ticks:
            late_ns[taken] = round((time.monotonic() - tick.monotonic_s) * 1e9)
            work(tick.index)
            taken += 1
            if taken == count:
                break
    return late_ns


def run(period_s: float, count: int, priority: int) -> array.array[int]:
    work = kernel_tick()
    with (
        asyncio.Runner(loop_factory=new_event_loop) as runner,
        realtime(Realtime(fifo_priority=priority)) as grants,
    ):
        for grant in grants:
            if grant.refused:
                print(grant, file=sys.stderr)
        return runner.run(beat(period_s, count, work))


if __name__ == "__main__":
    late_ns = run(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(late_ns.tobytes())
