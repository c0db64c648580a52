"""Recipe R1 whole, in virtual time: what it must reach, and that nothing changes unseen."""

import sqlite3
from contextlib import closing

import pytest

from tests.golden.course import R1


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    return {name: R1.simulate(folder, name, seed) for name, seed in [("a", 1), ("b", 1), ("c", 2)]}


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
    assert R1.course_of(record) == R1.recorded()


def test_every_sample_is_there(runs):
    _, record = runs["a"]
    with closing(sqlite3.connect(record)) as connection:
        ticks = [tick for (tick,) in connection.execute("SELECT tick FROM sample ORDER BY tick")]
    assert ticks == list(range(0, 10 * len(ticks), 10))
