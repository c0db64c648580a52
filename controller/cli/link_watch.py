"""Tells when a partner on a wire was lost or came back: the field, the broker, the disk.

A sink, because it looks when a sample is made; what it finds goes to the record and the log
as events of kind "link".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.ports import Event, Sample, Severity, Sink, Tick

_FIELD = ("timeout_count", "connection_lost_count", "protocol_fault_count", "restart_count")
_FIELD_TICKS = 100  # merging the link's counters is not free
_QUIET_S = 10.0  # one event for a counter that keeps growing


@dataclass(slots=True)
class LinkWatch:
    """`online` and `fault` are None for partners this run does not have."""

    field_counts: Callable[[], Mapping[str, float]]
    online: Callable[[], bool] | None
    fault: Callable[[], str | None] | None
    sinks: tuple[Sink, ...]
    _counts: dict[str, float] = field(default_factory=dict)
    _told_s: dict[str, float] = field(default_factory=dict)
    _was_online: bool = False
    _told_fault: bool = False

    def event(self, event: Event) -> None:
        """Only looks; what others say is theirs."""

    def sample(self, sample: Sample) -> None:
        if sample.tick.index % _FIELD_TICKS == 0:
            self._field(sample.tick)
        if self.online is not None and (now := self.online()) is not self._was_online:
            self._was_online = now
            message = "broker connected" if now else "broker lost; control does not need it"
            self._tell(sample.tick, "broker", Severity.INFO if now else Severity.WARNING, message)
        if self.fault is not None and not self._told_fault and (reason := self.fault()):
            self._told_fault = True
            message = f"batch record incomplete: {reason}"
            self._tell(sample.tick, "record", Severity.ALARM, message)

    def _field(self, tick: Tick) -> None:
        found = self.field_counts()
        for name in _FIELD:
            count = found.get(name, 0.0)
            grown = count - self._counts.setdefault(name, 0.0)
            if grown > 0 and tick.monotonic_s >= self._told_s.get(name, tick.monotonic_s):
                self._counts[name] = count
                self._told_s[name] = tick.monotonic_s + _QUIET_S
                what = name.removesuffix("_count").replace("_", " ")
                self._tell(tick, "fieldbus", Severity.WARNING, f"{what}: {grown:.0f} more")

    def _tell(self, tick: Tick, source: str, severity: Severity, message: str) -> None:
        event = Event(tick.index, tick.monotonic_s, tick.utc_ns, "link", source, severity, message)
        for sink in self.sinks:
            sink.event(event)
