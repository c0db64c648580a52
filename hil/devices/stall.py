"""Lockstep's time when a fault has silenced the device whose writes are its beat.

A host that has given up on a dead device writes nothing more, and in lockstep nothing else moves
the machine: a fault of two seconds would last for ever. So while a module is dead and no write
has come for a while, the wall beats instead. This is the one place where a lockstep run depends
on the wall; runs with such faults repeat in their verdict, not in their every tick.
"""

from __future__ import annotations

import asyncio

from hil.devices.face import Face
from hil.faults.bench import Bench
from hil.faults.modules import ModuleFaults

_LOOK_S = 0.05
_QUIET_LOOKS = 4  # 200 ms without a beat is no slow host any more


class StallWatch:
    """Looks every 50 ms; costs nothing but that while no module is dead."""

    def __init__(self, face: Face, faults: ModuleFaults, bench: Bench) -> None:
        self._face = face
        self._faults = faults
        self._bench = bench
        self._ticks = max(1, round(_LOOK_S / bench.tick_s))
        self._seen_tick = 0
        self._quiet_looks = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_LOOK_S, self.look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Beat for the time since the last look when nobody else does."""
        dead = self._faults.dead_modules() if self._faults.acting else []
        if self._bench.of_kind("line"):  # a line that is unwell may cut off everybody
            dead = list(self._face.modules.values())
        quiet = bool(dead) and self._bench.tick == self._seen_tick
        self._quiet_looks = self._quiet_looks + 1 if quiet else 0
        if self._quiet_looks >= _QUIET_LOOKS:
            for _ in range(self._ticks):
                for module in dead:
                    self._faults.miss_write(module)
                self._face.advance()
        self._seen_tick = self._bench.tick
        self.start()
