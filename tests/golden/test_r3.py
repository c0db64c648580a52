"""Recipe R3 whole, in virtual time: inside its temperature band at 490 MPa, and opened."""

import pytest

from tests.golden.course import R3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return R3.simulate(tmp_path_factory.mktemp("golden"), "a", 1)


def test_r3_reaches_what_it_is_for(run):
    figures, _ = run
    assert figures["outcome"] == "Complete"
    assert abs(figures["fluid_peak_error_k"]) <= 1.5
    assert figures["hold_pressure_deviation_fraction_max"] <= 0.003
    assert figures["hold_fluid_deviation_k_max"] <= 5.0
    assert figures["release_mpa_per_s_max"] <= 1.2 * 5.0
    assert figures["release_slow_mpa_per_s_max"] <= 1.3 * 1.0
    assert figures["layer_1_density_ratio"] == pytest.approx(0.945, abs=0.005)
    assert figures["cracked_count"] == figures["shorted_count"] == 0
    assert figures["hard_protection_demands"] == 0


def test_the_course_of_r3_is_the_recorded_one(run):
    """A change of course is a visible act: run `python -m tests.golden.course` and commit it."""
    _, record = run
    assert R3.course_of(record) == R3.recorded()
