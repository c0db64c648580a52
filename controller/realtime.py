"""What the operating system can do for punctuality, and a plain statement of what it did not.

Each step is tried, none is required: without permission the loop runs all the same and its
measured lateness is published.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

_MCL_CURRENT_AND_FUTURE = 3
_PR_SET_TIMERSLACK = 29
_SWITCH_INTERVAL_S = 0.0005  # a waiting tick gets the interpreter back from a thread this soon


class Realtime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [realtime] section of a station file."""

    fifo_priority: Annotated[int, Meta(ge=0, le=90)] = 40  # 0 leaves the ordinary scheduler
    lock_memory: bool = True
    cpu: Annotated[int, Meta(ge=-1, le=1023)] = -1  # -1 leaves the affinity alone
    hold_cpu_awake: bool = False  # /dev/cpu_dma_latency at 0: 2-5 x more punctual, and warmer


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing asked of the system: `refused` is '' when it was granted."""

    what: str
    refused: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {'not permitted, ' + self.refused if self.refused else 'granted'}"


def _attempt(what: str, action: Callable[[], object], hint: str) -> Grant:
    try:
        action()
    except (OSError, ValueError) as error:
        return Grant(what, f"{error.strerror if isinstance(error, OSError) else error} ({hint})")
    return Grant(what)


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _fifo(priority: int) -> None:
    # RESET_ON_FORK: threads and children (record writer, broker) stay ordinary.
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))


def _cpu_awake(stack: ExitStack) -> None:
    fd = os.open("/dev/cpu_dma_latency", os.O_WRONLY | os.O_CLOEXEC)
    stack.callback(os.close, fd)
    os.write(fd, (0).to_bytes(4, sys.byteorder))


def _requests(settings: Realtime, stack: ExitStack) -> Iterator[Grant]:
    if settings.fifo_priority:
        yield _attempt(
            f"SCHED_FIFO priority {settings.fifo_priority}",
            lambda: _fifo(settings.fifo_priority),
            "give the service CAP_SYS_NICE or LimitRTPRIO",
        )
    if settings.lock_memory:
        yield _attempt(
            "memory locked (mlockall)",
            lambda: _libc_call("mlockall", _MCL_CURRENT_AND_FUTURE),
            "give the service CAP_IPC_LOCK or LimitMEMLOCK=infinity",
        )
    if settings.cpu >= 0:
        yield _attempt(
            f"pinned to CPU {settings.cpu}",
            lambda: os.sched_setaffinity(0, {settings.cpu}),
            f"this host has CPUs {sorted(os.sched_getaffinity(0))}",
        )
    if settings.hold_cpu_awake:
        yield _attempt(
            "CPU held awake (/dev/cpu_dma_latency)",
            lambda: _cpu_awake(stack),
            "run as root or give the service write access to the device",
        )
    yield _attempt(
        "timer slack 1 ns",
        lambda: _libc_call("prctl", _PR_SET_TIMERSLACK, 1, 0, 0, 0),
        "Linux only",
    )


@contextmanager
def realtime(settings: Realtime) -> Iterator[tuple[Grant, ...]]:
    """Ask for everything in `settings` while the block runs; yields what was granted.

    Call it after start-up: what lives then is frozen out of garbage collection, because a
    full collection over a large heap stalls the loop for tens of milliseconds.
    """
    scheduler, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    affinity, interval_s = os.sched_getaffinity(0), sys.getswitchinterval()
    with ExitStack() as stack:
        grants = tuple(_requests(settings, stack))
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        gc.collect()
        gc.freeze()
        try:
            yield grants
        finally:
            gc.unfreeze()
            sys.setswitchinterval(interval_s)
            os.sched_setaffinity(0, affinity)
            os.sched_setscheduler(0, scheduler, parameters)
