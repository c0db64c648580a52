"""Heat: the check numbers of the thermal model, and that no joule is lost or made.

The check numbers are of the *measured* zone temperature (4 s lag, 2 s dead time).
"""

from itertools import pairwise
from math import exp, log

import pytest
from plant_bench import (
    PRESS,
    SSRS,
    hold_temperature,
    locked,
    quiet_press,
    unlimited,
)

from hil import Plant
from hil.physics import ffi, lib

ALL_ON = dict.fromkeys((*SSRS, "contactor_top", "contactor_bottom"), 1)
CONTACTORS = {"contactor_top": 1, "contactor_bottom": 1}


def _first_s(trace: list[tuple[float, float]], level: float) -> float:
    return next(time_s for time_s, reading in trace if reading >= level)


def _trace(press: Plant, seconds: int, name: str = "zone_2_temperature_c"):
    begun_s, trace = press.time_s, []
    for _ in range(seconds):
        press.step(1.0)
        trace.append((press.time_s - begun_s, press.reading(name)))
    return trace


@pytest.fixture(scope="module")
def full_duty():
    """22 °C, closed and pressed, all six cartridges on for ten minutes: time, measured."""
    press = locked(quiet_press(unlimited()))
    press.set(**ALL_ON)
    return _trace(press, 600)


def test_full_duty_reaches_100_c_in_310_to_380_s(full_duty):
    assert 310.0 <= _first_s(full_duty, 100.0) <= 380.0
    assert _first_s(full_duty, 100.0) == pytest.approx(345.0, abs=3.0)


@pytest.mark.parametrize(("time_s", "reading_c"), [(120, 48.0), (300, 90.0), (600, 154.0)])
def test_full_duty_temperatures(full_duty, time_s, reading_c):
    assert full_duty[time_s - 1][1] == pytest.approx(reading_c, abs=1.5)


def test_full_duty_slope_dead_time_and_gain(full_duty):
    slopes = [(full_duty[i + 30][1] - full_duty[i][1]) / 30.0 for i in range(560)]
    steepest = max(range(560), key=slopes.__getitem__)
    slope_k_per_s = slopes[steepest]
    assert slope_k_per_s * 60.0 == pytest.approx(14.7, abs=0.2)
    assert slope_k_per_s == pytest.approx(0.245, abs=0.005)
    middle_s, middle_c = full_duty[steepest + 15]
    assert middle_s - (middle_c - 22.0) / slope_k_per_s == pytest.approx(11.7, abs=1.0)


def _exponential(press: Plant, apart_s: float):
    """Level and time constant of the approach, from three equidistant points."""
    seen = []
    for _ in range(3):
        press.step(apart_s)
        seen.append(press.truth()["zone_2_temperature_c"])
    first, second = (b - a for a, b in pairwise(seen))
    ratio = second / first
    level_c = seen[2] + second * ratio / (1.0 - ratio)
    return level_c, -apart_s / log(ratio)


def test_without_a_limiter_full_duty_ends_at_865_c():
    press = locked(quiet_press(unlimited(), start_c=600.0))
    press.set(**ALL_ON)
    press.step(200.0)
    level_c, time_constant_s = _exponential(press, 1000.0)
    assert level_c == pytest.approx(865.0, rel=0.02)
    assert time_constant_s == pytest.approx(3450.0, rel=0.05)


def test_steady_duty_of_8_5_percent_ends_at_93_to_94_c():
    press = locked(quiet_press(unlimited(), start_c=70.0))
    # The same heat as 8.5 % duty, without the ripple of a window: sqrt of the mains.
    press._config.electrical.mains_voltage_v_min = 0.0
    press.set(mains_voltage_v=230.0 * 0.085**0.5, **ALL_ON)
    press.step(200.0)
    level_c, _ = _exponential(press, 1000.0)
    assert 92.5 <= level_c <= 94.5


def test_holding_100_c_takes_9_3_percent_duty():
    press = locked(quiet_press(start_c=100.0))
    press.set(**CONTACTORS)
    hold_temperature(press, 900.0, 100.0)
    duty = hold_temperature(press, 1200.0, 100.0)
    assert press.reading("zone_1_temperature_c") == pytest.approx(100.0, abs=0.2)
    assert duty == pytest.approx(0.093, rel=0.01)


