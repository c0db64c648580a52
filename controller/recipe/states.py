"""ISA-88 states of the procedure, as a constant table.

Theory of operation. A procedure is made for one batch and is used up by it: there is no
reset to Idle, a new batch makes a new one. Its first step starts it.

    Idle ── Running ──────────────────────────► Complete
               │  ▲
          hold │  └── Restarting ◄─┐ restart
               ▼                   │
            Holding ──► Held ──────┘
               │          │
     any ──────┴──────────┴── stop ──► Stopping ──► Stopped     (orderly: cool, release, unload)
     any ─────────── abort or trip ──► Aborting ──► Aborted     (heat off, pressure kept)

*Acting* states (-ing, Running) do something and end by themselves; each has a time limit,
and passing it aborts. *Waiting* states (Held) wait for a person, though not for ever: a
batch held for longer than the recipe's `held_s_max` is stopped. *Final* states end the
batch. Hold can be undone, Stop is an orderly end, Abort an emergency end. A request that
is not in the table is refused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    HOLDING = "holding"
    HELD = "held"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ABORTING = "aborting"
    ABORTED = "aborted"
    COMPLETE = "complete"


class Request(StrEnum):
    """What may be asked of a procedure. DONE is its own: the acting state has ended."""

    START = "start"
    HOLD = "hold"
    RESTART = "restart"
    STOP = "stop"
    ABORT = "abort"
    DONE = "done"


FINAL = frozenset({State.STOPPED, State.ABORTED, State.COMPLETE})
FROM_PEOPLE = (Request.ABORT, Request.STOP, Request.HOLD, Request.RESTART)
"""The gravest first: when several wait for the same step, only the first is obeyed."""

TABLE: Mapping[tuple[State, Request], State] = MappingProxyType(
    {
        (State.IDLE, Request.START): State.RUNNING,
        (State.RUNNING, Request.DONE): State.COMPLETE,
        (State.RUNNING, Request.HOLD): State.HOLDING,
        (State.RUNNING, Request.STOP): State.STOPPING,
        (State.RUNNING, Request.ABORT): State.ABORTING,
        (State.HOLDING, Request.DONE): State.HELD,
        (State.HOLDING, Request.STOP): State.STOPPING,
        (State.HOLDING, Request.ABORT): State.ABORTING,
        (State.HELD, Request.RESTART): State.RESTARTING,
        (State.HELD, Request.STOP): State.STOPPING,
        (State.HELD, Request.ABORT): State.ABORTING,
        (State.RESTARTING, Request.DONE): State.RUNNING,
        (State.RESTARTING, Request.HOLD): State.HOLDING,
        (State.RESTARTING, Request.STOP): State.STOPPING,
        (State.RESTARTING, Request.ABORT): State.ABORTING,
        (State.STOPPING, Request.DONE): State.STOPPED,
        (State.STOPPING, Request.ABORT): State.ABORTING,
        (State.ABORTING, Request.DONE): State.ABORTED,
    }
)


def next_state(state: State, request: Request) -> State | None:
    """Where a request leads, None when it is refused in this state."""
    return TABLE.get((state, request))
