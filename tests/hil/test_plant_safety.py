"""Hard-wired protection: it acts whatever the controller asks, and counts."""

import pytest
from plant_bench import SSRS, hold_temperature, locked, pressed, quiet_press

HEATING = dict.fromkeys((*SSRS, "contactor_top", "contactor_bottom"), 1)


@pytest.fixture
def heating():
    press = pressed(quiet_press(), 60.0)
    press.set(**HEATING)
    press.step(1.0)
    assert press.truth()["heater_1_power_w"] == 1000.0
    return press


@pytest.mark.parametrize(
    "cause",
    ["estop_a_ok", "estop_b_ok", "guard_a_closed", "guard_b_closed", "safety_relay_healthy"],
)
def test_estop_and_guard_take_the_heater_current_to_zero_within_0_1_s(heating, cause):
    heating.set(**{cause: 0})
    heating.step(0.05)
    assert all(heating.truth()[f"heater_{i}_power_w"] == 0.0 for i in range(1, 7))
    heating.step(0.05)
    assert all(heating.reading(f"heater_{i}_current_a") == 0.0 for i in range(1, 7))
    inputs = heating.digital_inputs()
    assert not inputs["safety_relay_ok"]
    assert not inputs["contactor_top_closed"]
    assert not inputs["pump_running"]
    assert heating.truth()["safety_relay_demands"] == 1.0


def test_guard_of_an_idle_press_is_no_demand():
    press = quiet_press()
    press.set(guard_a_closed=0)
    press.step(1.0)
    assert not press.digital_inputs()["safety_relay_ok"]
    press.set(guard_a_closed=1)
    press.step(1.0)
    assert press.digital_inputs()["safety_relay_ok"]
    assert press.truth()["hard_protection_demands"] == 0.0


def test_pressure_stays_behind_the_load_holding_valve_at_an_estop():
    press = locked(quiet_press(), 120.0)
    press.set(estop_a_ok=0)
    press.step(5.0)
    assert press.truth()["stack_pressure_mpa"] > 80.0


def test_contactors_take_30_ms_and_mirrors_tell():
    press = quiet_press()
    press.set(contactor_top=1)
    press.step(0.029)
    assert not press.digital_inputs()["contactor_top_closed"]
    press.step(0.002)
    assert press.digital_inputs()["contactor_top_closed"]
    assert not press.digital_inputs()["contactor_bottom_closed"]


def test_ssr_without_contactor_gives_no_heat():
    press = quiet_press()
    press.set(**dict.fromkeys(SSRS, 1), contactor_bottom=1)
    press.step(1.0)
    truth = press.truth()
    assert [truth[f"heater_{i}_power_w"] for i in range(1, 7)] == [0.0] * 3 + [1000.0] * 3


def test_ssrs_switch_at_half_cycles_only():
    press = quiet_press()
    press.set(contactor_top=1)
    press.step(0.103)
    press.set(heater_1_ssr=1)
    press.step(0.007)
    assert press.truth()["heater_1_power_w"] == 0.0
    press.step(0.001)
    assert press.truth()["heater_1_power_w"] == 1000.0


def test_welded_ssr_is_cut_by_the_limiter_below_117_c():
    press = locked(quiet_press(start_c=100.0))
    press.set(contactor_top=1, contactor_bottom=1)
    hold_temperature(press, 300.0, 100.0)
    press.set(heater_2_ssr_welded=1)
    peak_c = 0.0
    for _ in range(150):
        hold_temperature(press, 2.0, 100.0, hands_off=1)
        peak_c = max(peak_c, press.truth()["zone_2_temperature_c"])
    assert 115.0 < peak_c <= 117.0
    truth = press.truth()
    assert truth["limiter_demands"] == truth["hard_protection_demands"] == 1.0
    assert not press.digital_inputs()["limiter_ok"]
    assert truth["heater_2_power_w"] == 0.0


def test_limiter_latches_until_the_key_is_turned_below_its_reset():
    press = quiet_press(start_c=120.0)
    press.set(contactor_top=1, contactor_bottom=1)
    press.step(1.0)
    assert not press.digital_inputs()["limiter_ok"]
    press.set(limiter_reset=1)
    press.step(1.0)
    assert not press.digital_inputs()["limiter_ok"]  # still hot
    press.set(cooling_water_top=1, cooling_water_bottom=1)
    press.step(120.0)
    assert not press.digital_inputs()["limiter_ok"]  # cold, but no new edge
    press.set(limiter_reset=0)
    press.step(0.1)
    press.set(limiter_reset=1)
    press.step(0.1)
    assert press.digital_inputs()["limiter_ok"]
    assert press.truth()["limiter_demands"] == 1.0


def test_mains_loss_drops_everything_and_is_no_demand(heating):
    heating.set(mains_voltage_v=100.0)
    heating.step(0.1)
    inputs = heating.digital_inputs()
    assert not inputs["mains_ok"]
    assert not inputs["contactor_top_closed"]
    assert not inputs["pump_running"]
    assert heating.truth()["hard_protection_demands"] == 0.0
    heating.set(mains_voltage_v=230.0)
    heating.step(1.0)
    assert heating.truth()["heater_1_power_w"] == 1000.0  # the coils were never released


@pytest.mark.parametrize("switch", ["oil_level_ok", "oil_filter_ok"])
def test_oil_switches(switch):
    press = quiet_press()
    press.set(**{switch: 0})
    press.step(0.01)
    assert not press.digital_inputs()[switch]


def test_hot_oil_opens_its_switch():
    press = quiet_press(start_c=70.0)
    press.step(0.01)
    assert not press.digital_inputs()["oil_temperature_ok"]


def test_broken_heater_draws_less_and_open_ssr_none(heating):
    heating.set(heater_1_break_fraction=0.5, heater_2_ssr_open=1)
    heating.step(0.2)
    assert heating.reading("heater_1_current_a") == pytest.approx(500.0 / 230.0, abs=1e-3)
    assert heating.reading("heater_2_current_a") == 0.0
    assert heating.truth()["heater_1_power_w"] == pytest.approx(500.0)
