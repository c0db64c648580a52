"""The vessel's check numbers: pumping, holding, letting go; where heat, mass and work go."""

import msgspec
import pytest
from vessel_bench import (
    IDEAL_PUMP,
    INSULATED,
    LIMITLESS,
    STEADY,
    WIP,
    loaded_and_full,
    pressure,
    pump,
    quiet_wip,
    release,
    shut,
    until,
    wip_with,
)

from hil.physics import ffi, lib

IDEAL = wip_with(intensifier=IDEAL_PUMP, body={**STEADY, **LIMITLESS})


def _filled(machine, fluid_c=65.0, wall_c=80.0):
    """Full of water at `fluid_c`, the supply just as warm."""
    supplied = msgspec.structs.replace(machine, water_temperature_c=fluid_c)
    return shut(supplied, 0.0, fluid_c, wall_c)


@pytest.mark.parametrize(
    ("litres_per_min", "times_s"),
    [(0.25, (31, 79, 115)), (0.5, (16, 40, 57)), (1.0, (8, 20, 29))],
)
def test_time_to_100_300_500_mpa(litres_per_min, times_s):
    wip = _filled(IDEAL)
    pump(wip, litres_per_min)
    elapsed_s = 0.0
    for target_mpa, expected_s in zip((100.0, 300.0, 500.0), times_s, strict=True):
        elapsed_s += until(wip, target_mpa)
        assert elapsed_s == pytest.approx(expected_s, abs=1.0)
    truth = wip.truth()
    assert 86.8 <= truth["fluid_temperature_c"] <= 88.2
    assert truth["delivered_ml"] == pytest.approx(478.0, rel=0.01)


def test_a_quarter_litre_a_minute_reaches_500mpa_in_110_to_120s():
    wip = _filled(IDEAL)
    pump(wip, 0.25)
    assert 110.0 <= until(wip, 500.0) <= 120.0


def test_pressure_rises_faster_as_the_water_stiffens():
    wip = _filled(IDEAL)
    pump(wip, 0.25)
    until(wip, 2.0)
    assert wip.truth()["pressure_rate_mpa_per_s"] == pytest.approx(2.84, rel=0.02)
    until(wip, 500.0)
    assert wip.truth()["pressure_rate_mpa_per_s"] == pytest.approx(6.19, rel=0.02)


def test_adiabatic_pumping_from_80c_ends_24k_warmer():
    machine = wip_with(intensifier=IDEAL_PUMP, body={**INSULATED, **LIMITLESS})
    wip = _filled(machine, 80.0, 80.0)
    pump(wip, 0.25)
    until(wip, 500.0, step_s=0.01)
    assert wip.truth()["fluid_temperature_c"] - 80.0 == pytest.approx(24.0, abs=0.5)


def test_the_real_plunger_needs_ten_to_eleven_strokes_and_spends_13_percent_on_its_charge():
    wip = _filled(wip_with(body=STEADY))
    pump(wip, 0.5)
    until(wip, 500.0)
    assert wip.truth()["stroke_count"] + 1 == pytest.approx(11, abs=1)
    fresh = shut(wip_with(body=LIMITLESS, intensifier={"oil_relief_bar": 900.0}), 500.0, 88.0, 88.0)
    pump(fresh, 0.5)
    while fresh.truth()["fluid_inflow_ml_per_s"] == 0.0:
        fresh.step(0.002)
    spent = fresh.truth()["intensifier_position_mm"] / WIP.intensifier.stroke_mm
    assert spent == pytest.approx(0.13, abs=0.015)


def test_closed_hold_sags_only_by_cooling():
    """Published with a wall that stays at 80 C: 456 MPa after ten minutes."""
    wip = shut(wip_with(body=STEADY), 500.0, 104.0, 80.0)
    for minute, p_mpa, t_c in ((1, 491, 99.9), (2, 484, 96.6), (5, 469, 89.5), (10, 456, 83.8)):
        wip.step(minute * 60.0 - wip.time_s + 0.010)
        truth = wip.truth()
        assert truth["vessel_pressure_mpa"] == pytest.approx(p_mpa, abs=1.0)
        assert truth["fluid_temperature_c"] == pytest.approx(t_c, abs=0.3)


def test_closed_hold_with_the_real_wall_is_450_to_462_mpa_at_10_min():
    """66 kJ/K of steel warm by 3 K meanwhile, so the fluid sags less: 460.7 MPa."""
    wip = shut(wip_with(body={"jacket_heat_capacity_j_per_k": 1e9}), 500.0, 104.0, 80.0)
    wip.step(600.0)
    assert 450.0 <= pressure(wip) <= 462.0
    assert wip.truth()["wall_temperature_c"] == pytest.approx(83.1, abs=0.3)


