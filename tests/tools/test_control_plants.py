"""Plants of the control bench: exact, whatever the step; the press equals hil's to 0.05 K."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.plant import Plant
from tools.bench.control.plants import LagPlant, Model, Sensor
from tools.bench.control.zones import ZonePlant

models = st.builds(
    Model,
    gain_c=st.floats(50, 500),
    time_constant_s=st.floats(200, 2000),
    dead_time_s=st.floats(0, 40),
)


@given(models, st.sampled_from((0.1, 0.3, 0.5, 2.0)), st.floats(0, 1))
@settings(max_examples=30)
def test_a_step_response_is_the_formula_at_every_step(
    model: Model, dt_s: float, duty: float
) -> None:
    plant = LagPlant(model)
    for count in range(1, 400):
        found_c = plant.step(duty, dt_s)
        since_s = max(0.0, count * dt_s - model.dead_time_s)
        rise_c = duty * model.gain_c * (1 - math.exp(-since_s / model.time_constant_s))
        # The step in which the duty arrives is a mean: its error is second order in dt.
        assert found_c == pytest.approx(25.0 + rise_c, abs=2e-3 * model.gain_c * dt_s**2 / 100)


@given(st.floats(5, 60), st.floats(0, 30))
@settings(max_examples=10)
def test_a_second_lag_follows_its_formula(lag_s: float, dead_time_s: float) -> None:
    model = Model(250.0, 600.0, dead_time_s, lag_s)
    plant = LagPlant(model)
    found_c = [plant.step(1.0, 0.5) for _ in range(1200)]
    for count in (200, 600, 1200):
        since_s = 0.5 * count - dead_time_s
        slow, quick = math.exp(-since_s / 600.0), math.exp(-since_s / lag_s)
        rise_c = 250.0 * (1 - (600.0 * slow - lag_s * quick) / (600.0 - lag_s))
        assert found_c[count - 1] == pytest.approx(25.0 + rise_c, abs=0.02)


def test_the_step_may_change_while_heat_is_under_way() -> None:
    plant = LagPlant(Model(250.0, 600.0, 15.0))
    for _ in range(100):
        plant.step(1.0, 0.1)
    after_c = [plant.step(0.0, 0.5) for _ in range(200)]
    # Ten seconds of full power, whenever they arrive: 250 K (1 - e^(-10/600)), then falling.
    assert max(after_c) == pytest.approx(25.0 + 250.0 * (1 - math.exp(-10 / 600)), abs=0.25)
    assert after_c[8] == 25.0
    assert after_c[-1] < max(after_c)


def test_a_load_cools_at_once_and_a_duty_after_the_dead_time() -> None:
    plant = LagPlant(Model(250.0, 600.0, 15.0))
    plant.load_fraction = 0.1
    first_c = plant.step(1.0, 0.5)
    assert first_c == pytest.approx(25.0 - 25.0 * (1 - math.exp(-0.5 / 600)))


def test_the_network_of_the_press_is_the_press_of_hil() -> None:
    """Two programs of one physics, written apart: neither is the other's copy."""
    network, press = ZonePlant("press-500kN"), Plant.from_machine("press-500kN", noise=False)
    on = {f"heater_{zone}_ssr": True for zone in (1, 2, 3, 5)}
    press.set(contactor_top=True, contactor_bottom=True, **on)
    press.step(240.0)
    for _ in range(480):
        seen_c = network.step([1, 1, 1, 0, 1, 0], 0.5)
    for zone, zone_c in enumerate(seen_c, 1):
        assert zone_c == pytest.approx(press.reading(f"zone_{zone}_temperature_c"), abs=0.05)


def test_a_cold_stack_takes_heat_when_the_platens_close() -> None:
    plant = ZonePlant("press-500kN", stack_j_per_k=2000.0)
    for _ in range(600):
        plant.step([1.0] * 6, 0.5)
    before_c = plant.stack_c
    plant.close(20.0)
    closed_c = [plant.step([0.0] * 6, 0.5) for _ in range(240)]
    assert plant.stack_c > before_c + 20.0
    middle, edge = closed_c[-1][1], closed_c[-1][0]
    assert middle < edge  # the middle zones carry most of the contact


def test_a_weak_heater_leaves_its_zone_behind() -> None:
    plant = ZonePlant("press-500kN", weak={1: 0.5})
    for _ in range(400):
        zones_c = plant.step([1.0] * 6, 0.5)
    assert min(zones_c) == zones_c[1] < zones_c[4] - 5.0


def test_a_sensor_is_right_in_the_mean_and_has_its_resolution() -> None:
    sensor = Sensor(3, noise_c=0.05, resolution_c=0.1)
    read = [sensor(80.03) for _ in range(4000)]
    assert statistics.fmean(read) == pytest.approx(80.03, abs=0.01)
    assert all(abs(t * 10 - round(t * 10)) < 1e-9 for t in read)
    assert [Sensor(3)(20.0) for _ in range(3)] == [Sensor(3)(20.0) for _ in range(3)]
