"""Oil, valve, ram and frame: the check numbers of the hydraulic model."""

import pytest
from plant_bench import RIGID, close_daylight, locked, machine_with, pressed, quiet_press

from hil import Plant
from hil.physics import ffi, lib

RIGID_PRESS = machine_with(stack=RIGID)


def _bar(press: Plant) -> float:
    return press.truth()["cylinder_pressure_bar"]


def _trace(press: Plant, seconds: float, every_s: float = 0.005) -> list[tuple[float, float]]:
    begun_s, trace = press.time_s, []
    while press.time_s - begun_s < seconds:
        press.step(every_s)
        trace.append((press.time_s - begun_s, _bar(press)))
    return trace


@pytest.mark.parametrize(
    ("absolute_bar", "modulus_gpa"), [(10, 0.48), (20, 0.91), (50, 1.32), (100, 1.44), (200, 1.48)]
)
def test_effective_bulk_modulus_of_oil_with_one_percent_air(absolute_bar, modulus_gpa):
    press = quiet_press()  # owns the memory that the address points to
    hydraulic = ffi.addressof(press._config.hydraulic)
    modulus_pa = lib.plant_bulk_modulus_pa(hydraulic, absolute_bar * 1e5)
    assert modulus_pa / 1e9 == pytest.approx(modulus_gpa, abs=0.006)


@pytest.mark.parametrize(("absolute_bar", "bar_per_s"), [(10, 30.0), (50, 58.0), (200, 62.0)])
def test_greatest_rate_of_rise(absolute_bar, bar_per_s):
    """Of absolute pressure, as the bulk modulus: at 10 bar gauge the oil is already stiffer."""
    press = close_daylight(quiet_press(RIGID_PRESS))
    press.step(2.0)
    assert _bar(press) == pytest.approx(5.0, abs=0.1)
    press.set(valve_open_fraction=1.0)
    trace = _trace(press, 6.0)
    at = next(i for i, (_, bar) in enumerate(trace) if bar >= absolute_bar - 1.0)
    rate = (trace[at + 2][1] - trace[at - 2][1]) / (trace[at + 2][0] - trace[at - 2][0])
    assert rate == pytest.approx(bar_per_s, rel=0.1)


@pytest.fixture(scope="module")
def step_50_to_100_bar():
    press = pressed(quiet_press(RIGID_PRESS), 50.0 - 3.75)
    assert press._state.opening_fraction[0] == pytest.approx(0.2)
    press.set(valve_open_fraction=0.4)
    return _bar(press), _trace(press, 4.0)


def test_step_of_50_to_100_bar_takes_0_7_to_0_85_s(step_50_to_100_bar):
    begin_bar, trace = step_50_to_100_bar
    end_bar = trace[-1][1]
    t90_s = next(t for t, bar in trace if bar >= begin_bar + 0.9 * (end_bar - begin_bar))
    assert 0.7 <= t90_s <= 0.85


def test_valve_hysteresis_leaves_3_8_bar(step_50_to_100_bar):
    _, trace = step_50_to_100_bar
    assert trace[-1][1] - 100.0 == pytest.approx(-3.8, abs=0.1)
    assert max(bar for _, bar in trace) <= trace[-1][1] + 0.01


@pytest.mark.parametrize(("hysteresis_fraction", "lag_bar"), [(0.0, 0.4), (0.03, 4.2)])
def test_lag_behind_a_ramp_of_5_bar_per_s(hysteresis_fraction, lag_bar):
    machine = machine_with(
        stack=RIGID, hydraulic={"valve_hysteresis_fraction": hysteresis_fraction}
    )
    press = pressed(quiet_press(machine), 50.0)
    at_bar = 50.0
    while at_bar < 130.0:
        at_bar += 0.05
        press.set(valve_open_fraction=at_bar / 250.0)
        press.step(0.01)
    assert at_bar - _bar(press) == pytest.approx(lag_bar, rel=0.1)


def test_leak_is_2_0_to_2_4_bar_per_min_at_200_bar():
    press = locked(quiet_press(RIGID_PRESS), 200.0)
    press.step(2.0)
    begin_bar = _bar(press)
    assert begin_bar == pytest.approx(200.0, abs=0.5)
    press.step(60.0)
    assert 2.0 <= begin_bar - _bar(press) <= 2.4


@pytest.mark.parametrize(
    ("orifice_mm", "low_s", "high_s"), [(1.0, 0.4, 0.55), (2.0, 0.1, 0.14), (3.0, 0.04, 0.06)]
)
def test_dump_takes_250_to_25_bar(orifice_mm, low_s, high_s):
    hydraulic = {"dump_orifice_mm": orifice_mm, "valve_hysteresis_fraction": 0.0}
    press = locked(quiet_press(machine_with(stack=RIGID, hydraulic=hydraulic)), 250.0)
    assert _bar(press) == pytest.approx(250.0, abs=0.5)
    press.set(dump_valve=1)
    trace = _trace(press, 1.0, every_s=0.001)
    assert low_s <= next(t for t, bar in trace if bar <= 25.0) <= high_s


def test_no_oil_passes_a_shut_load_holding_valve():
    press = locked(quiet_press(RIGID_PRESS), 100.0)
    press.set(pump=1, valve_open_fraction=1.0)
    press.step(10.0)
    assert _bar(press) == pytest.approx(100.0, abs=1.0)
    assert press.truth()["cylinder_inflow_m3_per_s"] == 0.0


