"""Densification, contact and damage: the table of the calibrated model.

The press is made transparent here (no friction, hysteresis or leak, a stack that keeps its
temperature), so that the stack sees exactly the pressure of the table.
"""

import msgspec
import pytest
from plant_bench import PRESS, machine_with, pressed, quiet_press

from hil import Plant

FULL_SCALE_BAR = 400.0
TRANSPARENT = {
    "friction_coulomb_kn": 0.0,
    "friction_static_kn": 0.0,
    "valve_hysteresis_fraction": 0.0,
    "valve_deadband_fraction": 0.0,
    "valve_resolution_fraction": 1e-6,
    "valve_full_scale_bar": FULL_SCALE_BAR,
    "leak_m3_per_s_pa": 0.0,
    "pump_m3_per_s": 1e-4,
}
TABLE_TIMES_S = (1, 10, 30, 60, 300)


def _opening(pressure_mpa: float) -> float:
    force_kn = pressure_mpa * PRESS.stack.area_mm2 * 1e-3 + PRESS.hydraulic.return_force_kn
    return force_kn * 1e4 / PRESS.hydraulic.cylinder_area_mm2 / FULL_SCALE_BAR


def _ramped(temperature_c: float, pressure_mpa: float, rate_mpa_per_s: float, **stack) -> Plant:
    """At the end of a ramp to the pressure; the clock of the table starts here."""
    stack = {"heat_capacity_j_per_k": 1e6, "rate_mpa_per_s_max_25c": 1e5, **stack}
    machine = msgspec.structs.replace(
        machine_with(hydraulic=TRANSPARENT, stack=stack), ambient_temperature_c=25.0
    )
    press = Plant(machine, noise=False, start_temperature_c=temperature_c)
    press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
    press.step(2.0)
    press.set(approach_valve=0, valve_open_fraction=_opening(2.0))
    press.step(0.2)
    now_mpa = 2.0
    while now_mpa < pressure_mpa:
        now_mpa = min(pressure_mpa, now_mpa + 0.01 * rate_mpa_per_s)
        press.set(valve_open_fraction=_opening(now_mpa))
        press.step(0.01)
    return press


def _held(temperature_c: float, pressure_mpa: float, seconds: float) -> dict[str, float]:
    press = _ramped(temperature_c, pressure_mpa, 5.0)
    press.step(seconds)
    truth = press.truth()
    assert truth["stack_pressure_mpa"] == pytest.approx(pressure_mpa, rel=1e-4)
    assert truth["stack_temperature_c"] == pytest.approx(temperature_c, abs=0.05)
    return truth


@pytest.fixture(scope="module")
def table_at_100_c_100_mpa():
    press, table, before_s = _ramped(100.0, 100.0, 5.0), {}, 0
    for time_s in TABLE_TIMES_S:
        press.step(time_s - before_s)
        before_s = time_s
        table[time_s] = press.truth()
    return table


@pytest.mark.parametrize(
    ("time_s", "density_g_per_cm3"),
    list(zip(TABLE_TIMES_S, (2.974, 3.032, 3.084, 3.100, 3.103), strict=True)),
)
def test_density_over_time_at_100_c_and_100_mpa(table_at_100_c_100_mpa, time_s, density_g_per_cm3):
    found = table_at_100_c_100_mpa[time_s]["density_g_per_cm3"]
    assert found == pytest.approx(density_g_per_cm3, abs=0.005)


@pytest.mark.parametrize(
    ("time_s", "ohm_cm2"), list(zip(TABLE_TIMES_S, (273, 225, 191, 182, 180), strict=True))
)
def test_interface_resistance_over_time(table_at_100_c_100_mpa, time_s, ohm_cm2):
    found = table_at_100_c_100_mpa[time_s]["interface_resistance_ohm_cm2"]
    assert found == pytest.approx(ohm_cm2, rel=0.015)


def test_r1_ends_in_its_window(table_at_100_c_100_mpa):
    end = table_at_100_c_100_mpa[300]
    assert 3.08 <= end["density_g_per_cm3"] <= 3.12
    assert 170.0 <= end["interface_resistance_ohm_cm2"] <= 195.0


