"""Laws that know time, chance or the past: the parts that the transforms are made of.

What they remember goes by tick, never by how often they were asked.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from hil.faults.bench import Active
from hil.faults.chance import mixed, normal, uniform
from hil.faults.model import FaultError

Number = TypeVar("Number", int, float)


class Moment:
    """When it began, chance and elapsed time of one active fault."""

    def __init__(self, active: Active, seed: int, tick_s: float) -> None:
        self._active = active
        self._seed = seed
        self.tick_s = tick_s

    def number(self, name: str) -> float:
        found = self._active.parameters[name]
        if not isinstance(found, float):
            raise FaultError(f"{self._active.fault.point}: {name} is missing")
        return found

    def elapsed_s(self, tick: int) -> float:
        return (tick - self._active.begun_tick) * self.tick_s

    def slot(self, tick: int) -> int:
        # Half a microsecond of slack: a slot that should end with a tick does.
        return int((self.elapsed_s(tick) + 5e-7) / self.number("slot_s"))

    def uniform(self, index: int, salt: int = 0) -> float:
        return uniform(self._seed, self._active.handle, index, salt)

    def normal(self, tick: int) -> float:
        return normal(self._seed, self._active.handle, tick)

    def bits(self, index: int) -> int:
        return mixed(self._seed, self._active.handle, index)

    def broken(self, tick: int) -> bool:
        """Of an intermittent fault: is it there now."""
        return self.uniform(self.slot(tick)) < self.number("fraction")

    def spike(self, tick: int) -> float:
        """-1 or 1 while a spike stands, else 0: once, or at random instants of a mean rate."""
        elapsed_s, width_s = self.elapsed_s(tick), self.number("width_s")
        rate = self.number("rate_per_min")
        index, begin_s = 0, 0.0
        if rate > 0.0:
            period_s = max(60.0 / rate, width_s)
            index = int(elapsed_s / period_s)
            begin_s = index * period_s + self.uniform(index, 1) * (period_s - width_s)
        inside = -1e-9 <= elapsed_s - begin_s < max(width_s, self.tick_s) - 1e-9
        return (1.0 if self.uniform(index, 2) < 0.5 else -1.0) if inside else 0.0


class Delay(Generic[Number]):
    """What was there `delay_s` ago; before the fault began nothing is known but its begin."""

    def __init__(self, moment: Moment) -> None:
        self._ticks = max(1, round(moment.number("delay_s") / moment.tick_s))
        self._past: deque[tuple[int, Number]] = deque()

    def __call__(self, tick: int, number: Number) -> Number:
        past = self._past
        if past and past[-1][0] == tick:
            past[-1] = (tick, number)
        else:
            past.append((tick, number))
        while len(past) > 1 and past[1][0] <= tick - self._ticks:
            past.popleft()
        return past[0][1]


class Lag:
    """First order, backward Euler, from what was there when the fault began."""

    def __init__(self, moment: Moment) -> None:
        self._gain = moment.tick_s / (moment.tick_s + moment.number("lag_s"))
        self._tick: int | None = None
        self._before = self._now = 0.0

    def __call__(self, tick: int, number: float) -> float:
        if self._tick is None:
            self._before = self._now = number
        elif tick != self._tick:
            self._before = self._now
        self._tick = tick
        self._now = self._before + self._gain * (number - self._before)
        return self._now


class Held(Generic[Number]):
    """Stuck at what was there when the fault began."""

    def __init__(self) -> None:
        self._held: Number | None = None

    def __call__(self, tick: int, number: Number) -> Number:
        if self._held is None:
            self._held = number
        return self._held
