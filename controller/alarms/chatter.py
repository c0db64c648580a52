"""Bounds how often one source may speak.

A source says at most `edges_max` things in any window; the next change is announced as
chatter, and after that it is mute until it has been quiet for a whole window. Then its
present state is told once, so that the last word is always true.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum


class Verdict(Enum):
    PASS = "pass"
    CHATTERING = "chattering"  # say that it chatters, and nothing of this change
    MUTE = "mute"


@dataclass(slots=True)
class _Source:
    told_s: deque[float] = field(default_factory=deque)
    muted_count: int = 0  # above 0: chattering
    changed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    source: str
    muted_count: int


class Chatter:
    def __init__(self, edges_max: int, window_s: float) -> None:
        self._edges_max = edges_max
        self._window_s = window_s
        self._sources: dict[str, _Source] = {}

    @property
    def pending(self) -> bool:
        """Some source is mute and will have to be settled."""
        return any(source.muted_count for source in self._sources.values())

    def change(self, source_name: str, now_s: float) -> Verdict:
        """A source changed: may it be told?"""
        source = self._sources.setdefault(source_name, _Source())
        source.changed_s = now_s
        if source.muted_count:
            source.muted_count += 1
            return Verdict.MUTE
        while source.told_s and now_s - source.told_s[0] >= self._window_s:
            source.told_s.popleft()
        if len(source.told_s) < self._edges_max:
            source.told_s.append(now_s)
            return Verdict.PASS
        source.muted_count = 1
        return Verdict.CHATTERING

    def settle(self, now_s: float) -> tuple[Settled, ...]:
        """Sources that chattered and have been quiet for a window; they may speak again."""
        settled = []
        for name, source in self._sources.items():
            if source.muted_count and now_s - source.changed_s >= self._window_s:
                settled.append(Settled(name, source.muted_count))
                source.muted_count = 0
                source.told_s.clear()
                source.told_s.append(now_s)
        return tuple(settled)