@pytest.fixture
def at_100_c():
    press = locked(quiet_press(unlimited(), start_c=100.0))
    press.set(**CONTACTORS)
    hold_temperature(press, 300.0, 100.0)
    return press


def _levels(press: Plant, levels: tuple[float, ...], seconds: float, hands_off: int = -1):
    begun_s, reached = press.time_s, {}
    while press.time_s - begun_s < seconds:
        hold_temperature(press, 2.0, 100.0, hands_off=hands_off)
        for level in levels:
            if press.reading("zone_2_temperature_c") >= level:
                reached.setdefault(level, press.time_s - begun_s)
    return reached


def test_one_centre_ssr_welded_takes_100_to_115_c_in_80_to_100_s(at_100_c):
    at_100_c.set(heater_2_ssr_welded=1)
    reached = _levels(at_100_c, (105, 110, 115, 120, 130), 220.0, hands_off=1)
    assert 80.0 <= reached[115] <= 100.0
    for level, time_s in {105: 36.0, 110: 61.0, 120: 123.0, 130: 207.0}.items():
        assert reached[level] == pytest.approx(time_s, rel=0.1)
    _levels(at_100_c, (), 600.0 - 220.0, hands_off=1)
    truth = at_100_c.truth()
    assert truth["zone_2_temperature_c"] == pytest.approx(155.0, abs=2.0)
    assert truth["zone_1_temperature_c"] == pytest.approx(118.0, abs=1.0)
    assert truth["stack_temperature_c"] == pytest.approx(119.0, abs=1.5)


def test_all_six_ssrs_welded(at_100_c):
    at_100_c.set(**{f"heater_{i}_ssr_welded": 1 for i in range(1, 7)})
    reached = _levels(at_100_c, (105, 110, 120, 130), 160.0)
    for level, time_s in {105: 35.0, 110: 57.0, 120: 102.0, 130: 148.0}.items():
        assert reached[level] == pytest.approx(time_s, rel=0.1)


def test_an_open_edge_heater_lets_its_zone_sag(at_100_c):
    at_100_c.set(heater_1_break_fraction=1.0)
    hold_temperature(at_100_c, 300.0, 100.0)
    assert at_100_c.reading("zone_1_temperature_c") == pytest.approx(94.8, abs=0.5)
    hold_temperature(at_100_c, 900.0, 100.0)
    assert at_100_c.reading("zone_1_temperature_c") == pytest.approx(90.6, abs=0.5)


@pytest.mark.parametrize(("rate_k_per_min", "lag_k"), [(3.0, 2.2), (5.0, 3.5), (10.0, 6.9)])
def test_stack_lags_the_measured_zone_during_a_ramp(rate_k_per_min, lag_k):
    """Mid-ramp, where the stack's own loss has no part in the difference yet."""
    press = locked(quiet_press())
    press.set(**CONTACTORS)
    begun_s, setpoint_c = press.time_s, 22.0
    while setpoint_c < 60.0:
        setpoint_c = 22.0 + rate_k_per_min / 60.0 * (press.time_s - begun_s)
        forward = rate_k_per_min / 60.0 * 3.83 + 1.19e-3 * (setpoint_c - 22.0)
        hold_temperature(press, 2.0, setpoint_c, feed_forward=forward)
    lag = press.reading("zone_2_temperature_c") - press.truth()["stack_temperature_c"]
    assert lag == pytest.approx(lag_k, rel=0.1)


def test_natural_cooling_from_100_to_60_c_takes_2490_s():
    press = locked(quiet_press(start_c=100.0))
    while press.truth()["zone_2_temperature_c"] > 60.0:
        press.step(10.0)
    assert press.time_s == pytest.approx(2490.0, rel=0.03)


