"""Closed-loop simulation: process seconds a second of one core, with the record and without.

Whole batches of the shipped recipes run in the loop that `hotpress simulate` runs, with kernel,
recipe, record and verdict, every thread's work counted; beside each the same batch entirely in
C. Then, in turn, the first minutes of the press with the record, without it, and the plant with
nobody controlling it.

CPU time is what is counted: other work on the computer makes a batch later, not larger.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.clocks import VirtualClock
from controller.composition import load_plan, run_batch
from controller.config.stack import Batch
from controller.plan import Plan
from controller.ports import SimulatedStation, Sink
from controller.record.journal import BatchRecord
from controller.timing import LoopTiming
from controller.verdict import VERDICTS
from hil.plant import Plant
from tools.bench import scene
from tools.bench.closed_loop import c_loop
from tools.bench.harness import ROUNDS_MIN, Metric, Run, Samples, Target, compare, interleave

_SEED = 1
_BATCH = Batch(id="bench")
# A batch of half an hour in three seconds.
_TARGET = Target("ours", ">=", 600.0)
_UNIT = "x real time, of one core"


@dataclass(frozen=True, slots=True)
class Line:
    """A plan and the machine it is written for."""

    plan: Plan
    machine: str

    def station(self) -> SimulatedStation:
        return simulated_station(self.machine, self.plan, _BATCH, _SEED)

    def clock(self) -> VirtualClock:
        return VirtualClock(self.plan.station.station.tick_s, utc_start_ns=UTC_START_NS)


def _run(line: Line, station: SimulatedStation, sinks: Sequence[Sink], process_s: float) -> float:
    """The batch, for so long at most; returns how long it was."""
    clock = line.clock()
    asyncio.run(
        run_batch(
            station,
            clock,
            line.plan.kernel(_BATCH),
            line.plan.procedure(),
            sinks,
            stopping=lambda: clock.monotonic_s() >= process_s,
            stopwatch_s=perf_counter,
            timing=LoopTiming(line.plan.station.station.tick_s),
        )
    )
    return clock.monotonic_s()


def _simulated(line: Line, process_s: float = math.inf) -> float:
    """As `hotpress simulate`: with record and verdict."""
    station, signals = line.station(), line.plan.unit_class.signals
    with tempfile.TemporaryDirectory(prefix="hotpress-bench-") as folder:
        header = line.plan.header(_BATCH, line.clock(), _SEED)
        record = BatchRecord(Path(folder) / "bench.sqlite", header, signals, lossless=True)
        verdict = VERDICTS[line.plan.unit_class.name](station.truth, signals)
        try:
            return _run(line, station, [record, verdict], process_s)
        finally:
            record.close("Stopped", "the bench has seen enough")


def _plant_alone(line: Line, process_s: float) -> float:
    tick_s = line.plan.station.station.tick_s
    plant = Plant.from_machine(line.machine, seed=_SEED)
    wire = plant.wire(line.plan.unit_class.names, tick_s=tick_s)
    for _ in range(round(process_s / tick_s)):
        wire.command(0, 0.0)
        wire.advance()
        wire.sense()
    return process_s


def _factor(work: Callable[[], float]) -> Run:
    """Process seconds a second of CPU, of all threads."""

    def run() -> float:
        begun_s = process_time()
        process_s = work()
        return process_s / (process_time() - begun_s)

    return run


def _whole(line: Line, quick: bool) -> Metric:
    """A whole batch beside the same in C."""
    rounds = 1 if quick else 3
    batch, in_c = _factor(lambda: _simulated(line)), c_loop(line.plan, _BATCH, line.machine, _SEED)
    ours = Samples(tuple(batch() for _ in range(rounds)))
    limit = Samples(tuple(in_c() for _ in range(rounds)))
    return compare(ours, limit, "the same batch entirely in C", _UNIT, _TARGET)


def measure(quick: bool) -> dict[str, Metric]:
    press = Line(load_plan(scene.RECIPE, scene.STATION), scene.MACHINE)
    wip = Line(load_plan("wip-monocell-490", "demo-wip"), "wip-500MPa")
    process_s = 10.0 if quick else 120.0
    taken = interleave(
        {
            "with": _factor(lambda: _simulated(press, process_s)),
            "without": _factor(lambda: _run(press, press.station(), [], process_s)),
            "plant": _factor(lambda: _plant_alone(press, process_s)),
        },
        ROUNDS_MIN,
    )
    without = "the same loop, no record"
    return {
        "press_batch_realtime": _whole(press, quick),
        "wip_batch_realtime": _whole(wip, quick),
        "with_record": compare(taken["with"], taken["without"], without, _UNIT),
        "without_record": compare(taken["without"], taken["plant"], "the plant alone", _UNIT),
    }
