"""Virtual time stands on arithmetic alone; real time is absolute and admits being late."""

import asyncio
import time
from contextlib import aclosing
from itertools import pairwise

from controller.clocks import RealClock, TimerFd, VirtualClock


async def take(clock, count):
    async with aclosing(clock.ticks()) as ticks:
        found = []
        async for tick in ticks:
            found.append(tick)
            if len(found) == count:
                return found
    raise AssertionError("the clock ended")


async def test_virtual_beats_are_exact_multiples_whatever_the_wall_does():
    clock = VirtualClock(0.010, utc_start_ns=5_000)
    ticks = await take(clock, 1001)
    assert [tick.index for tick in ticks] == list(range(1001))
    assert ticks[-1].monotonic_s == 1000 * 0.010
    assert ticks[-1].utc_ns == 5_000 + 10_000_000_000
    assert all(tick.lateness_s == 0.0 and tick.missed == 0 for tick in ticks)
    assert clock.monotonic_s() == 1000 * 0.010


async def test_real_beats_are_due_at_absolute_multiples():
    ticks = await take(RealClock(0.005), 20)
    for before, after in pairwise(ticks):
        beats = after.index - before.index
        assert beats == 1 + after.missed
        assert abs(after.monotonic_s - before.monotonic_s - beats * 0.005) < 1e-9
    assert all(tick.lateness_s >= 0.0 for tick in ticks)


async def test_a_stalled_loop_is_told_how_many_beats_it_missed():
    clock = RealClock(0.005)
    async with aclosing(clock.ticks()) as ticks:
        first = await anext(ticks)
        time.sleep(0.052)  # noqa: ASYNC251  a stall is exactly what this is about
        second = await anext(ticks)
    assert second.missed >= 8
    assert second.index == first.index + 1 + second.missed


async def test_the_timer_is_closed_when_the_loop_leaves():
    clock = RealClock(0.005)
    async with aclosing(clock.ticks()) as ticks:
        await anext(ticks)
    await asyncio.sleep(0.01)
    timer = TimerFd(time.monotonic() + 10, 1.0)
    assert timer.expirations() == 0
    timer.close()
