"""Pump-down, drying and rate of rise, against closed forms."""

import math

import pytest
from chamber_bench import chamber_with, quiet

DRY = {"moisture_g": 0.0, "moisture_g_saturated": 0.0, "wall_outgas_mbar_l_per_s": 0.0}


def _evacuated(machine, seconds, start_c=None):
    press = quiet(machine, start_c)
    press.set(vacuum_pump=1, vacuum_valve=1)
    press.step(seconds)
    return press


def test_pump_down_is_exponential_in_volume_over_speed():
    """150 L at 4.5 L/s: a decade every 77 s, once the pump has run up."""
    press = _evacuated(chamber_with(leak_l_per_h=0.0, **DRY), 30.0)
    before_mbar = press.truth()["chamber_pressure_mbar"]
    press.step(76.75)
    assert press.truth()["chamber_pressure_mbar"] == pytest.approx(before_mbar / 10.0, rel=0.01)


def test_the_pump_ends_at_its_ultimate_pressure():
    press = _evacuated(chamber_with(leak_l_per_h=0.0, **DRY), 1500.0)
    assert press.truth()["chamber_pressure_mbar"] == pytest.approx(0.002, rel=0.02)


def test_rate_of_rise_is_leak_and_outgassing_over_volume():
    machine = chamber_with(leak_l_per_h=0.0036, **{**DRY, "wall_outgas_mbar_l_per_s": 0.002})
    press = _evacuated(machine, 1000.0)
    press.set(vacuum_valve=0)
    press.step(1.0)
    before_mbar = press.truth()["chamber_pressure_mbar"]
    press.step(60.0)
    rise_mbar = press.truth()["chamber_pressure_mbar"] - before_mbar
    assert rise_mbar == pytest.approx(60.0 * (1e-6 * 1013.25 + 0.002) / 150.0, rel=0.01)


def test_a_wet_stack_rises_and_a_dried_one_does_not():
    """The criterion for dry: valve shut, less than 0.01 mbar/min. Hot, it is met in time."""

    def rise_mbar_per_min(press):
        press.set(vacuum_valve=0)
        press.step(10.0)
        before_mbar = press.truth()["chamber_pressure_mbar"]
        press.step(30.0)
        press.set(vacuum_valve=1)
        return 2.0 * (press.truth()["chamber_pressure_mbar"] - before_mbar)

    press = _evacuated(chamber_with(), 600.0, start_c=80.0)
    assert rise_mbar_per_min(press) > 0.05
    press.step(3000.0)
    assert rise_mbar_per_min(press) < 0.01
    cold = _evacuated(chamber_with(), 3640.0, start_c=22.0)
    assert rise_mbar_per_min(cold) > 0.01


def test_drying_is_first_order_with_an_arrhenius_time():
    press = _evacuated(chamber_with(drying_activation_j_per_mol=40_000.0), 60.0, start_c=80.0)
    moisture_g, temperature_c = press.truth()["moisture_g"], press.truth()["stack_temperature_c"]
    press.step(60.0)
    time_s = 420.0 * math.exp(40_000.0 / 8.314462618 * (1 / (temperature_c + 273.15) - 1 / 353.15))
    expected_g = moisture_g * math.exp(-60.0 / time_s)
    assert press.truth()["moisture_g"] == pytest.approx(expected_g, rel=0.02)


def test_a_dry_stack_takes_up_moisture_in_moist_gas():
    press = quiet(chamber_with(moisture_g=0.0))
    press.set(chamber_closed=0)
    press.step(600.0)
    assert press.truth()["moisture_g"] > 0.05


def test_purge_gas_fills_the_chamber_again():
    press = _evacuated(chamber_with(leak_l_per_h=0.0, **DRY), 600.0)
    press.set(vacuum_valve=0, vacuum_pump=0, purge_valve=1)
    press.step(180.0)
    assert press.truth()["chamber_pressure_mbar"] == pytest.approx(506.6, rel=0.01)
    press.step(400.0)
    assert press.truth()["chamber_pressure_mbar"] == pytest.approx(1013.25, abs=0.01)
    assert press.truth()["chamber_dew_point_c"] == pytest.approx(-60.0, abs=0.1)


def test_a_leak_and_a_dead_pump_are_felt():
    press = _evacuated(chamber_with(**DRY), 600.0)
    assert press.digital_inputs()["vacuum_pump_running"]
    press.set(chamber_leak_l_per_h_added=3.6)
    press.step(300.0)
    # Throughput over speed: 1e-3 L/s of hall air at 4.5 L/s.
    assert press.truth()["chamber_pressure_mbar"] == pytest.approx(0.227, rel=0.02)
    press.set(vacuum_pump_healthy=0)
    press.step(60.0)
    assert not press.digital_inputs()["vacuum_pump_running"]
    assert press.truth()["chamber_pressure_mbar"] > 0.5


def test_the_vacuum_pump_stops_with_the_mains():
    press = _evacuated(chamber_with(**DRY), 100.0)
    press.set(mains_voltage_v=0.0)
    press.step(5.0)
    assert not press.digital_inputs()["vacuum_pump_running"]
