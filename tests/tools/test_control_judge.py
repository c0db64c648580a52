"""The README's ten lines, the groups `control` and `pressure`, and what they write."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

import tools.bench
from tools.bench import pressure
from tools.bench.__main__ import GROUPS
from tools.bench.control import LagPlant, Model, judge
from tools.bench.control.contest import contest
from tools.bench.control.contestants import CONTESTANTS
from tools.bench.control.judge import medians
from tools.bench.control.report import TARGETS, TITLES, matrix, metrics
from tools.bench.control.scenarios import PLATEN, SCENARIOS, drifted, unseen, varied
from tools.bench.control.trial import Course
from tools.bench.harness import report
from tools.bench.table import table

README = Path(tools.bench.__file__).parents[1] / "README.md"
ACTIVE = [contestant for contestant in CONTESTANTS if contestant.tune is not None]


def test_the_ten_lines_of_the_readme_judge_a_kettle() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, str(README), "exec"), {"__name__": "readme"})
    text = said.getvalue()
    assert "time-optimal: ±0.5 K after" in text
    for contestant in ACTIVE:
        assert contestant.name in text


def test_nobody_beats_the_bound_and_everybody_is_judged() -> None:
    model = Model(250.0, 600.0, 15.0)
    found = judge(lambda: LagPlant(model), 100.0, known=[model], seeds=1)
    assert set(found.figures) == {contestant.name for contestant in ACTIVE}
    for figures in found.figures.values():
        assert figures["settle_ratio"] > 0.99
        assert figures["load_peak_ratio"] > 0.85  # less noise than a tenth of the dip
    # This plant's numbers are known from an independent program (peers, AMIGO, b = 0).
    assert found.figures["hotpress PID"]["settle_ratio"] == pytest.approx(1.36, abs=0.05)
    assert found.figures["simple-pid AMIGO"]["overshoot_k"] == pytest.approx(7.4, abs=0.3)


def test_a_plant_of_zones_and_one_without_a_load_are_judged() -> None:
    class Pair:
        def __init__(self) -> None:
            self.one, self.other = LagPlant(PLATEN), LagPlant(PLATEN.off(1.1, 1.0, 1.0))

        def step(self, duty: list[float], dt_s: float) -> list[float]:
            return [self.one.step(duty[0], dt_s), self.other.step(duty[1], dt_s)]

    pid = [c for c in CONTESTANTS if c.key == "hotpress_pid"]
    found = judge(Pair, 100.0, zones=2, seeds=1, contestants=pid)
    assert found.figures["hotpress PID"]["spread_k"] < 0.5
    assert "load_peak_ratio" not in found.figures["hotpress PID"]


def test_settling_is_of_the_worst_zone_and_for_good() -> None:
    still = np.full((400, 2), 100.0)
    late = still.copy()
    late[:200, 1] = 99.0
    never = still.copy()
    never[-1, 0] = 101.0
    duty = np.zeros((400, 2))
    assert Course(0.5, still, duty, 100.0).settle_s() == 0.0
    assert Course(0.5, late, duty, 100.0).settle_s() == 100.0
    assert Course(0.5, never, duty, 100.0).settle_s() == float("inf")
    assert Course(0.5, late, duty, 100.0).spread_k() == 1.0


def test_of_never_the_share_of_runs_is_told_and_else_medians() -> None:
    runs = [{"never": 0.0, "a": 1.0}, {"never": 1.0, "a": 5.0, "b": 3.0}, {"never": 0.0, "a": 2.0}]
    assert medians(runs) == {"never": pytest.approx(1 / 3), "a": 2.0, "b": 3.0}


def test_plants_of_the_scenarios_are_what_the_readme_says() -> None:
    corners = {drifted(seed) for seed in range(50)}
    assert len(corners) == 8
    for seed in range(50):
        assert 0.5 <= unseen(seed).gain_c / PLATEN.gain_c <= 1.5
        assert 0.8 <= varied(seed).dead_time_s / PLATEN.dead_time_s <= 1.2
    assert {unseen(seed).lag_s > 0 for seed in range(4)} == {True, False}


def test_the_contest_writes_the_benchs_shape_and_a_table() -> None:
    results = contest(1, ["step_known", "ramp_10", "lab_press"], workers=1)
    written = json.loads(json.dumps(report({"control": metrics(results)}), allow_nan=False))
    group = written["control"]
    for metric in group.values():
        assert {"ours", "reference", "reference_name", "ratio", "unit"} <= set(metric)
    assert group["step_known.settle_ratio"]["reference_name"] == "time-optimal bound"
    assert group["step_known.settle_ratio"]["target"] == "ours <= 1.07"
    assert "step_known.overshoot_k.beside_klipper" in group
    text = _printed(matrix(results))
    for contestant in CONTESTANTS:
        assert contestant.name in text
    # Details are in the JSON; the table of all groups is to be read.
    short = _printed(table({"control": metrics(results)}))
    assert "step_known.settle_ratio" in short
    assert "beside_klipper" not in short


def _printed(shown: Table) -> str:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(shown)
    return console.export_text()


def test_targets_and_titles_name_scenarios_that_exist() -> None:
    assert {"control", "pressure"} <= set(GROUPS)
    assert {scenario for scenario, _ in TARGETS} <= set(TITLES)
    # press_closing is two scenarios in one run: the step, then the closing.
    assert set(SCENARIOS) - {"press_closing"} | {"press_step", "closing"} == set(TITLES)


def test_the_press_follows_its_pressure_under_the_kernel_and_under_a_peer() -> None:
    kernel = pressure.pressure_run("hotpress", 1)
    peer = pressure.pressure_run("simple-pid SIMC", 1)
    assert kernel["trips"] == peer["trips"] == 0.0
    assert kernel["hold_error"] < 1.0
    assert kernel["hold_band"] < peer["hold_band"]
