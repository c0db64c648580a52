"""Trips as one alarm a group: the first-out, which is the cause; the rest is information."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from controller.alarms.announce import alarm_state, event_of, named, rationale
from controller.alarms.row import Row
from controller.ports import Event, Severity, Tick


class Status(Protocol):
    """What the watch reads of an observation; bits and indices as in the unit's header."""

    trip_bits: int
    first_out_trip: int
    first_out_channel: int
    first_out_channel_unit: float
    interlock_bits: int
    advisory_bits: int
    permissive_missing_bits: int
    quality: Sequence[int]
    quality_reason_bits: Sequence[int]


class FirstOut:
    """A group begins with the first trip and ends when none is latched.

    A new first-out within a latched group (the old one was reset, others stayed) begins a
    new group. The kernel starts tripped by `boot`, which is information: nothing happened.
    """

    def __init__(
        self, trips: Mapping[str, Row], trip_names: Sequence[str], channel_names: Sequence[str]
    ) -> None:
        self._trips = trips
        self._trip_names = tuple(trip_names)
        self._channel_names = tuple(channel_names)
        self._trip_bits = 0
        self._first_out = -1
        self._is_alarm = False

    def step(self, tick: Tick, status: Status) -> Iterator[Event]:
        before, now = self._trip_bits, status.trip_bits
        appeared, gone = now & ~before, before & ~now
        self._trip_bits = now
        first_out = self._first_out_of(status, appeared)
        new_group = now != 0 and (before == 0 or first_out != self._first_out)
        self._first_out = first_out
        if gone:
            yield self._cleared(tick, gone, now)
        if new_group:
            yield self._first_out_event(tick, status, appeared & ~(1 << first_out))
        elif appeared:
            names = named(appeared, self._trip_names)
            text = f"followed the first-out {self._trip_names[first_out]}: {', '.join(names)}"
            yield event_of(tick, "trip", names[0], Severity.INFO, text)

    def _first_out_of(self, status: Status, appeared: int) -> int:
        """The kernel's first-out; the lowest new bit if it names none; -1 without a trip."""
        kernels = status.first_out_trip
        if status.trip_bits == 0:
            return -1
        if 0 <= kernels < len(self._trip_names) and status.trip_bits >> kernels & 1:
            return kernels
        if self._first_out >= 0 and status.trip_bits >> self._first_out & 1:
            return self._first_out
        candidates = appeared or status.trip_bits
        return (candidates & -candidates).bit_length() - 1

    def _first_out_event(self, tick: Tick, status: Status, also: int) -> Event:
        name = self._trip_names[self._first_out]
        row = self._trips[name]
        message, detail = row.text, rationale(row)
        self._is_alarm = row.severity is not Severity.INFO
        if self._is_alarm:
            detail |= alarm_state(True)
        if self._first_out == status.first_out_trip:
            offending = _finite_or_text(status.first_out_channel_unit)
            if 0 <= status.first_out_channel < len(self._channel_names):
                channel = self._channel_names[status.first_out_channel]
                message += f": {channel} {status.first_out_channel_unit:.6g}"
                detail |= {"channel": channel, channel: offending}
            else:
                detail |= {"first_out_channel_unit": offending}
        if also:
            detail |= {"also": ", ".join(named(also, self._trip_names))}
        return event_of(tick, "trip", name, row.severity, message, detail)

    def _cleared(self, tick: Tick, gone: int, now: int) -> Event:
        names = named(gone, self._trip_names)
        message = "trips cleared: " + ", ".join(names)
        if now:
            message += "; still tripped: " + ", ".join(named(now, self._trip_names))
        detail = alarm_state(False) if self._is_alarm and not now else {}
        return event_of(tick, "trip", names[0], Severity.INFO, message, detail)


def _finite_or_text(number: float) -> float | str:
    """JSON has no NaN and no infinity."""
    return number if math.isfinite(number) else str(number)
