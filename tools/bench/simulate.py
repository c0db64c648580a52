"""Closed-loop simulation: process seconds a wall second, with the record and without.

The whole shipped recipe runs as a user runs it; beside it, in turn, its first minutes with
the record, without it, and the plant with nobody controlling it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.clocks import VirtualClock
from controller.composition import load_press_plan, run_batch
from controller.config.stack import Batch
from controller.kernel import PRESS
from controller.ports import Sink
from controller.press_plan import PressPlan
from controller.record.journal import BatchRecord
from controller.timing import LoopTiming
from hil.plant import Plant
from tools.bench.closed_loop import c_loop
from tools.bench.harness import ROUNDS_MIN, Metric, Samples, Target, compare, interleave
from tools.bench.scene import MACHINE, RECIPE, STATION

_SEED = 1
_BATCH = Batch(id="bench")
_TARGET = Target("ours", ">=", 300.0)
# A batch of half an hour in three seconds.
_BATCH_TARGET = Target("ours", ">=", 600.0)
_IN_C = "the same batch entirely in C"


async def _loop(plan: PressPlan, process_s: float, sinks: list[Sink]) -> None:
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=UTC_START_NS)
    await run_batch(
        simulated_station(MACHINE, plan, _BATCH, _SEED),
        clock,
        plan.kernel(_BATCH),
        plan.procedure(),
        sinks,
        stopping=lambda: clock.monotonic_s() >= process_s,
        stopwatch_s=perf_counter,
        timing=LoopTiming(plan.station.station.tick_s),
    )


def _with_record(plan: PressPlan, process_s: float) -> None:
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=UTC_START_NS)
    with tempfile.TemporaryDirectory(prefix="hotpress-bench-") as folder:
        header = plan.header(_BATCH, clock, _SEED)
        record = BatchRecord(Path(folder) / "bench.sqlite", header, PRESS.signals, lossless=True)
        try:
            asyncio.run(_loop(plan, process_s, [record]))
        finally:
            record.close("Stopped", "the bench has seen enough")


def _plant_alone(plan: PressPlan, process_s: float) -> None:
    tick_s = plan.station.station.tick_s
    wire = Plant.from_machine(MACHINE, seed=_SEED).wire(PRESS.names, tick_s=tick_s)
    for _ in range(round(process_s / tick_s)):
        wire.command(0, 0.0)
        wire.advance()
        wire.sense()


def _factor(process_s: float, work: Callable[[], None]) -> Callable[[], float]:
    """Process seconds a wall second."""

    def run() -> float:
        begun_s = perf_counter()
        work()
        return process_s / (perf_counter() - begun_s)

    return run


def _whole_recipe() -> float:
    """`hotpress simulate` in a process of its own; the factor it reports."""
    with tempfile.TemporaryDirectory(prefix="hotpress-bench-") as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "controller", "simulate", RECIPE, "--quiet"]
        subprocess.run([*command, "--seed", str(_SEED), "--json", str(path)], check=True)
        return float(json.loads(path.read_bytes())["realtime_factor"])


def measure(quick: bool) -> dict[str, Metric]:
    plan = load_press_plan(RECIPE, STATION)
    process_s = 10.0 if quick else 120.0
    taken = interleave(
        {
            "with": _factor(process_s, lambda: _with_record(plan, process_s)),
            "without": _factor(process_s, lambda: asyncio.run(_loop(plan, process_s, []))),
            "plant": _factor(process_s, lambda: _plant_alone(plan, process_s)),
        },
        ROUNDS_MIN,
    )
    whole = Samples(tuple(_whole_recipe() for _ in range(1 if quick else 3)))
    in_c = c_loop(plan, _BATCH, MACHINE, _SEED)
    limit = Samples(tuple(in_c() for _ in range(1 if quick else ROUNDS_MIN)))
    unit, without = "x real time", "the same loop, no record"
    return {
        "whole_recipe": compare(whole, taken["without"], without, unit, _TARGET),
        "press_batch_realtime": compare(whole, limit, _IN_C, unit, _BATCH_TARGET),
        "with_record": compare(taken["with"], taken["without"], without, unit),
        "without_record": compare(taken["without"], taken["plant"], "the plant alone", unit),
    }
