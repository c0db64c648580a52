"""Recipe R1 whole, in virtual time: what it must reach, and that nothing changes unseen."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.golden.course import GOLDEN, course_of

R1 = "sulfide-hot-press-100"


def simulate(folder: Path, name: str, seed: int) -> tuple[dict, Path]:
    record, figures = folder / f"{name}.sqlite", folder / f"{name}.json"
    command = [sys.executable, "-m", "controller", "simulate", R1, "--quiet", "--seed", str(seed)]
    subprocess.run([*command, "--record", str(record), "--json", str(figures)], check=True)
    return json.loads(figures.read_text()), record


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    return {name: simulate(folder, name, seed) for name, seed in [("a", 1), ("b", 1), ("c", 2)]}


@pytest.mark.parametrize("run", ["a", "c"])
def test_r1_reaches_what_it_is_for(runs, run):
    figures, _ = runs[run]
    assert figures["outcome"] == "Complete"
    assert 3.08 <= figures["density_g_per_cm3"] <= 3.12
    assert abs(figures["density_estimate_g_per_cm3"] - figures["density_g_per_cm3"]) <= 0.02
    assert figures["temperature_overshoot_k"] <= 0.5
    assert figures["pressure_overshoot_fraction"] <= 0.005
    assert figures["zone_deviation_k_max"] <= 1.0
    assert 170.0 <= figures["interface_resistance_ohm_cm2"] <= 195.0
    assert figures["hard_protection_demands"] == 0


def test_one_seed_gives_one_journal_byte_for_byte(runs):
    (a, file_a), (b, file_b), (c, file_c) = runs["a"], runs["b"], runs["c"]
    assert a["journal_sha256"] == b["journal_sha256"] != c["journal_sha256"]
    assert file_a.read_bytes() == file_b.read_bytes() != file_c.read_bytes()


def test_the_course_of_r1_is_the_recorded_one(runs):
    """A change of course is a visible act: run `python -m tests.golden.course` and commit it."""
    _, record = runs["a"]
    assert course_of(record) == json.loads(GOLDEN.read_text())


def test_every_sample_is_there(runs):
    _, record = runs["a"]
    with closing(sqlite3.connect(record)) as connection:
        ticks = [tick for (tick,) in connection.execute("SELECT tick FROM sample ORDER BY tick")]
    assert ticks == list(range(0, 10 * len(ticks), 10))