@pytest.mark.parametrize(
    ("orifice_mm", "times_s"), [(0.15, (22, 49, 88, 103)), (0.10, (50, 110, 201, 238))]
)
def test_decompression_through_an_orifice(orifice_mm, times_s):
    wip = shut(wip_with(body=STEADY), 500.0, 85.0, 80.0)
    release(wip, orifice_mm)
    wip.step(0.1)
    begun_s, coldest_c = wip.time_s, 1000.0
    for target_mpa, expected_s in zip((250.0, 100.0, 10.0, 1.0), times_s, strict=True):
        while pressure(wip) > target_mpa:
            wip.step(0.1)
            coldest_c = min(coldest_c, wip.truth()["fluid_temperature_c"])
        assert wip.time_s - begun_s == pytest.approx(expected_s, rel=0.015, abs=0.5)
    assert coldest_c == pytest.approx({0.15: 66.0, 0.10: 68.0}[orifice_mm], abs=0.6)


@pytest.mark.parametrize(("orifice_mm", "mpa_per_s"), [(0.10, 6.7), (0.15, 15.0), (0.3, 60.0)])
def test_first_rate_of_decompression(orifice_mm, mpa_per_s):
    wip = shut(WIP, 500.0, 85.0, 80.0)
    release(wip, orifice_mm)
    wip.step(0.110)
    assert -wip.truth()["pressure_rate_mpa_per_s"] == pytest.approx(mpa_per_s, rel=0.02)


def test_decompression_of_0_15_mm_to_10mpa_takes_80_to_96s():
    wip = shut(wip_with(body=STEADY), 500.0, 85.0, 80.0)
    release(wip, 0.15)
    assert 80.0 <= until(wip, 10.0) <= 96.0


def test_the_jet_is_about_a_kilometre_per_second():
    assert shut(WIP, 500.0).truth()["jet_m_per_s"] == pytest.approx(1000.0, rel=0.1)


def test_one_kelvin_is_2_2_mpa_in_a_closed_vessel_at_500mpa():
    wip = shut(wip_with(body=STEADY), 500.0, 84.0, 90.0)
    wip.step(60.0)
    truth = wip.truth()
    per_kelvin = (truth["vessel_pressure_mpa"] - 500.0) / (truth["fluid_temperature_c"] - 84.0)
    assert per_kelvin == pytest.approx(2.19, rel=0.02)


def test_a_millilitre_a_minute_is_1_4_mpa_a_minute_at_500mpa():
    leaky, tight = (shut(wip_with(body=STEADY), 500.0, 80.0, 80.0) for _ in range(2))
    leaky.set(vessel_leak_ml_per_min=1.0)
    for wip in (leaky, tight):
        wip.step(60.0)
    assert pressure(tight) - pressure(leaky) == pytest.approx(1.4, rel=0.1)


def test_leak_is_told_from_cooling_by_temperature():
    """Compensated decay: the pressure that the fluid's temperature does not explain."""
    found = []
    for leak_ml_per_min in (0.0, 5.0):
        wip = shut(wip_with(body=STEADY), 490.0, 90.0, 80.0)
        wip.set(vessel_leak_ml_per_min=leak_ml_per_min)
        wip.step(120.0)
        truth = wip.truth()
        cooling_mpa = 2.18 * (truth["fluid_temperature_c"] - 90.0)
        found.append((490.0 - truth["vessel_pressure_mpa"] + cooling_mpa) / 2.0)
    assert abs(found[0]) < 0.2
    assert found[1] == pytest.approx(5 * 1.4, rel=0.1)


def test_stored_energy_is_29_kj_per_litre():
    """Work of the plunger = compressed water + strained wall (c_v V p^2 / 2 = 8 kJ)."""
    machine = wip_with(
        intensifier={"reversal_s": 0.0, "oil_relief_bar": 900.0}, body={**INSULATED, **LIMITLESS}
    )
    wip = _filled(machine, 65.0, 65.0)
    pump(wip, 0.5)
    until(wip, 500.0)
    wall_kj = 0.5 * 1.9e-11 * 3.39e-3 * 500e6**2 * 1e-3
    water_kj = wip.truth()["pump_work_j"] * 1e-3 - wall_kj
    assert water_kj / 3.39 == pytest.approx(29.0, rel=0.04)


def test_no_gram_is_lost_in_a_whole_cycle():
    wip = loaded_and_full(quiet_wip(start_temperature_c=65.0))
    pump(wip, 0.5)
    until(wip, 490.0)
    wip.set(pump=0)
    wip.step(60.0)
    release(wip, 0.15)
    until(wip, 0.5)
    truth = wip.truth()
    balance_kg = truth["liquid_in_kg"] - truth["liquid_out_kg"] - truth["liquid_kg"]
    assert abs(balance_kg) < 1e-3 * truth["liquid_kg"]


def test_no_joule_is_lost_in_jacket_and_wall():
    wip = shut(WIP, 300.0, 90.0, 40.0)
    wip.set(contactor_jacket=1, jacket_heater_ssr=1)
    wip.step(200.0)
    wip.set(jacket_heater_ssr=0)
    wip.step(400.0)
    truth = wip.truth()
    assert truth["heat_in_j"] == pytest.approx(3000.0 * 200.0, rel=1e-3)
    spent_j = truth["heat_lost_j"] + truth["heat_stored_j"] + truth["heat_to_fluid_j"]
    assert spent_j == pytest.approx(truth["heat_in_j"], rel=1e-9)


