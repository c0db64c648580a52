"""The plant in real time with the rig as its inputs and outputs.

One beat: readings of the plant go to the rig, which puts them on its terminals; what the
controller drives comes back, captured on the rig's clock, and acts on the plant for one
tick.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from controller.ports import SignalNames
from hil.rig import protocol
from hil.rig.faults import VERB_NAMES
from hil.rig.terminals import VALVE_MV_MAX
from hil.rig_firmware import BOARDS, expected_hash, expected_header
from hil.rig_harness import Harness
from hil.rig_link import (
    Edge,
    Exchange,
    Hello,
    RigError,
    RigFault,
    RigLink,
    RigResetError,
)
from hil.rig_verdict import (
    CLOCK,
    FROZEN,
    RESET,
    WRONG_RIG,
    ClockComparison,
    Objection,
    RigVerdict,
    judge_clock,
    judge_line,
    verdict,
)

Sleep = Callable[[float], None]
SILENCE_MS = 100  # the rig opens its terminals after that
STALL_MS = 20
LOST_S_MAX = 0.2  # without news of the outputs for so long, they count as off
PROBE_BEATS = 5  # a lost rig is asked so seldom: a question that nobody answers costs time
EDGE_KEPT_MAX = 4096


class PlantWire(Protocol):
    """The plant's side: `hil.devices.face.Plant`."""

    def command(self, output_bits: int, valve_open_fraction: float, /) -> None: ...

    def advance(self) -> None: ...

    def sense(self) -> tuple[Sequence[float], int]: ...


