"""Broken parts of a press: each condition does what its name says, and only while it is set."""

import pytest
from plant_bench import close_daylight, locked, machine_with, pressed, quiet_press, unlimited


def _bar(press):
    return press.truth()["cylinder_pressure_bar"]


@pytest.mark.parametrize(("stuck", "asked", "falls"), [("shut", 1, False), ("open", 0, True)])
def test_a_stuck_dump_valve(stuck, asked, falls):
    press = locked(quiet_press(), 100.0)
    before_bar = _bar(press)
    press.set(dump_valve=asked, **{f"dump_valve_stuck_{stuck}": 1})
    press.step(3.0)
    assert (_bar(press) < 0.2 * before_bar) is falls


def test_a_load_holding_valve_that_does_not_shut_or_open():
    press = pressed(quiet_press(), 100.0)
    press.set(load_holding_stuck_open=1, load_holding_valve_open=0, pump=0, valve_open_fraction=0.0)
    press.step(10.0)
    assert _bar(press) < 10.0
    press = close_daylight(quiet_press())
    press.set(load_holding_stuck_shut=1, valve_open_fraction=0.5)
    press.step(5.0)
    assert _bar(press) < 15.0


def test_an_approach_valve_stuck_open_lets_the_pressure_go():
    press = locked(quiet_press(), 100.0)
    press.set(approach_valve_stuck_open=1)
    press.step(2.0)
    assert _bar(press) < 15.0


def test_a_jammed_spool_stays():
    press = pressed(quiet_press(), 100.0)
    press.set(valve_stuck=1, valve_open_fraction=0.0)
    before_bar = _bar(press)
    press.step(5.0)
    assert _bar(press) == pytest.approx(before_bar, rel=0.02)


def test_a_slow_valve_takes_its_factor():
    def settled_s(slowness):
        press = close_daylight(quiet_press())
        press.set(valve_slowness_ratio=slowness, valve_open_fraction=0.3)
        press.step(0.2)
        passed_s = 0.0
        while press.truth()["valve_spool_fraction"] < 0.2 and passed_s < 5.0:
            press.step(0.002)
            passed_s += 0.002
        return passed_s + 0.2

    assert settled_s(50.0) > 10.0 * 0.05


def test_a_wider_dead_band_swallows_a_small_command():
    press = close_daylight(quiet_press())
    press.set(valve_deadband_fraction_added=0.1, valve_open_fraction=0.11)
    press.step(3.0)
    assert press.truth()["valve_spool_fraction"] == pytest.approx(0.0, abs=1e-3)
    press.set(valve_deadband_fraction_added=0.0)
    press.step(3.0)
    assert press.truth()["valve_spool_fraction"] == pytest.approx(0.095, abs=1e-3)


def test_a_leaking_seal_loses_its_rate():
    sound, leaking = locked(quiet_press(), 100.0), locked(quiet_press(), 100.0)
    leaking.set(cylinder_leak_ml_per_min=1.0)
    for press in (sound, leaking):
        press.step(30.0)
    # 0.25 mL out of a cylinder, lines and frame of 1.64 mL per 10 bar.
    assert _bar(sound) - _bar(leaking) == pytest.approx(1.52, rel=0.1)


def test_air_in_the_oil_makes_pressing_slow():
    rates = []
    for air in (0.0, 0.05):
        press = close_daylight(quiet_press())
        press.set(oil_air_fraction_added=air, valve_open_fraction=0.5)
        press.step(1.0)
        rates.append(_bar(press))
    assert rates[1] < 0.8 * rates[0]


def test_a_worn_pump_delivers_less():
    press = close_daylight(quiet_press())
    press.set(pump_loss_fraction=1.0, valve_open_fraction=0.5)
    press.step(5.0)
    assert _bar(press) < 15.0


def test_a_relief_stuck_shut_lets_pressure_pass_its_crack():
    """The valve's own full scale set beyond the relief, as a wrong amplifier would."""
    found = {}
    for stuck in (0, 1):
        press = quiet_press(machine_with(hydraulic={"valve_full_scale_bar": 320.0}))
        press.set(relief_stuck_shut=stuck)
        found[stuck] = pressed(press, 310.0, settle_s=15.0).truth()
    assert found[0]["cylinder_pressure_bar"] < 285.0
    assert found[0]["relief_demands"] == 1.0
    assert found[1]["cylinder_pressure_bar"] > 300.0
    assert found[1]["relief_demands"] == 1.0  # it was asked all the same


def test_a_loose_frame_stretches_more():
    stiff = locked(quiet_press(), 100.0)
    loose = quiet_press()
    loose.set(frame_stiffness_ratio=0.5)
    loose = locked(loose, 100.0)
    positions = [press.reading("lvdt_1_position_mm") for press in (stiff, loose)]
    stretch_mm = stiff.truth()["force_kn"] / 500.0
    assert positions[1] - positions[0] == pytest.approx(stretch_mm, rel=0.1)


def test_a_heavier_tool_heats_slower_and_loses_no_joule():
    rises = []
    for mass in (1.0, 2.0):
        press = quiet_press(unlimited())
        press.set(platen_mass_ratio=mass)
        press.set(contactor_top=1, heater_1_ssr=1, heater_2_ssr=1, heater_3_ssr=1)
        press.step(200.0)
        truth = press.truth()
        rises.append(truth["zone_2_temperature_c"] - 22.0)
        balance_j = truth["energy_in_j"] - truth["energy_lost_j"] - truth["energy_stored_j"]
        assert abs(balance_j) < 1e-6 * truth["energy_in_j"]
    assert rises[1] == pytest.approx(0.5 * rises[0], rel=0.1)


def test_an_exotherm_heats_the_stack_and_is_counted_as_energy_in():
    press = quiet_press()
    press.set(exotherm_w=42.0)
    press.step(100.0)
    truth = press.truth()
    assert truth["stack_temperature_c"] > 30.0
    assert truth["energy_in_j"] == pytest.approx(4200.0)
    balance_j = truth["energy_in_j"] - truth["energy_lost_j"] - truth["energy_stored_j"]
    assert abs(balance_j) < 1e-6 * truth["energy_in_j"]


def test_blocked_water_is_not_seen_by_the_flow_switch():
    press = quiet_press(start_c=80.0)
    press.set(cooling_water_top=1, cooling_water_bottom=1, water_blocked=1)
    press.step(30.0)
    assert press.digital_inputs()["water_flow_ok"]
    assert press.truth()["zone_2_temperature_c"] > 79.0


def test_more_hysteresis_more_error():
    press = pressed(quiet_press(), 100.0)
    sound_bar = _bar(press)
    worn = quiet_press()
    worn.set(valve_hysteresis_fraction_added=0.06)
    assert _bar(pressed(worn, 100.0)) == pytest.approx(sound_bar - 7.5, abs=1.0)
