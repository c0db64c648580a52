"""Makes events of edges in the kernel's status.

Theory of operation. Trips come in groups: the first-out is the alarm, what follows while it
is latched is information, because it is mostly the consequence. Interlocks come and go by
themselves, and so do advisories; whether one is a warning is its row's business. A channel's
quality is told when it changes, several at once as one event. Permissives matter only to
someone who wants to start. All but trips pass a chatter bound; trips latch, so they cannot flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from controller.alarms.announce import Detail, alarm_state, event_of, named, rationale
from controller.alarms.chatter import Chatter, Verdict
from controller.alarms.first_out import FirstOut, Status
from controller.alarms.row import NOT_FITTED, reasons_in_words
from controller.alarms.table import AlarmTables
from controller.ports import Event, Severity, Tick

_GOOD, _UNCERTAIN, _BAD = 0, 1, 2
_QUALITY_WORDS = ("good", "uncertain", "bad")
_QUALITY_SEVERITY = (Severity.INFO, Severity.WARNING, Severity.ALARM)
_TOGETHER_MIN = 4  # so many channels changing in one tick have one cause


class Watch:
    """Edges of trips, interlocks, qualities and permissives as events.

    `tables` are those of the unit's class (controller.alarms.table). Names are the header's
    rows in lower case, in order of their bits; ValueError when one has no row in the tables.
    `starting` (true at first) says whether somebody wants to start: only then are missing
    permissives told.
    """

    def __init__(
        self,
        tables: AlarmTables,
        trip_names: Sequence[str],
        interlock_names: Sequence[str],
        permissive_names: Sequence[str],
        channel_names: Sequence[str],
        *,
        advisory_names: Sequence[str] = (),
        edges_max: int = 6,
        window_s: float = 60.0,
    ) -> None:
        _require_rows(trip_names, tables.trips)
        _require_rows(interlock_names, tables.interlocks)
        _require_rows(permissive_names, tables.permissives)
        _require_rows(advisory_names, tables.advisories)
        self._tables = tables
        self._advisory_names = tuple(advisory_names)
        self._advisory_bits = 0
        self._interlock_names = tuple(interlock_names)
        self._permissive_names = tuple(permissive_names)
        self._channel_names = tuple(channel_names)
        self._chatter = Chatter(edges_max, window_s)
        self.starting = True
        self._first_out = FirstOut(tables.trips, trip_names, channel_names)
        self._interlock_bits = 0
        self._missing_bits = 0
        self._quality = [_GOOD] * len(self._channel_names)
        self._reason_bits = [0] * len(self._channel_names)

    @property
    def pending(self) -> bool:
        """A chattering source awaits its last word: keep calling `step`, say once a second."""
        return self._chatter.pending

    def step(self, tick: Tick, observation: Any) -> tuple[Event, ...]:
        """What changed since the last call; call it when `change_count` moved or `pending`.

        `observation` is a `Status`.
        """
        status: Status = observation
        return (
            *self._first_out.step(tick, status),
            *self._interlocks(tick, status.interlock_bits),
            *self._advisories(tick, status.advisory_bits),
            *self._qualities(tick, status),
            *self._permissives(tick, status.permissive_missing_bits),
            *self._settled(tick),
        )

    # -- interlocks ---------------------------------------------------------------------------

    def _interlocks(self, tick: Tick, now: int) -> Iterator[Event]:
        changed = now ^ self._interlock_bits
        self._interlock_bits = now
        for name in named(changed, self._interlock_names):
            yield from self._bounded(tick, f"interlock {name}", self._interlock_event)

    def _interlock_event(self, tick: Tick, source: str) -> Event:
        name = source.removeprefix("interlock ")
        row = self._tables.interlocks[name]
        active = bool(self._interlock_bits >> self._interlock_names.index(name) & 1)
        alarm = {} if row.severity is Severity.INFO else alarm_state(active)
        if active:
            return event_of(tick, "interlock", name, row.severity, row.text, rationale(row) | alarm)
        return event_of(tick, "interlock", name, Severity.INFO, f"over: {row.text}", alarm)

    # -- advisories ---------------------------------------------------------------------------

    def _advisories(self, tick: Tick, now: int) -> Iterator[Event]:
        changed = now ^ self._advisory_bits
        self._advisory_bits = now
        for name in named(changed, self._advisory_names):
            yield from self._bounded(tick, f"advisory {name}", self._advisory_event)

    def _advisory_event(self, tick: Tick, source: str) -> Event:
        name = source.removeprefix("advisory ")
        row = self._tables.advisories[name]
        active = bool(self._advisory_bits >> self._advisory_names.index(name) & 1)
        if active:
            detail = rationale(row) | alarm_state(True)
            return event_of(tick, "advisory", name, row.severity, row.text, detail)
        text = f"over: {row.text}"
        return event_of(tick, "advisory", name, Severity.INFO, text, alarm_state(False))

    # -- qualities ----------------------------------------------------------------------------

    def _qualities(self, tick: Tick, status: Status) -> Iterator[Event]:
        changed = []
        for i, name in enumerate(self._channel_names):
            reason_bits = status.quality_reason_bits[i]
            quality = _GOOD if reason_bits & NOT_FITTED else min(status.quality[i], _BAD)
            if quality != self._quality[i]:
                changed.append(name)
            self._quality[i], self._reason_bits[i] = quality, reason_bits
        if len(changed) >= _TOGETHER_MIN:
            yield from self._bounded(tick, "channels", self._channels_event)
            return
        for name in changed:
            yield from self._bounded(tick, f"channel {name}", self._channel_event)

    def _channel_event(self, tick: Tick, source: str) -> Event:
        name = source.removeprefix("channel ")
        channel = self._channel_names.index(name)
        quality = self._quality[channel]
        message = f"{name} is {_QUALITY_WORDS[quality]}"
        if quality == _GOOD:
            return event_of(tick, "quality", name, Severity.INFO, message, alarm_state(False))
        reasons = reasons_in_words(self._reason_bits[channel])
        detail = {
            "reasons": reasons,
            "consequence": "what depends on it is held or trips",
            "action": "check the sensor, its wiring and its input",
            **alarm_state(True),
        }
        severity = _QUALITY_SEVERITY[quality]
        return event_of(tick, "quality", name, severity, f"{message}: {reasons}", detail)

    def _channels_event(self, tick: Tick, source: str) -> Event:
        bad, uncertain = self._quality.count(_BAD), self._quality.count(_UNCERTAIN)
        severity = _QUALITY_SEVERITY[max(self._quality, default=_GOOD)]
        if severity is Severity.INFO:
            message = "all channels are good again"
            return event_of(tick, "quality", source, severity, message, alarm_state(False))
        reason_bits = 0
        for quality, bits in zip(self._quality, self._reason_bits, strict=True):
            reason_bits |= bits if quality != _GOOD else 0
        reasons = reasons_in_words(reason_bits)
        message = f"{bad} channels bad, {uncertain} uncertain: {reasons}"
        detail: Detail = {
            "bad_count": bad,
            "uncertain_count": uncertain,
            "reasons": reasons,
            "action": "check what they have in common: module, supply, network",
            **alarm_state(True),
        }
        return event_of(tick, "quality", source, severity, message, detail)

    # -- permissives --------------------------------------------------------------------------

    def _permissives(self, tick: Tick, missing: int) -> Iterator[Event]:
        if not self.starting or missing == self._missing_bits:
            return
        self._missing_bits = missing
        yield from self._bounded(tick, "start", self._start_event)

    def _start_event(self, tick: Tick, source: str) -> Event:
        names = named(self._missing_bits, self._permissive_names)
        if not names:
            return event_of(tick, "permissive", source, Severity.INFO, "ready to start")
        message = "cannot start: " + "; ".join(self._tables.permissives[name] for name in names)
        detail: Detail = {"missing": ", ".join(names), "missing_count": len(names)}
        return event_of(tick, "permissive", source, Severity.INFO, message, detail)

    # -- chatter ------------------------------------------------------------------------------

    def _bounded(
        self, tick: Tick, source: str, describe: Callable[[Tick, str], Event]
    ) -> Iterator[Event]:
        verdict = self._chatter.change(source, tick.monotonic_s)
        if verdict is Verdict.PASS:
            yield describe(tick, source)
        elif verdict is Verdict.CHATTERING:
            event = describe(tick, source)
            text = f"{source} is chattering; told again when it has settled"
            yield event_of(tick, event.kind, event.source, Severity.WARNING, text)

    def _settled(self, tick: Tick) -> Iterator[Event]:
        for settled in self._chatter.settle(tick.monotonic_s):
            event = self._describer(settled.source)(tick, settled.source)
            text = f"{event.message} (settled after {settled.muted_count} untold changes)"
            detail = {**event.detail, "untold_count": settled.muted_count}
            yield event_of(tick, event.kind, event.source, event.severity, text, detail)

    def _describer(self, source: str) -> Callable[[Tick, str], Event]:
        return {
            "interlock": self._interlock_event,
            "advisory": self._advisory_event,
            "channel": self._channel_event,
            "channels": self._channels_event,
            "start": self._start_event,
        }[source.split(" ")[0]]


def _require_rows(names: Sequence[str], table: Mapping[str, object]) -> None:
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"no row in controller.alarms for {', '.join(missing)}")