def test_heat_of_the_wall_is_inner_energy_of_the_fluid():
    """First law in a closed vessel: dU = m (c_p dT - T alpha/rho dp) with p dV = 0."""
    wip = shut(wip_with(body={**STEADY, "compliance_per_mpa": 1e-6}), 400.0, 60.0, 100.0)
    fluid = ffi.addressof(wip._config.fluid)
    inner_j, before = 0.0, wip.truth()
    for _ in range(600):
        wip.step(1.0)
        after = wip.truth()
        p = (before["vessel_pressure_mpa_absolute"] + after["vessel_pressure_mpa_absolute"]) / 2
        t = (before["fluid_temperature_c"] + after["fluid_temperature_c"]) / 2
        heat = lib.vessel_heat_capacity_mj_per_m3_k(fluid, p, t)
        alpha = lib.vessel_expansion_per_k(fluid, p, t)
        d_t = after["fluid_temperature_c"] - before["fluid_temperature_c"]
        d_p = after["vessel_pressure_mpa"] - before["vessel_pressure_mpa"]
        inner_j += 3.39e-3 * 1e6 * (heat * d_t - (t + 273.15) * alpha * d_p)
        before = after
    assert inner_j == pytest.approx(before["heat_to_fluid_j"], rel=0.005)


def test_a_blocked_in_vessel_that_is_heated_gains_13_mpa_per_10_k():
    wip = shut(wip_with(body=STEADY), 0.0, 78.0, 100.0)
    while wip.truth()["fluid_temperature_c"] < 88.0:
        wip.step(1.0)
    assert pressure(wip) == pytest.approx(13.0, rel=0.1)


def test_oil_heats_more_and_passes_its_pressure_on_late():
    machine = wip_with(
        fluid={"medium": "oil"}, intensifier=IDEAL_PUMP, body={**INSULATED, **LIMITLESS}
    )
    wip = _filled(machine, 60.0, 60.0)
    pump(wip, 0.5)
    until(wip, 250.0)
    near, far = (wip.reading(f"vessel_{x}_pressure_mpa") for x in "ab")
    assert near == far
    until(wip, 500.0)
    truth = wip.truth()
    assert 30.0 <= truth["fluid_temperature_c"] - 60.0 <= 40.0
    lag_mpa = (wip.reading("vessel_a_pressure_mpa") - wip.reading("vessel_b_pressure_mpa")) * 43.75
    assert 1.0 <= lag_mpa / truth["pressure_rate_mpa_per_s"] <= 2.0


def _proven_unlocked(wip):
    """Vent, drain, and open once the low-range gauge shows less than half a bar."""
    wip.set(decompression_valve=0, vent_valve=1, drain_valve=1, purge_valve=1)
    wip.step(60.0)
    assert (wip.reading("vessel_low_pressure_bar") - 4.0) / 1.6 - 1.0 < 0.5
    wip.set(lid_unlock=1, yoke_close=0)
    wip.step(5.0)
    wip.set(lid_closed=0)
    wip.step(0.1)
    return wip


def test_a_mono_cell_through_the_whole_machine():
    """Bag, fill at 65 C, lock, pump to 490 MPa, hold 300 s, let go, drain, open: by hand."""
    wip = quiet_wip(start_temperature_c=65.0)
    wip.set(vacuum_pump=1, vacuum_valve=1)
    wip.step(120.0)
    wip.set(vacuum_valve=0)
    wip.step(30.0)
    assert wip.truth()["bag_pressure_mbar"] <= 1.0
    wip.set(vacuum_pump=0, contactor_jacket=1, jacket_heater_ssr=1)
    loaded_and_full(wip)
    wip.step(60.0)
    wip.set(jacket_heater_ssr=0)
    pump(wip, 0.35)
    pumping_s = until(wip, 490.0)
    assert 80.0 < pumping_s < 240.0  # 2-4 min
    assert 82.0 < wip.truth()["fluid_temperature_c"] < 90.0
    wip.set(pump=0, pump_speed_fraction=0.0)
    wip.step(300.0)
    held = wip.truth()
    assert 450.0 < held["vessel_pressure_mpa"] < 490.0
    release(wip, 0.12)
    release_s = until(wip, 20.0)
    wip.set(needle_open_fraction=0.25)
    release_s += until(wip, 0.05)
    assert 90.0 < release_s < 400.0
    _proven_unlocked(wip)
    truth = wip.truth()
    assert truth["lid_shut_count"] == truth["lid_locked_count"] == 0.0
    assert truth["density_ratio"] == pytest.approx(0.94, abs=0.01)
    assert truth["cracked_count"] == truth["shorted_count"] == truth["h2s_released_l"] == 0.0
    assert truth["hard_protection_demands"] == 0.0
    assert truth["time_s"] < 30 * 60.0


def test_a_transducer_follows_a_ramp_20_ms_late():
    wip = _filled(IDEAL)
    pump(wip, 1.0)
    until(wip, 480.0)
    late_mpa = pressure(wip) - (wip.reading("vessel_a_pressure_mpa") - 4.0) * 43.75
    assert late_mpa / wip.truth()["pressure_rate_mpa_per_s"] == pytest.approx(0.020, abs=0.007)
