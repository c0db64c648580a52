"""Real time on a computer that has other things to do, as far as the system permits.

A machine, its controller and a rig's twin in one process each want a few hundred microseconds every
ten milliseconds. Beside busy programs the ordinary scheduler makes them wait for longer than
an output's lease. Round robin at the lowest real-time priority is asked for and given back;
children of this process have it too. Refused, everything runs all the same, less punctually.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator

_PRIORITY = 1


@contextlib.contextmanager
def punctual() -> Iterator[bool]:
    """Yields whether the system granted it."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    granted = False
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
        granted = True
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to look at it
    try:
        yield granted
    finally:
        gc.unfreeze()
        if granted:
            os.sched_setscheduler(0, *before)
