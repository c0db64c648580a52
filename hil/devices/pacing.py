"""What moves the machine's time, and what the wall does to its outputs.

Real time: the plant beats every tick period by the wall clock. Lockstep: the plant advances
one tick with every write of digital outputs, the last write of a controller's tick, so a
run takes as long as the wire needs and the wall does not enter its result.

The output leases run on the wall in both. Lockstep stands still in silence, so a lapse
would leave no trace in the plant; therefore it owes one tick with safe outputs, paid when
the host returns and before its new outputs count. One, because any other number would be
a wall time in disguise; not none, because a host that was silent must find that the
outputs had fallen, not only a counter that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hil.devices.face import Face
from hil.devices.module import Module

_LEASE_CHECK_S_MAX = 0.010
_LEASE_CHECK_S_MIN = 0.001
_CATCH_UP_BEATS = 10


class Lockstep:
    """Advances with the digital output writes; nothing to start or stop."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._owes_safe_tick = False
        for module in face.modules.values():
            module.outputs_written = self.outputs_written

    def outputs_written(self, module: Module) -> None:
        if self._owes_safe_tick:
            self._owes_safe_tick = False
            self._face.advance()
        self._face.drive()
        if module.has_digital_outputs:
            self._face.advance()

    def lapsed(self) -> None:
        self._owes_safe_tick = True

    @property
    def lateness_s_max(self) -> float:
        """Never: it waits for its host."""
        return 0.0

    def start_count(self) -> None:
        """Nothing is counted."""

    def swallowed(self, module: Module) -> None:
        """A faulty module took nothing from a write; the machine lives through its tick."""
        if module.has_digital_outputs:
            self._face.advance()

    def start(self) -> None:
        """Nothing moves by itself."""

    def stop(self) -> None:
        """Nothing moves by itself."""


@dataclass(slots=True)
class Lateness:
    """How well real time was kept."""

    beat_count: int = 0
    late_beat_count: int = 0  # caught up in one go
    lost_beat_count: int = 0  # too many to catch up: the machine's time stood still
    lateness_s_max: float = 0.0


class RealTime:
    """Beats by the wall; falls behind by a bounded amount and then drops beats, counted."""

    def __init__(self, face: Face, tick_s: float, clock: Callable[[], float]) -> None:
        self._face = face
        self._tick_s = tick_s
        self._clock = clock
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.lateness = Lateness()
        for module in face.modules.values():
            module.outputs_written = lambda module: face.drive()

    @property
    def lateness_s_max(self) -> float:
        return self.lateness.lateness_s_max

    def start_count(self) -> None:
        """Forget how late it was, and is."""
        self.lateness = Lateness()
        self._due_s = self._clock() + self._tick_s

    def lapsed(self) -> None:
        """The plant runs on with the outputs it was given."""

    def swallowed(self, module: Module) -> None:
        """The wall beats on."""

    def start(self) -> None:
        self._due_s = self._clock() + self._tick_s
        self._schedule()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        delay_s = max(self._due_s - self._clock(), 0.0)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.beat)

    def beat(self) -> None:
        """Advance by all beats that are due, at most a bounded number."""
        late_s = self._clock() - self._due_s
        if late_s >= 0.0:
            due = 1 + int(late_s / self._tick_s)
            done = min(due, _CATCH_UP_BEATS)
            for _ in range(done):
                self._face.advance()
            self._due_s += due * self._tick_s
            self._count(due, done, late_s)
        self._schedule()

    def _count(self, due: int, done: int, late_s: float) -> None:
        lateness = self.lateness
        lateness.beat_count += done
        lateness.late_beat_count += done - 1
        lateness.lost_beat_count += due - done
        lateness.lateness_s_max = max(lateness.lateness_s_max, late_s)


class LeaseWatch:
    """Looks for lapsed leases at the instant they are due, at most 10 ms apart."""

    def __init__(self, face: Face, lapsed: Callable[[], None], clock: Callable[[], float]) -> None:
        self._face = face
        self._lapsed = lapsed
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.check()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> None:
        if self._face.lapse_if_due():
            self._lapsed()
        now_s = self._clock()
        leases = [m.lease for m in self._face.modules.values() if m.lease.held]
        nearest_s = min((lease.remaining_s(now_s) for lease in leases), default=_LEASE_CHECK_S_MAX)
        delay_s = min(max(nearest_s, _LEASE_CHECK_S_MIN), _LEASE_CHECK_S_MAX)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.check)
