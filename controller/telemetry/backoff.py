"""How long to wait before trying a broker again."""

from __future__ import annotations

from random import Random


class Backoff:
    """Doubling pauses with jitter, from `s_min` to `s_max`.

    The jitter takes away up to half, so that a hall of stations does not return as one.
    A link that lived for less than `s_max` seconds does not reset the doubling: two
    stations with one client id throw each other out at once and must slow down.
    """

    def __init__(self, random: Random, s_min: float, s_max: float) -> None:
        self._random = random
        self._s_min = s_min
        self._s_max = s_max
        self._ceiling_s = s_min

    def next_s(self, lived_s: float) -> float:
        """The pause after a link that lived `lived_s` seconds (0: it never came up)."""
        if lived_s >= self._s_max:
            self._ceiling_s = self._s_min
        pause_s = self._ceiling_s * self._random.uniform(0.5, 1.0)
        self._ceiling_s = min(self._ceiling_s * 2.0, self._s_max)
        return pause_s
