"""How an event is made of a tick and a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.alarms.row import Row
from controller.ports import Event, Severity, Tick

Detail = dict[str, float | int | str]


def event_of(
    tick: Tick,
    kind: str,
    source: str,
    severity: Severity,
    message: str,
    detail: Mapping[str, float | int | str] | None = None,
) -> Event:
    """An event of this instant."""
    return Event(
        tick.index,
        tick.monotonic_s,
        tick.utc_ns,
        kind,
        source,
        severity,
        message,
        dict(detail or {}),
    )


def rationale(row: Row) -> Detail:
    """Priority, cause, consequence and action, as ISA-18.2 wants them beside an alarm."""
    return {
        "priority": row.priority,
        "cause": row.cause,
        "consequence": row.consequence,
        "action": row.action,
    }


def alarm_state(active: bool) -> Detail:
    """Marks an event as an alarm's coming or its return to normal."""
    return {"alarm_state": "active" if active else "normal"}


def named(bits: int, names: Sequence[str]) -> tuple[str, ...]:
    """The names of the set bits, lowest first."""
    return tuple(name for i, name in enumerate(names) if bits >> i & 1)
