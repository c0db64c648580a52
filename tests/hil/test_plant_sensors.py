"""Instruments: lag, dead time, bias within class, noise, resolution, NE43."""

from itertools import pairwise
from statistics import fmean, pstdev

import pytest
from plant_bench import ZONES, locked, machine_with, pressed, quiet_press

from hil import Plant
from hil.plant import READINGS

SEEDS = range(40)


def test_zone_reading_has_two_seconds_dead_time_and_four_seconds_lag():
    press = quiet_press()
    press._state.thermal.core_c[0] = 122.0  # a step of the truth
    press._config.thermal.core_lateral_w_per_k = 0.0
    press._config.zone[0].core_heat_capacity_j_per_k = 1e9
    press._state.thermal.core_k_s_per_j[0] = 0.0
    for seconds, share in ((1.9, 0.0), (6.0, 0.632), (10.0, 0.865), (40.0, 0.9999)):
        press.step(seconds - press.time_s)
        assert press.reading("zone_1_temperature_c") == pytest.approx(22.0 + 100.0 * share, abs=2.7)
        if seconds == 1.9:
            assert press.reading("zone_1_temperature_c") == 22.0


def test_quiet_instruments_say_the_truth_to_their_resolution():
    press = locked(quiet_press(start_c=60.0), 100.0)
    press.step(0.1)
    readings, truth = press.readings(), press.truth()
    assert readings["zone_1_temperature_c"] == pytest.approx(60.0, abs=0.1)
    loop_bar = (readings["cylinder_a_pressure_bar"] - 4.0) / 16.0 * 250.0
    assert loop_bar == pytest.approx(truth["cylinder_pressure_bar"], abs=0.01)
    wide_bar = (readings["cylinder_b_pressure_bar"] - 4.0) / 16.0 * 400.0
    assert wide_bar == pytest.approx(truth["cylinder_pressure_bar"], abs=0.02)
    load_kn = (readings["load_cell_force_kn"] - 4.0) / 16.0 * 500.0
    assert load_kn == pytest.approx(truth["force_kn"], abs=0.02)


@pytest.mark.parametrize("name", READINGS)
def test_every_reading_lies_on_the_counts_of_its_wire(name):
    press = Plant.from_machine("press-500kN", seed=5)
    press.step(1.0)
    counts_per_unit = press._config.sensor[READINGS.index(name)].counts_per_unit
    reading = press.reading(name)
    assert round(reading * counts_per_unit) / counts_per_unit == reading


def test_bias_is_seeded_and_within_class_a():
    biases = []
    for seed in SEEDS:
        press = Plant.from_machine("press-500kN", seed=seed, start_temperature_c=100.0)
        press._config.sensor[0].noise_channel_unit = 0.0
        press.step(0.2)
        biases.append(press.reading(ZONES[0]) - 100.0)
    assert max(abs(bias) for bias in biases) <= 0.35 + 0.015
    assert pstdev(biases) > 0.1
    assert len(set(biases)) > len(SEEDS) // 2


def test_noise_has_the_sigma_of_the_machine_file():
    press = Plant.from_machine("press-500kN", seed=11)
    samples = []
    for _ in range(4000):
        press.step(0.1)
        samples.append(press.reading("zone_3_temperature_c"))
    assert pstdev(samples) == pytest.approx(0.05, rel=0.1)
    middle = fmean(samples)
    assert max(abs(sample - middle) for sample in samples) < 0.05 * 5.0 + 0.01
    steps = [b - a for a, b in pairwise(samples)]
    assert pstdev(steps) == pytest.approx(0.05 * 2**0.5, rel=0.1)  # white


def test_a_conversion_holds_its_reading_until_the_next():
    press = Plant.from_machine("press-500kN", seed=3)
    press.step(0.1)
    seen = []
    for _ in range(30):
        press.step(0.01)
        seen.append(press.reading(ZONES[0]))
    changes = [i for i in range(1, 30) if seen[i] != seen[i - 1]]
    assert 2 <= len(changes) <= 3
    assert all(b - a == 10 for a, b in pairwise(changes))


def test_healthy_transmitters_stay_within_ne43():
    machine = machine_with(hydraulic={"valve_full_scale_bar": 400.0, "relief_crack_bar": 400.0})
    press = pressed(quiet_press(machine), 380.0, settle_s=10.0)
    assert press.truth()["cylinder_pressure_bar"] > 300.0
    assert press.reading("cylinder_a_pressure_bar") == 20.5
    assert 19.0 < press.reading("cylinder_b_pressure_bar") < 20.5
    empty = quiet_press()
    empty.step(0.1)
    assert empty.reading("load_cell_force_kn") == 4.0


def test_transducers_ripple_while_the_pump_runs_and_only_then():
    press = pressed(quiet_press(), 100.0)
    running = []
    for _ in range(100):
        press.step(0.01)
        running.append((press.reading("cylinder_a_pressure_bar") - 4.0) / 16.0 * 250.0)
    assert max(running) - min(running) == pytest.approx(0.6, rel=0.1)
    press.set(pump=0, load_holding_valve_open=0)
    press.step(0.2)
    resting = []
    for _ in range(100):
        press.step(0.01)
        resting.append((press.reading("cylinder_a_pressure_bar") - 4.0) / 16.0 * 250.0)
    assert max(resting) - min(resting) < 0.1


def test_current_transformers_follow_the_ssr_within_50_ms_and_never_read_negative():
    press = quiet_press()
    press.set(contactor_top=1)
    press.step(0.1)
    press.set(heater_1_ssr=1)
    press.step(0.02)
    assert 0.3 < press.reading("heater_1_current_a") < 4.0
    press.step(0.04)
    assert press.reading("heater_1_current_a") == pytest.approx(1000.0 / 230.0, abs=1e-3)
    noisy = Plant.from_machine("press-500kN", seed=2)
    for _ in range(200):
        noisy.step(0.01)
        assert noisy.reading("heater_6_current_a") >= 0.0


def test_lvdts_show_tilt_stretch_and_growth():
    cold = Plant.from_machine("press-500kN", seed=4)
    cold.step(0.1)
    corners = [cold.reading(f"lvdt_{i}_position_mm") for i in range(1, 5)]
    truth = cold.truth()
    distance_mm = truth["thickness_mm"] + truth["daylight_mm"]
    assert fmean(corners) == pytest.approx(distance_mm, abs=0.006)
    assert 0.0 < max(corners) - min(corners) < 0.05
    hot = quiet_press(start_c=100.0)
    hot.step(0.1)
    growth_mm = hot.reading("lvdt_1_position_mm") - quiet_press().reading("lvdt_1_position_mm")
    assert growth_mm == pytest.approx(0.0012 * 78.0, abs=1e-3)