def test_water_cools_to_60_c_in_134_s_and_to_40_c_in_262_s():
    press = locked(quiet_press(start_c=100.0))
    begun_s = press.time_s
    press.set(cooling_water_top=1, cooling_water_bottom=1)
    trace = [(0.0, -100.0)] + [(t, -c) for t, c in _trace(press, 300)]
    assert _first_s(trace, -60.0) == pytest.approx(134.0, rel=0.1)
    assert _first_s(trace, -40.0) == pytest.approx(262.0, rel=0.1)
    steepest = max(b[1] - a[1] for a, b in zip(trace, trace[10:], strict=False)) / 10.0
    assert steepest * 60.0 == pytest.approx(27.0, rel=0.1)
    assert press.time_s - begun_s == pytest.approx(300.0)


def test_air_cools_more_gently_than_water_and_flashes_no_steam():
    temperatures = {}
    for medium in ("cooling_air", "cooling_water_top"):
        press = locked(quiet_press(start_c=100.0))
        press.set(**{medium: 1})
        press.step(60.0)
        temperatures[medium] = press.truth()["zone_2_temperature_c"]
        assert press.truth()["steam_flashes"] == (medium == "cooling_water_top")
    assert 85.0 < temperatures["cooling_air"] < 97.0
    assert temperatures["cooling_water_top"] < temperatures["cooling_air"] - 8.0


def test_no_water_supply_no_cooling():
    press = locked(quiet_press(start_c=100.0))
    press.set(cooling_water_top=1, cooling_water_bottom=1, water_supply_ok=0)
    press.step(60.0)
    assert press.truth()["zone_2_temperature_c"] > 98.0
    assert not press.digital_inputs()["water_flow_ok"]


@pytest.mark.parametrize(("mains_v", "power_ratio"), [(207.0, 0.81), (253.0, 1.21)])
def test_power_goes_with_the_square_of_the_mains(mains_v, power_ratio):
    press = quiet_press()
    press.set(mains_voltage_v=mains_v, **ALL_ON)
    press.step(0.2)
    assert press.truth()["heater_1_power_w"] == pytest.approx(1000.0 * power_ratio)
    assert press.reading("heater_1_current_a") == pytest.approx(mains_v / 52.9, abs=1e-3)


def test_open_daylight_isolates_the_stack_from_the_top_platen():
    press = quiet_press(start_c=22.0)
    press.set(contactor_top=1, heater_1_ssr=1, heater_2_ssr=1, heater_3_ssr=1)
    press.step(300.0)
    assert press.truth()["zone_2_temperature_c"] > 85.0
    assert press.truth()["stack_temperature_c"] < 27.0
    locked(press)
    press.step(60.0)
    assert press.truth()["stack_temperature_c"] > 40.0


def test_contact_conductance_saturates_at_the_reference_pressure():
    press = quiet_press()  # owns the memory that the address points to
    thermal = ffi.addressof(press._config.thermal)
    assert lib.plant_contact_w_per_k(thermal, 0.0) == pytest.approx(1.0)
    assert lib.plant_contact_w_per_k(thermal, 10.0) == pytest.approx(1.0 + 5.0 * 0.5**0.95)
    assert lib.plant_contact_w_per_k(thermal, 20.0) == pytest.approx(6.0)
    assert lib.plant_contact_w_per_k(thermal, 500.0) == pytest.approx(6.0)


def test_platens_are_symmetric_top_to_bottom_and_left_to_right(at_100_c):
    zones = [at_100_c.truth()[f"zone_{i}_temperature_c"] for i in range(1, 7)]
    assert zones[0] == pytest.approx(zones[2], abs=1e-9)
    assert zones[:3] == pytest.approx(zones[3:], abs=0.1)  # it was closed from above
    assert max(zones) - min(zones) < 0.2


def test_pump_heats_the_oil_and_the_tank_gives_it_to_the_room():
    press = quiet_press()
    press.set(pump=1)
    press.step(600.0)
    oil = press.machine.thermal
    rise_k = oil.oil_motor_w / oil.oil_loss_w_per_k
    lag = 1.0 - exp(-600.0 * oil.oil_loss_w_per_k / oil.oil_heat_capacity_j_per_k)
    assert press.truth()["oil_temperature_c"] == pytest.approx(22.0 + rise_k * lag, abs=0.05)
    assert PRESS.thermal.oil_temperature_c_max > 60.0
