"""How late the control loop's beat is, beside a bare C thread on the same machine.

Slices of both alternate: idle, then with two busy processes and a disk writer.
"""

from __future__ import annotations

import array
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext

from tools.bench import compiled
from tools.bench.harness import Metric, Samples, Target, quantiles
from tools.bench.load import loaded

PRIORITY = 40
_REFERENCE = "C clock_nanosleep thread"
_TARGETS = {"p50": Target("ratio", "<=", 3.0), "p99": Target("ratio", "<=", 3.0)}

Slices = list["array.array[int]"]


def fifo_permitted() -> bool:
    """Whether SCHED_FIFO is: asked of a child, so that this process stays as it is."""
    code = f"import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param({PRIORITY}))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def _ours(period_s: float, count: int, priority: int) -> array.array[int]:
    command = [sys.executable, "-m", "tools.bench.beats", str(period_s), str(count), str(priority)]
    return array.array("q", subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _reference(period_s: float, count: int, priority: int) -> array.array[int]:
    program = compiled.program("lateness")
    return array.array("q", compiled.run(program, round(period_s * 1e9), count, priority))


def _metrics(prefix: str, ours: Slices, reference: Slices, note: str) -> dict[str, Metric]:
    """Quantiles over all beats; `iqr` is that of the slices' own quantiles."""
    found = quantiles(beat for piece in ours for beat in piece)
    beside = quantiles(beat for piece in reference for beat in piece)
    spread = {name: Samples(tuple(quantiles(piece)[name] for piece in ours)) for name in found}
    return {
        f"{prefix}_{name}": Metric(
            found[name] / 1e3,
            beside[name] / 1e3,
            _REFERENCE,
            "us",
            # The target is for FIFO; without permission the numbers stand alone.
            None if note else _TARGETS.get(name),
            spread[name].iqr / 1e3,
            sum(len(piece) for piece in ours),
            note,
        )
        for name in found
    }


def measure(quick: bool) -> dict[str, Metric]:
    priority = PRIORITY if fifo_permitted() else 0
    note = "" if priority else "SCHED_FIFO not permitted: ordinary scheduler on both sides"
    slices = 2 if quick else 7
    metrics: dict[str, Metric] = {}
    for rate_hz, slice_s in ((100, 0.6 if quick else 2.5), (1000, 0.3 if quick else 1.0)):
        count = round(slice_s * rate_hz)
        for condition in ("idle", "loaded"):
            bound_s = slices * (2 * slice_s + 3)
            load: AbstractContextManager[None] = (
                loaded(bound_s) if condition == "loaded" else nullcontext()
            )
            ours: Slices = []
            reference: Slices = []
            with load:
                for _ in range(slices):
                    reference.append(_reference(1 / rate_hz, count, priority))
                    ours.append(_ours(1 / rate_hz, count, priority))
            metrics |= _metrics(f"{rate_hz}_hz_{condition}", ours, reference, note)
    return metrics
