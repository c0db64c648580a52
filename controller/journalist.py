"""Turns what a tick brought into samples and events, and offers them to the sinks.

Sinks take without awaiting and never raise, so nothing here can hold the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from controller.kernel import Kernel
from controller.ports import Event, Sample, Severity, Sink, Tick
from controller.recipe.procedure import Transition

_CHATTER_TICKS = 100
_EMERGENCY = ("aborting", "aborted")


class Watch(Protocol):
    """Makes events of changes in the kernel's status (controller.alarms).

    `starting` says whether somebody waits for the permissives; `pending` that a chattering
    source still owes its last word.
    """

    starting: bool

    @property
    def pending(self) -> bool: ...

    def step(self, tick: Tick, observation: object) -> Iterable[Event]: ...


class Journalist:
    def __init__(self, sinks: Sequence[Sink], watch: Watch) -> None:
        self._sinks = tuple(sinks)
        self._watch = watch
        self._change_count = -1

    def status(self, tick: Tick, kernel: Kernel) -> None:
        """Events of every change of quality, permissive, interlock and trip; every tick."""
        seen = kernel.observation
        owed = tick.index % _CHATTER_TICKS == 0 and self._watch.pending
        if seen.change_count == self._change_count and not owed:
            return
        self._change_count = seen.change_count
        for event in self._watch.step(tick, seen):
            self.event(event)

    def moves(self, tick: Tick, moves: Iterable[Transition]) -> None:
        for move in moves:
            if move.phase_from == "gate":
                self._watch.starting = False
            self.event(_phase_event(tick, move))

    def sample(self, tick: Tick, phase: str, kernel: Kernel) -> None:
        sample = Sample(tick, phase, kernel.sample_values(), kernel.quality())
        for sink in self._sinks:
            sink.sample(sample)

    def event(self, event: Event) -> None:
        for sink in self._sinks:
            sink.event(event)


def _phase_event(tick: Tick, move: Transition) -> Event:
    return Event(
        tick.index,
        tick.monotonic_s,
        tick.utc_ns,
        kind=move.kind,
        source=move.phase_to,
        severity=Severity.ALARM if move.phase_to in _EMERGENCY else Severity.INFO,
        message=f"{move.phase_from} → {move.phase_to}: {move.cause}",
        detail={"phase_from": move.phase_from, "cause": move.cause, **move.detail},
    )
