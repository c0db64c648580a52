"""Time, in one place. Three names, converted nowhere else:

- a *tick* counts beats of the control loop;
- *monotonic_s* is what control and ages are computed from;
- *utc_ns* labels things for people and is never computed with.

`VirtualClock` needs no wall at all: each beat is the next multiple of the period.
`RealClock` beats from a timerfd with absolute deadlines: asyncio's own timers round up to
a millisecond, a timerfd in `add_reader` does not. The way from the timer through epoll, event
loop and task to the loop's body is 50 to 150 us of cold code, so the timer fires a little
early and the clock waits the rest on the spot.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import AsyncGenerator

from controller.ports import Tick

EARLY_FRACTION = 0.03  # of the period: how early the timer fires, and what waiting may cost

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1


class VirtualClock:
    """Beats as fast as the loop can take them; the wall clock is never read.

    Also the clock of a machine in lockstep over a real wire: its time stands still
    between actuates, so control sees process time and so do the record's labels.
    """

    def __init__(self, period_s: float, *, utc_start_ns: int) -> None:
        self._period_s = period_s
        self._utc_start_ns = utc_start_ns
        self._index = 0

    async def ticks(self) -> AsyncGenerator[Tick, None]:
        period_ns = round(self._period_s * 1e9)
        while True:
            index = self._index
            yield Tick(index, index * self._period_s, self._utc_start_ns + index * period_ns)
            self._index = index + 1

    def monotonic_s(self) -> float:
        return self._index * self._period_s

    def utc_ns(self) -> int:
        return self._utc_start_ns + self._index * round(self._period_s * 1e9)


class TimerFd:
    """A periodic CLOCK_MONOTONIC timer of the kernel (timerfd_create(2)).

    Raises OSError where the system has none.
    """

    def __init__(self, first_s: float, period_s: float) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed; hotpress needs Linux")
        spec = struct.pack("qqqq", *_timespec(period_s), *_timespec(first_s))
        if self._libc.timerfd_settime(self.fd, _TFD_TIMER_ABSTIME, spec, None) != 0:
            error = ctypes.get_errno()
            self.close()
            raise OSError(error, "timerfd_settime failed")

    def expirations(self) -> int:
        """Beats since the last call; 0 when none is due."""
        try:
            return int.from_bytes(os.read(self.fd, 8), "little")
        except BlockingIOError:
            return 0

    def close(self) -> None:
        os.close(self.fd)


def _timespec(seconds: float) -> tuple[int, int]:
    return divmod(round(seconds * 1e9), 1_000_000_000)


class RealClock:
    """Beats at absolute multiples of the period; late and missed beats are told, not hidden.

    It wakes `early_fraction` of the period before each beat and waits on the spot until the
    beat is due: that share of one CPU buys a beat that is on time. 0 only sleeps.
    """

    def __init__(self, period_s: float, early_fraction: float = EARLY_FRACTION) -> None:
        self._period_s = period_s
        self._early_s = early_fraction * period_s

    async def ticks(self) -> AsyncGenerator[Tick, None]:
        loop = asyncio.get_running_loop()
        first_s = time.monotonic() + self._period_s
        timer = TimerFd(first_s - self._early_s, self._period_s)
        due = asyncio.Event()
        loop.add_reader(timer.fd, due.set)
        index = -1
        try:
            while True:
                await due.wait()
                due.clear()
                count = timer.expirations()
                if count == 0:
                    continue
                index += count
                due_s = first_s + index * self._period_s
                late_s = time.monotonic() - due_s
                while late_s < 0.0:
                    late_s = time.monotonic() - due_s
                yield Tick(index, due_s, time.time_ns(), late_s, count - 1)
        finally:
            loop.remove_reader(timer.fd)
            timer.close()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc_ns(self) -> int:
        return time.time_ns()
