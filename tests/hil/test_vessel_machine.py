"""Intensifier, needle, mouth, lid, protection and cell of the WIP: what each does, and what it
does when it is broken or asked the wrong thing."""

import pytest
from vessel_bench import (
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

from hil.physics import lib


def test_filling_with_an_open_mouth_lets_the_air_out_and_a_shut_one_keeps_it():
    open_mouth = loaded_and_full(quiet_wip(start_temperature_c=65.0))
    assert open_mouth.truth()["air_ml"] == pytest.approx(WIP.body.air_trapped_ml, abs=0.01)
    assert open_mouth.truth()["liquid_kg"] == pytest.approx(3.39 * 0.98, rel=0.01)
    shut_mouth = quiet_wip(start_temperature_c=65.0)
    shut_mouth.set(yoke_close=1)
    shut_mouth.step(4.0)
    shut_mouth.set(fill_valve=1)
    shut_mouth.step(60.0)
    truth = shut_mouth.truth()
    assert truth["air_ml"] > 1000.0
    assert truth["vessel_pressure_mpa"] <= WIP.body.fill_mpa


def test_air_that_was_left_in_costs_strokes():
    strokes = []
    for fraction in (1.0, 0.95):
        wip = shut(wip_with(body={"fill_fraction_initial": fraction}))
        if fraction < 1.0:  # 170 mL of air, as a lid closed too early leaves it
            wip._state.fluid.air_m3 = 3.39e-3 * (1.0 - fraction)
        pump(wip, 1.0)
        until(wip, 100.0)
        strokes.append(wip.truth()["stroke_count"])
    assert strokes[1] >= strokes[0] + 3


def test_draining_needs_air_from_the_mouth():
    wip = loaded_and_full(quiet_wip(start_temperature_c=65.0))
    wip.set(drain_valve=1)
    wip.step(20.0)
    assert wip.truth()["liquid_kg"] > 3.0
    assert 0.0 < wip.truth()["vessel_pressure_mpa_absolute"] <= 0.1
    wip.set(vent_valve=1)
    wip.step(60.0)
    assert wip.truth()["liquid_kg"] < 0.1


def test_a_vessel_that_cools_shut_leaves_a_void_and_comes_back_where_it_was():
    wip = shut(wip_with(body=STEADY), 1.0, 80.0, 20.0)
    wip.step(1800.0)
    assert 0.0 < wip.truth()["vessel_pressure_mpa_absolute"] < 0.1
    wip._state.fluid.wall_c = 80.0
    wip.step(2400.0)
    assert pressure(wip) == pytest.approx(1.0, abs=1.5)


def test_a_reversal_gives_nothing_for_0_4_s_and_takes_half_a_millilitre():
    wip = shut(wip_with(body=STEADY), 300.0, 80.0, 80.0)
    pump(wip, 1.0)
    strokes = wip.truth()["stroke_count"]
    while wip.truth()["stroke_count"] == strokes:
        wip.step(0.001)
    at_end_mpa, silent_s = pressure(wip), 0.0
    while wip.truth()["intensifier_position_mm"] == WIP.intensifier.stroke_mm:
        wip.step(0.001)
        silent_s += 0.001
    assert silent_s == pytest.approx(0.4, abs=0.005)
    stiffness = lib.vessel_stiffness_mpa(wip._config, 300.0, 80.0)
    drop_mpa = at_end_mpa - pressure(wip)
    assert drop_mpa == pytest.approx(stiffness * 0.5 / 3390.0 * 1.07, rel=0.15)


def test_a_worn_check_valve_gives_back_more():
    found = []
    for worn in (1.0, 20.0):
        wip = shut(WIP, 300.0, 85.0, 80.0)
        wip.set(check_valve_backflow_ratio=worn)
        pump(wip, 1.0)
        wip.step(8.0)
        assert wip.truth()["stroke_count"] == 2.0
        found.append(pressure(wip))
    assert found[1] == pytest.approx(found[0] - 2 * 19 * 0.5 / 3390.0 * 4100.0, abs=8.0)


def test_oil_pressure_is_a_twentieth_plus_friction():
    wip = shut(WIP, 400.0, 85.0, 80.0)
    pump(wip, 0.5)
    while wip.truth()["fluid_inflow_ml_per_s"] == 0.0:
        wip.step(0.01)
    truth = wip.truth()
    expected_bar = 10.0 * truth["vessel_pressure_mpa"] / 20.0 * 1.05
    assert truth["intensifier_oil_pressure_bar"] == pytest.approx(expected_bar, rel=0.005)


def test_without_supply_water_the_piston_strokes_and_nothing_comes():
    wip = shut(WIP, 100.0, 80.0, 80.0)
    wip.set(water_supply_ok=0)
    pump(wip, 1.0)
    wip.step(4.0)  # the charge already taken
    before = wip.truth()
    wip.step(20.0)
    after = wip.truth()
    assert after["stroke_count"] >= before["stroke_count"] + 4
    assert after["delivered_ml"] == before["delivered_ml"]


def test_the_controller_may_shift_the_piston_itself():
    manual = shut(wip_with(intensifier={"self_reversing": False}), 0.0, 65.0, 80.0)
    pump(manual, 1.0)
    manual.step(10.0)
    stalled_mpa = pressure(manual)
    assert manual.truth()["intensifier_position_mm"] == WIP.intensifier.stroke_mm
    manual.step(5.0)
    assert pressure(manual) == pytest.approx(stalled_mpa, abs=1.0)
    manual.set(intensifier_direction=1)
    manual.step(3.0)
    assert pressure(manual) > stalled_mpa + 20.0


def test_the_oil_relief_stalls_the_pump_and_is_one_demand():
    wip = shut(wip_with(body=STEADY), 480.0, 85.0, 80.0)
    pump(wip, 1.0)
    wip.step(60.0)
    truth = wip.truth()
    assert truth["oil_relief_demands"] == truth["hard_protection_demands"] == 1.0
    assert truth["vessel_pressure_mpa"] == pytest.approx(543.0, abs=3.0)


def test_the_relief_holds_what_the_pump_can_give():
    wip = shut(wip_with(intensifier={"oil_relief_bar": 900.0}), 500.0, 85.0, 80.0)
    pump(wip, 1.0)
    wip.step(60.0)
    assert wip.truth()["relief_demands"] >= 1.0
    assert WIP.body.relief_crack_mpa <= wip.truth()["vessel_pressure_mpa"] < WIP.body.rupture_mpa


def test_a_weak_disc_bursts_once_and_the_vessel_is_empty_of_pressure_at_once():
    wip = shut(WIP, 350.0, 85.0, 80.0)
    wip.set(rupture_strength_ratio=0.5)
    wip.step(1.0)
    assert 0.0 <= pressure(wip) < 1.0
    assert wip.truth()["rupture_demands"] == 1.0
    assert not wip.digital_inputs()["rupture_disc_ok"]
    wip.set(rupture_disc_replaced=1)
    wip.step(0.1)
    assert wip.digital_inputs()["rupture_disc_ok"]


def test_the_lock_does_not_open_under_pressure_and_counts_who_asks():
    wip = shut(WIP, 10.0, 80.0, 80.0)
    wip.set(lid_unlock=1, yoke_close=0, lid_closed=0)
    wip.step(5.0)
    inputs = wip.digital_inputs()
    assert all(inputs[name] for name in ("lid_locked_a", "lid_locked_b", "yoke_in"))
    assert wip.truth()["lid_shut_count"] == 1.0
    assert wip.truth()["lid_lock_demands"] == 1.0


def test_without_pressure_the_lock_opens_on_request_and_counts_nothing():
    wip = shut(WIP, 0.0, 80.0, 80.0)
    wip.set(lid_unlock=1, vent_valve=1)
    wip.step(5.0)
    assert not wip.digital_inputs()["lid_locked_a"]
    assert not wip.digital_inputs()["yoke_in"]
    assert wip.truth()["hard_protection_demands"] == 0.0


@pytest.mark.parametrize("valve", ["vent_valve", "deair_valve"])
def test_valves_at_the_mouth_do_not_lift_against_pressure(valve):
    wip = shut(WIP, 100.0, 80.0, 80.0)
    wip.set(**{valve: 1})
    wip.step(1.0)
    assert pressure(wip) > 99.0
    assert not wip.digital_inputs()["vent_open"]


@pytest.mark.parametrize("missing", ["yoke_jammed", "lid_lock_jammed"])
def test_the_pump_does_not_start_without_yoke_and_lock(missing):
    wip = quiet_wip()
    wip.set(yoke_close=1, **{missing: 1})
    wip.step(5.0)
    wip.set(pump=1, pump_speed_fraction=1.0)
    wip.step(1.0)
    assert not wip.digital_inputs()["pump_running"]
    assert wip.truth()["pump_permissive_demands"] == 1.0


def test_estop_stops_pump_and_heater_and_keeps_pressure_and_lock():
    wip = shut(WIP, 200.0, 85.0, 80.0)
    wip.set(contactor_jacket=1, jacket_heater_ssr=1, decompression_valve=1)
    pump(wip, 1.0)
    wip.set(needle_open_fraction=0.3)
    wip.step(1.0)
    wip.set(estop_a_ok=0)
    wip.step(0.2)
    held_mpa = pressure(wip)
    truth = wip.truth()
    assert truth["jacket_current_a"] == 0.0
    assert truth["safety_relay_demands"] == 1.0
    assert not wip.digital_inputs()["pump_running"]
    wip.step(5.0)
    assert pressure(wip) == pytest.approx(held_mpa, abs=1.5)
    assert wip.digital_inputs()["lid_locked_a"]


def test_the_limiter_ends_a_welded_jacket_heater():
    wip = shut(WIP, 0.0, 60.0, 80.0)
    wip.set(contactor_jacket=1, jacket_ssr_welded=1)
    wip.step(1200.0)
    assert wip.truth()["limiter_demands"] == 1.0
    assert not wip.digital_inputs()["limiter_ok"]
    wip.set(limiter_reset=1)
    wip.step(0.1)
    assert wip.truth()["jacket_temperature_c"] < WIP.electrical.limiter_c + 1.0


def test_the_needle_takes_three_seconds_and_ignores_less_than_its_stiction():
    wip = quiet_wip()
    wip.set(needle_open_fraction=1.0)
    wip.step(2.9)
    assert wip.truth()["needle_open_fraction"] == pytest.approx(2.9 / 3.0, abs=0.002)
    wip.step(0.2)
    assert wip.truth()["needle_open_fraction"] == 1.0
    wip.set(needle_open_fraction=0.995)
    wip.step(1.0)
    assert wip.truth()["needle_open_fraction"] == 1.0
    wip.set(needle_open_fraction=0.98)
    wip.step(1.0)
    assert wip.truth()["needle_open_fraction"] == pytest.approx(0.98)


def test_needle_area_is_quadratic_and_a_worn_one_has_a_fifth_more():
    wip = quiet_wip()
    for fraction in (0.25, 0.5, 1.0):
        wip.set(needle_open_fraction=fraction, needle_erosion_fraction=0.0)
        wip.step(3.1)
        area_mm2 = wip.truth()["needle_area_mm2"]
        assert area_mm2 == pytest.approx(0.25 * 3.14159265 * 0.3**2 * fraction**2, rel=1e-6)
        wip.set(needle_erosion_fraction=0.2)
        assert wip.truth()["needle_area_mm2"] == pytest.approx(1.2 * area_mm2, rel=0.005)


def test_a_stuck_needle_and_a_stuck_line_stay_where_they_are():
    wip = shut(WIP, 300.0, 80.0, 80.0)
    release(wip, 0.15)
    wip.step(0.2)
    wip.set(needle_stuck=1, decompression_valve_stuck=1, needle_open_fraction=0.0)
    wip.set(decompression_valve=0)
    before_mpa = pressure(wip)
    wip.step(10.0)
    assert pressure(wip) < before_mpa - 50.0


# The cell.

FILM_D0, POWDER_D0 = 0.60, 0.50


def _cell(stack, pressure_mpa, temperature_c):
    wip = quiet_wip(wip_with(body={**STEADY, **LIMITLESS}).with_stack(stack))
    wip.preset(pressure_mpa=pressure_mpa, fluid_c=temperature_c, wall_c=temperature_c)
    return wip


def test_separator_film_at_490mpa_85c():
    wip = _cell({"density_ratio_initial": FILM_D0}, 490.0, 85.0)
    wip.step(300.0)
    assert wip.truth()["density_ratio"] == pytest.approx(0.945, abs=0.005)


def test_separator_powder_at_490mpa_85c_needs_a_minute():
    wip = _cell({"density_ratio_initial": POWDER_D0}, 490.0, 85.0)
    found = []
    for seconds in (1.0, 59.0, 240.0):
        wip.step(seconds)
        found.append(wip.truth()["density_ratio"])
    assert found == pytest.approx([0.852, 0.923, 0.932], abs=0.002)


def test_cathode_at_500mpa_85c_goes_far_beyond_the_dry_electrode_window():
    wip = _cell({}, 500.0, 85.0)
    wip.step(600.0)
    assert wip.truth()["layer_2_density_ratio"] == pytest.approx(0.958, abs=0.003)


def test_lps_glass_at_360mpa_25c():
    wip = _cell({}, 360.0, 25.0)
    wip.step(3600.0)
    assert wip.truth()["layer_3_density_ratio"] == pytest.approx(0.91, abs=0.01)


def test_separator_at_370mpa():
    """0.80 at 25 C needs ten minutes there (creep 576 s); 200 C is hot enough at once."""
    cold = _cell({"density_ratio_initial": POWDER_D0}, 370.0, 25.0)
    cold.step(600.0)
    assert cold.truth()["density_ratio"] == pytest.approx(0.80, abs=0.01)
    hot = _cell({"density_ratio_initial": POWDER_D0, "fluid_w_per_k": 0.0}, 370.0, 80.0)
    hot._state.workpiece.temperature_c = 200.0  # beyond what water allows
    hot.step(60.0)
    assert hot.truth()["density_ratio"] == pytest.approx(0.96, abs=0.006)


def test_springback_is_pressure_over_modulus():
    wip = _cell({}, 490.0, 85.0)
    wip.step(600.0)
    truth = wip.truth()
    relaxed_mm = truth["thickness_mm"] + truth["springback_mm"]
    assert truth["springback_mm"] / relaxed_mm == pytest.approx(490.0 / 10_000.0, rel=0.01)
    release(wip, 0.3)
    wip.step(200.0)
    assert wip.truth()["thickness_mm"] == pytest.approx(relaxed_mm, rel=1e-3)
    assert wip.truth()["springback_mm"] < 1e-4


def test_what_a_cold_film_does_not_bear_a_warm_one_does():
    cracked = []
    for start_c in (25.0, 75.0):
        wip = quiet_wip(start_temperature_c=start_c)
        wip.preset(pressure_mpa=0.0, fluid_c=start_c, wall_c=start_c)
        pump(wip, 0.6)
        until(wip, 490.0)
        cracked.append(wip.truth()["cracked_count"])
    assert cracked == [1.0, 0.0]


def test_gas_in_the_bag_tears_the_cell_on_a_fast_release_and_a_vacuum_saves_it():
    cracked = []
    for evacuated in (0, 1):
        wip = quiet_wip(start_temperature_c=80.0)
        wip.set(vacuum_pump=evacuated, vacuum_valve=evacuated)
        wip.step(120.0)
        assert (wip.truth()["bag_pressure_mbar"] <= 1.0) == bool(evacuated)
        wip.preset(pressure_mpa=30.0, fluid_c=80.0, wall_c=80.0)
        release(wip, 0.3)
        wip.step(20.0)
        cracked.append(wip.truth()["cracked_count"])
    assert cracked == [1.0, 0.0]


def test_lithium_shorts_where_another_cell_does_not():
    shorted = []
    for has_lithium in (False, True):
        wip = _cell({"has_lithium": has_lithium}, 100.0, 25.0)
        wip.step(1.0)
        shorted.append(wip.truth()["shorted_count"])
    assert shorted == [0.0, 1.0]


def test_a_burst_bag_drops_the_pressure_stops_densification_and_releases_h2s():
    wip = _cell({}, 490.0, 85.0)
    wip.step(1.0)
    before = wip.truth()
    wip.set(bag_leak_fraction=1.0)
    wip.step(1.0)
    after = wip.truth()
    assert before["vessel_pressure_mpa"] - after["vessel_pressure_mpa"] > 5.0
    assert after["stack_pressure_mpa"] == 0.0
    assert after["h2s_released_l"] == pytest.approx(0.8 * 0.456, rel=0.01)
    wip.step(300.0)
    assert wip.truth()["density_ratio"] == pytest.approx(after["density_ratio"], abs=1e-6)


def test_a_gram_of_hydrolysed_argyrodite_makes_16_percent_over_3_4_l_of_hot_water():
    assert lib.vessel_h2s_equilibrium_fraction(0.456, 3.4, 0.05) == pytest.approx(0.16, abs=0.01)


def test_the_purge_sensor_sees_a_leaked_bag_when_the_mouth_opens_and_air_clears_it():
    wip = _cell({}, 50.0, 80.0)
    wip.set(bag_leak_fraction=0.5)
    wip.step(5.0)
    assert wip.reading("h2s_purge_ppm") == pytest.approx(4.0, abs=0.01)
    release(wip, 0.3)
    wip.step(60.0)
    wip.set(vent_valve=1)
    wip.step(60.0)
    saturated_ma = wip.reading("h2s_purge_ppm")
    assert saturated_ma > 19.0
    wip.set(purge_valve=1, extract_max=1, vent_valve=0)
    wip.step(300.0)
    assert wip.reading("h2s_purge_ppm") < saturated_ma - 10.0


def test_a_leaking_bag_shows_in_the_rate_of_rise():
    wip = quiet_wip()
    wip.set(vacuum_pump=1, vacuum_valve=1)
    wip.step(120.0)
    wip.set(vacuum_valve=0)
    wip.step(60.0)
    assert wip.truth()["bag_pressure_mbar"] < 0.4
    wip.set(bag_leak_fraction=1e-5)
    begun_mbar = wip.truth()["bag_pressure_mbar"]
    wip.step(60.0)
    assert wip.truth()["bag_pressure_mbar"] - begun_mbar > 0.1
