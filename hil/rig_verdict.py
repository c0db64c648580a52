"""May a run with the rig be believed? What the rig and its line did decides, never the result.

Rules R01 to R04 of the fault catalogue. A run that breaks one is INVALID unless that
very thing was the tested fault; it is never PASS.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

BAD_FRAMES_RATIO_MAX = 0.01
CLOCK_PPM_MAX = 500.0  # beyond: reaction times are corrected
CLOCK_PPM_MAX_CORRECTED = 20_000.0  # beyond: no clock at all
CLOCK_SPAN_S_MIN = 1.0  # shorter runs say nothing about clocks

LINE, RESET, FROZEN, WRONG_RIG, CLOCK = "line", "reset", "frozen", "wrong_rig", "clock"
CAUSES = (LINE, RESET, FROZEN, WRONG_RIG, CLOCK)


@dataclass(frozen=True, slots=True)
class Objection:
    cause: str  # one of CAUSES
    text: str


@dataclass(frozen=True, slots=True)
class RigVerdict:
    """`objections` are those that were not the tested fault."""

    objections: tuple[Objection, ...]

    @property
    def is_valid(self) -> bool:
        return not self.objections

    def __str__(self) -> str:
        if self.is_valid:
            return "VALID"
        return "INVALID: " + "; ".join(objection.text for objection in self.objections)


class ClockComparison:
    """Rate of the rig's clock beside the host's, with what the line's delay leaves open.

    Every exchange gives an instant of the rig between two of the host. First and last
    bracket the rate; the best (shortest) round trip of each end is used.
    """

    def __init__(self) -> None:
        self._first: tuple[float, float, int] | None = None
        self._last: tuple[float, float, int] | None = None

    def add(self, sent_s: float, received_s: float, rig_us: int) -> None:
        sample = (sent_s, received_s, rig_us)
        first, last = self._first, self._last
        if first is None or (received_s - first[0] < 0.5 and _trip(sample) < _trip(first)):
            self._first = sample
        if last is None or sent_s - last[0] > 0.5 or _trip(sample) < _trip(last):
            self._last = sample

    @property
    def span_s(self) -> float:
        if self._first is None or self._last is None:
            return 0.0
        return _middle(self._last) - _middle(self._first)

    @property
    def ppm(self) -> float:
        """How much faster the rig's clock runs; 0 while the run is too short to tell."""
        if self._first is None or self._last is None or self.span_s < CLOCK_SPAN_S_MIN:
            return 0.0
        rig_s = (self._last[2] - self._first[2]) * 1e-6
        return (rig_s / self.span_s - 1.0) * 1e6

    @property
    def ppm_uncertainty(self) -> float:
        if self._first is None or self._last is None or self.span_s < CLOCK_SPAN_S_MIN:
            return float("inf")
        return (_trip(self._first) + _trip(self._last)) * 0.5 / self.span_s * 1e6

    def corrected_s(self, rig_us: int) -> float:
        """A span of rig time as host seconds; corrected only for a skew that is beyond doubt."""
        if abs(self.ppm) - self.ppm_uncertainty <= CLOCK_PPM_MAX:
            return rig_us * 1e-6
        return rig_us * 1e-6 / (1.0 + self.ppm * 1e-6)


def _trip(sample: tuple[float, float, int]) -> float:
    return sample[1] - sample[0]


def _middle(sample: tuple[float, float, int]) -> float:
    return 0.5 * (sample[0] + sample[1])


def judge_line(bad_count: int, request_count: int) -> tuple[Objection, ...]:
    """R01."""
    if bad_count <= BAD_FRAMES_RATIO_MAX * request_count:
        return ()
    share = f"{bad_count} of {request_count} frames bad or lost"
    return (Objection(LINE, f"{share}, more than {BAD_FRAMES_RATIO_MAX:.0%}: check the line"),)


def judge_clock(clock: ClockComparison) -> tuple[Objection, ...]:
    """R04, first half."""
    if abs(clock.ppm) <= CLOCK_PPM_MAX_CORRECTED + clock.ppm_uncertainty:
        return ()
    return (
        Objection(CLOCK, f"the rig's clock is off by {clock.ppm:.0f} ppm: its times mean nothing"),
    )


def verdict(objections: Collection[Objection], tested: Collection[str]) -> RigVerdict:
    """`tested` are the causes that this run is about. Raises ValueError for an unknown one."""
    for cause in tested:
        if cause not in CAUSES:
            raise ValueError(f"cause is {cause!r}, must be one of {', '.join(CAUSES)}")
    return RigVerdict(tuple(o for o in objections if o.cause not in tested))
