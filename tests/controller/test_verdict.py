"""The verdict on a WIP's batch, on courses short enough to judge by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.ports import Sample, Signal, Tick
from controller.verdict import VERDICTS

SIGNALS = (
    Signal("vessel_pressure_setpoint_mpa", "MPa"),
    Signal("fluid_temperature_target_c", "°C"),
)
AT_REST = {
    "vessel_pressure_mpa": 0.0,
    "fluid_temperature_c": 22.0,
    "layer_1_density_ratio": 0.93,
    "layer_2_density_ratio": 0.97,
    "density_g_per_cm3": 3.1,
    "thickness_mm": 1.0,
    "damage_ratio": 0.0,
    "cracked_count": 0.0,
    "shorted_count": 0.0,
    "interface_resistance_ohm_cm2": 9.0,
    "bag_water_ml": 0.0,
    "h2s_released_l": 0.0,
    "hard_protection_demands": 0.0,
}
Course = Iterable[tuple[str, float, float]]
"""Phase, true pressure and true temperature of the fluid, ten times a second."""


def judged(course: Course, setpoint_mpa: float = 490.0, target_c: float = 85.0) -> dict[str, float]:
    truth = dict(AT_REST)
    verdict = VERDICTS["wip"](lambda: truth, SIGNALS)
    for i, (phase, pressure_mpa, fluid_c) in enumerate(course):
        truth |= {"vessel_pressure_mpa": pressure_mpa, "fluid_temperature_c": fluid_c}
        tick = Tick(10 * i, 0.1 * i, 10**8 * i)
        verdict.sample(Sample(tick, phase, (setpoint_mpa, target_c), b""))
    return verdict.figures()


def test_the_peak_is_of_pump_and_hold_and_signed() -> None:
    warm_wall = ("preheat", 0.0, 130.0)
    passed = judged([warm_wall, ("pump", 300.0, 80.0), ("hold-2", 490.0, 86.2)])
    assert passed["fluid_peak_error_k"] == pytest.approx(1.2)
    short = judged([warm_wall, ("pump", 300.0, 80.0), ("hold", 490.0, 84.0)])
    assert short["fluid_peak_error_k"] == pytest.approx(-1.0)


def test_deviations_are_of_the_hold_alone() -> None:
    figures = judged([("pump", 200.0, 60.0), ("hold", 489.0, 84.0), ("hold", 490.49, 85.5)])
    assert figures["hold_pressure_deviation_fraction_max"] == pytest.approx(1.0 / 490.0)
    assert figures["hold_fluid_deviation_k_max"] == pytest.approx(1.0)
    assert figures["vessel_pressure_mpa_max"] == 490.49


def test_a_fall_is_a_mean_over_a_second_and_counts_where_it_began() -> None:
    steady = [("decompress", 100.0 - 0.2 * i, 80.0) for i in range(401)]
    slow = [("decompress", max(0.0, 20.0 - 0.05 * i), 80.0) for i in range(1, 420)]
    figures = judged([*steady, *slow])
    assert figures["release_mpa_per_s_max"] == pytest.approx(2.0)
    assert figures["release_slow_mpa_per_s_max"] == pytest.approx(0.5)


def test_a_jump_between_two_samples_is_no_rate_of_its_own() -> None:
    """A check valve takes 0.6 MPa at once, and nothing more in that second."""
    figures = judged([("pump", 400.0, 80.0)] * 20 + [("pump", 399.4, 80.0)] * 20)
    assert figures["release_mpa_per_s_max"] == pytest.approx(0.6)


def test_what_was_never_measured_is_left_out() -> None:
    figures = judged([("gate", 0.0, 22.0)], target_c=0.0)
    assert not {"fluid_peak_error_k", "hold_fluid_deviation_k_max"} & {*figures}
    assert figures["layer_2_density_ratio"] == 0.97
    assert figures["cracked_count"] == 0.0