@pytest.mark.parametrize(
    ("temperature_c", "pressure_mpa", "seconds", "density_g_per_cm3", "ohm_cm2"),
    [
        (25.0, 100.0, 300.0, 2.933, 320.0),
        (25.0, 100.0, 3600.0, 2.997, 251.0),
        (100.0, 50.0, 300.0, 2.924, 330.0),
        (100.0, 150.0, 300.0, 3.248, 127.0),
        (100.0, 200.0, 300.0, 3.365, 103.0),
    ],
)
def test_density_and_resistance_table(
    temperature_c, pressure_mpa, seconds, density_g_per_cm3, ohm_cm2
):
    truth = _held(temperature_c, pressure_mpa, seconds)
    assert truth["density_g_per_cm3"] == pytest.approx(density_g_per_cm3, abs=0.002)
    assert truth["interface_resistance_ohm_cm2"] == pytest.approx(ohm_cm2, rel=0.01)


@pytest.mark.parametrize(
    ("pressure_mpa", "density_g_per_cm3"),
    [(70.0, 3.00), (84.0, 3.05), (99.0, 3.10), (115.0, 3.15), (132.0, 3.20)],
)
def test_pressures_of_the_density_window(pressure_mpa, density_g_per_cm3):
    assert _held(100.0, pressure_mpa, 300.0)["density_g_per_cm3"] == pytest.approx(
        density_g_per_cm3, abs=0.002
    )


def test_sensitivities_at_r1():
    base = _held(100.0, 100.0, 300.0)["density_g_per_cm3"]
    per_mpa = (_held(100.0, 102.0, 300.0)["density_g_per_cm3"] - base) / 2.0
    per_k = (_held(104.0, 100.0, 300.0)["density_g_per_cm3"] - base) / 4.0
    assert per_mpa == pytest.approx(0.0032, rel=0.1)
    assert per_k == pytest.approx(0.0016, rel=0.1)


def test_springback_is_one_percent_at_100_mpa_and_density_is_the_relaxed_one():
    press = _ramped(100.0, 100.0, 5.0)
    press.step(60.0)
    loaded = press.truth()
    press.set(load_holding_valve_open=0, pump=0, dump_valve=1)
    press.step(3.0)
    free = press.truth()
    assert free["stack_pressure_mpa"] < 1.0
    assert free["thickness_mm"] / loaded["thickness_mm"] == pytest.approx(1.0 / 0.99, rel=2e-4)
    assert free["density_g_per_cm3"] == pytest.approx(loaded["density_g_per_cm3"], abs=1e-5)
    areal_mass = press.machine.stack.areal_mass_g_per_cm2
    assert free["density_g_per_cm3"] * free["thickness_mm"] / 10.0 == pytest.approx(
        areal_mass, rel=2e-4
    )


def test_fresh_stack_is_the_film_it_was():
    truth = quiet_press().truth()
    assert truth["density_g_per_cm3"] == pytest.approx(0.70 * 3.86)
    assert truth["thickness_mm"] == pytest.approx(10.0 * 0.310 / (0.70 * 3.86))
    assert truth["interface_resistance_ohm_cm2"] == pytest.approx(1000.0)
    assert truth["conductivity_ratio"] == pytest.approx(0.4**1.8)


def test_pressing_too_fast_cracks_a_cold_film_but_not_at_the_recipe_rate():
    slow = _ramped(25.0, 100.0, 5.0, rate_mpa_per_s_max_25c=20.0)
    fast = _ramped(25.0, 100.0, 80.0, rate_mpa_per_s_max_25c=20.0)
    for press in (slow, fast):
        press.step(1.0)
    assert slow.truth()["cracked_count"] == 0.0
    assert slow.truth()["damage_ratio"] < 0.2
    assert fast.truth()["cracked_count"] == 1.0


def test_pressing_too_hard_cracks_in_time():
    press = _ramped(100.0, 120.0, 5.0, pressure_mpa_max=100.0)
    press.step(3.0)
    assert press.truth()["cracked_count"] == 0.0
    press.step(4.0)
    assert press.truth()["cracked_count"] == 1.0


def test_a_soft_wide_stack_stays_stable():
    """Its compliance exceeds the frame's many times: the implicit step must not mind."""
    soft = {
        "area_mm2": 400.0, "areal_mass_g_per_cm2": 20.0, "yield_mpa_25c": 5.0,
        "elastic_modulus_mpa": 500.0, "density_ratio_initial": 0.3,
    }  # fmt: skip
    press = pressed(quiet_press(machine_with(stack=soft)), 20.0, settle_s=1.0)
    before = press.truth()
    for _ in range(2000):
        press.step(0.01)
        truth = press.truth()
        assert truth["density_ratio"] >= before["density_ratio"]
        assert truth["cylinder_pressure_bar"] < 21.0
        assert truth["force_kn"] < 21.0 * 2.01
        assert abs(truth["ram_speed_mm_per_s"]) < 10.0
        before = truth
    assert truth["density_ratio"] > 0.32
