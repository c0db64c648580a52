"""Control quality: every law in every scenario, beside the computed time-optimal bound.

The plants are generic (`plants.py`), the peers are used as their users use them (`peers.py`),
and any plant with `step(duty, dt_s) -> temperature_c` can be judged: `judge(make, target_c)`.
Start at `scenarios.py`.
"""

from __future__ import annotations

from rich.table import Table

from tools.bench.control.contest import SEEDS, SEEDS_QUICK, Results, contest
from tools.bench.control.judge import Judgement, judge
from tools.bench.control.plants import LagPlant, Model, Plant
from tools.bench.control.report import matrix, metrics
from tools.bench.harness import Metric

__all__ = ["Judgement", "LagPlant", "Model", "Plant", "judge", "measure", "tables"]

_last: list[Results] = []


def measure(quick: bool) -> dict[str, Metric]:
    results = contest(SEEDS_QUICK if quick else SEEDS)
    _last[:] = [results]
    return metrics(results)


def tables() -> list[Table]:
    """What the last measurement found, in full."""
    return [matrix(results) for results in _last]
