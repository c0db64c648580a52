"""All contestants in all scenarios over all seeds, on every processor there is."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from tools.bench.control.contestants import CONTESTANTS
from tools.bench.control.judge import Figures, medians
from tools.bench.control.scenarios import SCENARIOS

SEEDS = 50
SEEDS_QUICK = 4
_CHUNK = 10

Results = dict[str, dict[str, Figures]]  # scenario -> contestant -> medians
_Job = tuple[str, str, range]
_Done = tuple[str, list[tuple[str, Figures]]]


def _jobs(scenarios: Sequence[str], seeds: int) -> Iterator[_Job]:
    for scenario in scenarios:
        for first in range(0, seeds, _CHUNK):
            for contestant in CONTESTANTS:
                if contestant.tune is not None:
                    yield scenario, contestant.key, range(first, min(first + _CHUNK, seeds))


def _do(job: _Job) -> _Done:
    scenario, key, seeds = job
    contestant = next(c for c in CONTESTANTS if c.key == key)
    found = [SCENARIOS[scenario](contestant, seed) for seed in seeds]
    return key, [(name, figures) for run in found for name, figures in run.items()]


def contest(
    seeds: int, scenarios: Sequence[str] = tuple(SCENARIOS), workers: int | None = None
) -> Results:
    """Medians over the seeds. `workers` 1 stays in this process."""
    jobs = list(_jobs(scenarios, seeds))
    count = workers or len(os.sched_getaffinity(0))
    if count == 1:
        return _sorted(map(_do, jobs))
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        return _sorted(pool.map(_do, jobs))


def _sorted(done: Iterator[_Done]) -> Results:
    runs: dict[str, dict[str, list[Figures]]] = {}
    for key, found in done:
        for scenario, figures in found:
            runs.setdefault(scenario, {}).setdefault(key, []).append(figures)
    return {
        scenario: {key: medians(many) for key, many in by_key.items()}
        for scenario, by_key in runs.items()
    }
