"""The computed bound: it is the formula where there is one, and nobody beats it."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.bench.control.bound import recovery, time_optimal
from tools.bench.control.plants import LagPlant, Model, Plant


@given(st.floats(150, 500), st.floats(300, 1500), st.floats(0, 60))
@settings(max_examples=8, deadline=None)
def test_of_a_first_order_it_is_the_logarithm(gain: float, slow_s: float, dead_s: float) -> None:
    model = Model(gain, slow_s, dead_s)
    bound = time_optimal(lambda: LagPlant(model), 100.0)
    assert bound.settle_s == pytest.approx(
        slow_s * math.log(gain / (gain - 74.5)) + dead_s, rel=2e-3
    )


def test_with_a_second_lag_the_power_is_cut_before_the_band() -> None:
    model = Model(250.0, 600.0, 5.0, 40.0)
    bound = time_optimal(lambda: LagPlant(model), 100.0)
    assert bound.switch_s[0] < bound.settle_s - 20.0


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_no_switching_gets_there_sooner_and_stays(early: list[bool], seed: int) -> None:
    """Random duties until the bound and none after: in the band before it, above it later."""
    model = Model(250.0, 600.0, 15.0, 20.0)
    bound = time_optimal(lambda: LagPlant(model), 100.0)
    plant, draw, time_s, reached_s, peak_c = LagPlant(model), random.Random(seed), 0.0, 1e9, 0.0
    while time_s < bound.settle_s + 100.0:
        segment = int(6 * time_s / bound.settle_s)
        full = segment < 6 and (early[segment] or draw.random() < 0.97)
        now_c = plant.step(1.0 if full else 0.0, 0.5)
        time_s += 0.5
        peak_c = max(peak_c, now_c)
        if now_c >= 99.5:
            reached_s = min(reached_s, time_s)
    assert reached_s >= bound.settle_s - 0.5 or peak_c > 100.5 - 0.05


class Kettle:
    """No dead time and no loss: it never falls back."""

    def __init__(self) -> None:
        self.temperature_c = 20.0

    def step(self, duty: float, dt_s: float) -> float:
        self.temperature_c += 0.2 * duty * dt_s
        return self.temperature_c


def test_a_plant_without_loss_has_one_too() -> None:
    assert time_optimal(Kettle, 60.0).settle_s == pytest.approx(39.5 / 0.2, rel=1e-3)


def test_a_target_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="full power does not reach"):
        time_optimal(lambda: LagPlant(Model(50.0, 300.0, 5.0)), 100.0)


class Pair:
    """Two zones, one of them twice as slow; they touch."""

    def __init__(self) -> None:
        self.zones_c = [20.0, 20.0]

    def step(self, duty: list[float], dt_s: float) -> list[float]:
        one, other = self.zones_c
        across = 0.002 * (one - other)
        one += dt_s * (0.4 * duty[0] - 0.002 * (one - 20.0) - across)
        other += dt_s * (0.2 * duty[1] - 0.001 * (other - 20.0) + across)
        self.zones_c = [one, other]
        return self.zones_c


def test_of_zones_it_is_the_slowest_with_everybody_helping() -> None:
    bound = time_optimal(Pair, 80.0, zones=2)
    plant, time_s = Pair(), 0.0
    while min(now_c := plant.step([1.0, 1.0], 0.5)) < 79.5:
        time_s += 0.5
    assert time_s <= bound.settle_s + 1.0  # full power everywhere is sooner, but too much
    assert max(now_c) > 80.5
    courses_c = _course(bound.switch_s)
    assert (
        max(max(pair) for pair in courses_c) <= 80.7
    )  # the course's switches are rounded to half a second


def _course(switch_s: tuple[float, ...]) -> list[list[float]]:
    plant, course = Pair(), list[list[float]]()
    for step in range(2000):
        duty = [float(0.5 * step < s) for s in switch_s]
        course.append(list(plant.step(duty, 0.5)))
    return course


def test_a_load_dips_for_one_dead_time() -> None:
    """A sink at the plate is seen at once, what is done against it arrives a dead time later."""
    model = Model(250.0, 600.0, 15.0)
    plant = LagPlant(model)
    for _ in range(20_000):
        plant.step(0.3, 0.5)

    def sink(hit: Plant) -> float:
        hit.load_fraction = 0.1  # type: ignore[attr-defined]
        return 1.0

    least = recovery(plant, sink, [0.3], 100.0)
    assert least.peak_k == pytest.approx(25.0 * (1 - math.exp(-15.5 / 600)), abs=0.02)
    assert least.recovery_s == pytest.approx(15.5, abs=1.0)
    assert plant.load_fraction == 0.0  # tried on a copy
