"""The faults that act on one machine now, and the machine's time they live by.

A bench is told the time by the wire it belongs to, one tick after another. It draws all chance
from (seed, number of the injection, tick), so the same injections give the same run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hil.faults.model import Fault, FaultError, Kind
from hil.faults.reach import Reach, Resolved

ACTIVE_MAX = 64  # more at once is a mistake, not a test
FOR_S_MAX = 1e7


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that acts: `until_tick` is the first tick without it, None for ever."""

    handle: int
    fault: Fault
    kind: Kind
    parameters: Resolved
    begun_tick: int
    begun_s: float
    until_tick: int | None


class Bench:
    """Active faults of one machine, in order of injection.

    `changed` is called after every injection, clearing and expiry; the wire listens there.
    """

    def __init__(self, reach: Reach, *, seed: int = 0, tick_s: float = 0.010) -> None:
        self.reach = reach
        self.seed = seed
        self.tick_s = tick_s
        self.tick = 0
        self.acting = False
        self.next_expiry_tick: float = math.inf
        self.listeners: list[Callable[[], None]] = []
        self._active: tuple[Active, ...] = ()
        self._injected_count = 0

    @property
    def time_s(self) -> float:
        """Machine time since the bench was built."""
        return self.tick * self.tick_s

    def active(self) -> tuple[Active, ...]:
        """In order of injection."""
        return self._active

    def of_kind(self, *kinds: Kind) -> tuple[Active, ...]:
        return tuple(active for active in self._active if active.kind in kinds)

    def of_device(self, name: str) -> tuple[Active, ...]:
        """Faults of the I/O device `io.<name>`, in order of injection."""
        return tuple(a for a in self.of_kind("device", "indicator") if a.fault.point[3:] == name)

    def inject(self, fault: Fault, *, for_s: float | None = None) -> int:
        """Let it act from now on, for `for_s` of machine time (at least one tick) or for ever.

        Returns a handle to clear it by. Raises FaultError when the machine cannot do it.
        """
        kind, parameters = self.reach.resolve(fault)
        if len(self._active) >= ACTIVE_MAX:
            raise FaultError(f"{ACTIVE_MAX} faults act already; clear some")
        if for_s is not None and not (math.isfinite(for_s) and 0.0 < for_s <= FOR_S_MAX):
            raise FaultError(f"for_s is {for_s}, must be above 0 and at most {FOR_S_MAX:g}")
        until = None if for_s is None else self.tick + max(1, round(for_s / self.tick_s))
        self._injected_count += 1
        handle = self._injected_count
        begun = Active(handle, fault, kind, parameters, self.tick, self.time_s, until)
        self._change((*self._active, begun))
        return handle

    def clear(self, handle: int | None = None) -> None:
        """End one fault, or all. Raises FaultError for a handle that does not act."""
        if handle is None:
            self._change(())
            return
        left = tuple(active for active in self._active if active.handle != handle)
        if len(left) == len(self._active):
            acting = ", ".join(str(active.handle) for active in self._active) or "none"
            raise FaultError(f"no fault {handle} acts; acting: {acting}")
        self._change(left)

    def advance(self) -> None:
        """The machine has lived one tick more."""
        self.tick += 1
        if self.tick >= self.next_expiry_tick:
            self._expire()

    def _expire(self) -> None:
        self._change(
            tuple(a for a in self._active if a.until_tick is None or a.until_tick > self.tick)
        )

    def _change(self, active: tuple[Active, ...]) -> None:
        self._active = active
        self.acting = bool(active)
        ends = [a.until_tick for a in active if a.until_tick is not None]
        self.next_expiry_tick = min(ends, default=math.inf)
        for listener in self.listeners:
            listener()