class RigBench:
    """Build it with `open`. Never raises for what the rig does in a beat: that is in `verdict`."""

    def __init__(self, plant: PlantWire, harness: Harness, link: RigLink, tick_s: float) -> None:
        self.harness = harness
        self.clock = ClockComparison()
        self.edges: deque[Edge] = deque(maxlen=EDGE_KEPT_MAX)
        self.objections: dict[str, Objection] = {}
        self.beat_count = 0
        self.lost_beat_count = 0
        self.hello: Hello | None = None
        self.must_arm = False  # the rig has its power back: arm it as soon as it answers
        self._plant = plant
        self._link = link
        self._tick_s = tick_s
        self._lost_beats_max = max(1, round(LOST_S_MAX / tick_s))
        self._lost_in_a_row = 0
        self._output_bits = 0
        self._valve_fraction = 0.0
        self._rig_bad_count = 0
        self._limits_ms = (SILENCE_MS, STALL_MS)

    @classmethod
    def open(
        cls,
        plant: PlantWire,
        wiring: Mapping[str, str],
        link: RigLink,
        signals: SignalNames,
        *,
        tick_s: float = 0.010,
        silence_ms: int = SILENCE_MS,
        stall_ms: int = STALL_MS,
    ) -> RigBench:
        """Shake hands and arm. Raises RigError when this is not the rig and firmware expected."""
        bench = cls(plant, Harness(wiring, signals), link, tick_s)
        bench.arm(silence_ms=silence_ms, stall_ms=stall_ms)
        return bench

    def arm(self, *, silence_ms: int = SILENCE_MS, stall_ms: int = STALL_MS) -> None:
        """Check who is there and let it drive. Objections of before stay. Raises RigError."""
        self._limits_ms = (silence_ms, stall_ms)
        self._arm(self._link.hello())

    def _arm_again(self) -> None:
        """Asked once and briefly, every beat: a rig takes a while to boot."""
        try:
            self._arm(self._link.hello(is_probe=True))
        except RigError:
            return

    def _arm(self, hello: Hello) -> None:
        if hello.board not in BOARDS or hello.firmware != expected_hash(hello.board):
            self._wrong("its firmware is another: copy the files of `hotpress-hil rig stage`")
        if hello.header != expected_header():
            self._wrong("it is stamped for another plant header: stage and copy again")
        self._link.arm(hello.firmware, hello.header, *self._limits_ms)
        if self.hello is not None and self.hello.boot_id != hello.boot_id:
            self._object(RESET, "the rig restarted during the run")
        if self.hello is None or self.hello.boot_id != hello.boot_id:
            self.clock = ClockComparison()
            self.edges.clear()
        self.hello = hello
        self.must_arm, self._lost_in_a_row = False, 0

    def _wrong(self, text: str) -> None:
        self._object(WRONG_RIG, text)
        raise RigError(f"this rig cannot be used: {text}")

    def _object(self, cause: str, text: str) -> None:
        self.objections.setdefault(cause, Objection(cause, text))

    def beat(self) -> None:
        """One tick of the plant with the controller's outputs as the rig saw them."""
        self.beat_count += 1
        if self.must_arm and self._lost_in_a_row % PROBE_BEATS == 0:
            self._arm_again()
        if self._lost_in_a_row % PROBE_BEATS:
            self._lost()
        else:
            self._exchange()
        self._plant.command(self._output_bits, self._valve_fraction)
        self._plant.advance()

    def _exchange(self) -> None:
        payload = self.harness.payload(*self._plant.sense())
        try:
            self._take(self._link.exchange(payload, is_probe=self._lost_in_a_row > 0))
        except RigResetError:
            self._object(RESET, "the rig restarted during the run")
            self._lost()
        except RigError as error:
            self._object(FROZEN, f"the rig was lost: {error}")
            self._lost()

    def _take(self, exchange: Exchange) -> None:
        self._lost_in_a_row = 0
        self._output_bits = self.harness.plant_bits(exchange.output_bits)
        self._valve_fraction = min(exchange.valve_mv / VALVE_MV_MAX, 1.0)
        self.edges.extend(exchange.edges)
        self.clock.add(self._link.sent_s, self._link.received_s, exchange.now_us)
        if exchange.flags & protocol.STALLED:
            self._object(FROZEN, "the rig's loop stood still for longer than agreed")
        if exchange.flags & protocol.DROPPED:
            self._object(FROZEN, "the rig heard nothing for longer than agreed and let go")
        if exchange.flags & protocol.EDGES_LOST:
            self._object(FROZEN, "the rig could not keep up with the controller's edges")

    def _lost(self) -> None:
        """What the controller does is unknown; soon it counts as off."""
        self.lost_beat_count += 1
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= self._lost_beats_max:
            self._output_bits, self._valve_fraction = 0, 0.0

    def run(self, seconds: float, clock: Callable[[], float], sleep: Sleep) -> None:
        """Beat in real time. A beat that is late is caught up, at most ten in a row."""
        begin_s, beat = clock(), 0
        while beat * self._tick_s < seconds:
            late_s = clock() - begin_s - beat * self._tick_s
            if late_s > 10 * self._tick_s:
                begin_s += late_s
                self._object(CLOCK, "this host did not keep real time")
            sleep(max(-late_s, 0.0))
            self.beat()
            beat += 1

    def inject(
        self, signal: str, verb: str, first: int = 0, second: int = 0, *, for_s: float = 0.0
    ) -> RigFault:
        """A fault in electrical form; parameters in counts, ms and thousandths (`rig.faults`).

        Raises RigError when the rig cannot do it, KeyError for a signal without a terminal.
        """
        if verb not in VERB_NAMES:
            raise RigError(f"the rig has no verb {verb!r}; it has {', '.join(VERB_NAMES)}")
        if not 0.0 <= for_s <= 4e6:
            raise RigError(f"for_s is {for_s}, must be within 0 .. 4000000")
        for name, number in (("first", first), ("second", second)):
            if not -(2**31) <= number < 2**31:
                raise RigError(f"{name} is {number}, must fit 32 bits")
        return self._link.inject(
            self.harness.terminals[signal], VERB_NAMES.index(verb), first, second,
            math.ceil(for_s * 1000),
        )  # fmt: skip

    def clear(self, fault: RigFault | None = None) -> int:
        """End one fault or all; how many ended. Raises RigError."""
        return self._link.clear(0 if fault is None else fault.handle)

    def reaction_s(self, since_us: int, output: int, level: int) -> float | None:
        """From an instant of rig time to the first such edge after it; None when there is none.

        Both instants are the rig's own; the skew of its clock is taken out. `output` is
        a number of the rig's terminals (16: the valve).
        """
        for edge in self.edges:
            if edge.at_us >= since_us and edge.output == output and edge.level == level:
                return self.clock.corrected_s(edge.at_us - since_us)
        return None

    def duty_fractions(self) -> Callable[[], tuple[float, ...]]:
        """Start to measure; the returned function gives each output's share of time on since."""
        begin_us, before = self._link.on_times_us()

        def measured() -> tuple[float, ...]:
            end_us, after = self._link.on_times_us()
            span_us = max(end_us - begin_us, 1)
            pairs = zip(before, after, strict=True)
            return tuple(((b - a) & 0xFFFFFFFF) / span_us for a, b in pairs)

        return measured

    def status(self) -> dict[str, int]:
        """The rig's own counters. Raises RigError."""
        status = self._link.status()
        self._rig_bad_count = status["bad_frame_count"]
        return status

    def verdict(self, tested: Collection[str] = ()) -> RigVerdict:
        """Whether this run may be believed; `tested` are causes it was about."""
        counts = self._link.counts
        bad_count = max(counts.bad_count, sum(counts.errors.values()) + self._rig_bad_count)
        objections = [
            *judge_line(bad_count, counts.request_count),
            *self.objections.values(),
            *judge_clock(self.clock),
        ]
        return verdict(objections, tested)