def test_dead_band_and_least_pressure():
    press = close_daylight(quiet_press())
    press.set(valve_open_fraction=0.019)
    press.step(3.0)
    assert press.truth()["valve_pressure_bar"] == pytest.approx(0.0, abs=1e-3)
    assert _bar(press) == pytest.approx(press.machine.hydraulic.valve_pressure_bar_min, abs=0.05)


@pytest.mark.parametrize(("bar", "friction_kn"), [(125.0, 6.5), (245.0, 7.94)])
def test_force_is_pressure_times_area_less_return_force_and_friction(bar, friction_kn):
    """F_c (1 + mu p / p_n) + (F_s - F_c) at rest: 1-3 % of the force."""
    press = pressed(quiet_press(RIGID_PRESS), bar)
    truth, hydraulic = press.truth(), press.machine.hydraulic
    ideal_kn = (
        truth["cylinder_pressure_bar"] * hydraulic.cylinder_area_mm2 * 1e-4
        - hydraulic.return_force_kn
    )
    found_kn = ideal_kn - truth["force_kn"]
    assert found_kn == pytest.approx(friction_kn, rel=0.1)
    assert 0.01 <= found_kn / truth["force_kn"] <= 0.03


def test_friction_remembers_its_direction_at_rest():
    """At the same pressure the force is less on the way up than on the way down."""
    force_kn = {}
    for name, before_bar in (("up", 60.0), ("down", 180.0)):
        press = pressed(quiet_press(RIGID_PRESS), before_bar)
        half = 0.015 if name == "up" else -0.015
        press.set(valve_open_fraction=120.0 / 250.0 + half)
        press.step(8.0)
        assert _bar(press) == pytest.approx(120.0, abs=0.1)
        force_kn[name] = press.truth()["force_kn"]
        press.step(5.0)
        assert press.truth()["force_kn"] == pytest.approx(force_kn[name], rel=1e-4)
    hysteresis_ratio = (force_kn["down"] - force_kn["up"]) / force_kn["up"]
    assert 0.01 <= hysteresis_ratio / 2.0 <= 0.03


def test_approach_closes_6_mm_of_daylight_gently():
    press = quiet_press()
    press.set(pump=1, approach_valve=1)
    press.step(0.6)
    truth = press.truth()
    assert 0.0 < truth["daylight_mm"] < 6.0
    assert truth["force_kn"] == 0.0
    assert truth["ram_speed_mm_per_s"] == pytest.approx(5.0, rel=0.1)
    press.step(2.0)
    truth = press.truth()
    assert truth["daylight_mm"] == 0.0
    assert 1.0 < truth["force_kn"] < 15.0
    assert truth["damage_ratio"] < 0.1


def test_pump_alone_does_not_move_the_ram():
    press = quiet_press()
    press.set(pump=1, valve_open_fraction=1.0)
    press.step(5.0)
    assert press.truth()["daylight_mm"] == pytest.approx(6.0, abs=1e-6)


@pytest.mark.parametrize(
    ("valves", "seconds"),
    [
        ({"load_holding_valve_open": 1}, 16.0),
        ({"dump_valve": 1}, 16.0),
        ({"approach_valve": 1}, 4.0),
    ],
)
def test_ram_opens_by_its_return_force_when_oil_may_leave(valves, seconds):
    press = locked(quiet_press(), 30.0)
    press.set(dump_valve=1)
    press.step(3.0)
    press.set(dump_valve=0, valve_open_fraction=0.0)
    press.set(**valves)
    press.step(seconds)
    truth = press.truth()
    assert truth["daylight_mm"] > 5.5
    assert truth["force_kn"] == 0.0
    assert 0.0 <= truth["cylinder_pressure_bar"] < 5.0


def test_approach_valve_opened_under_load_loses_the_pressure():
    """The hazard the controller's interlock exists for."""
    press = locked(quiet_press(), 120.0)
    press.set(approach_valve=1)
    press.step(1.0)
    assert _bar(press) < 10.0


def test_relief_lifts_once_and_counts_a_demand():
    machine = machine_with(stack=RIGID, hydraulic={"valve_full_scale_bar": 400.0})
    press = close_daylight(quiet_press(machine))
    press.set(valve_open_fraction=1.0)
    press.step(8.0)
    truth = press.truth()
    assert 270.0 < truth["cylinder_pressure_bar"] <= 281.0
    assert truth["relief_demands"] == truth["hard_protection_demands"] == 1.0
    press.set(valve_open_fraction=0.5)
    press.step(5.0)
    press.set(valve_open_fraction=1.0)
    press.step(5.0)
    assert press.truth()["relief_demands"] == 2.0


def test_reference_press_cannot_reach_its_relief_by_command():
    press = close_daylight(quiet_press())
    press.set(valve_open_fraction=1.0)
    press.step(10.0)
    assert press.truth()["relief_demands"] == 0.0
    assert press.truth()["force_kn"] == pytest.approx(500.0, rel=0.05)


def test_frame_stretches_under_load():
    press = pressed(quiet_press(RIGID_PRESS), 100.0)
    truth = press.truth()
    stretch_mm = press.reading("lvdt_1_position_mm") - truth["thickness_mm"]
    assert stretch_mm == pytest.approx(truth["force_kn"] / 500.0, abs=1e-3)
