"""Peers after their own rules, fits of what was never seen, and who does not take part."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.bench.control.contestants import CONTESTANTS, Workshop
from tools.bench.control.laws import PREDICTIVE, HotpressPid, Programme
from tools.bench.control.peers import KilnWindowPid, KlipperPid, SimplePid, kiln_gains, relay_gains
from tools.bench.control.plants import LagPlant, Model, Sensor
from tools.bench.control.trial import Rig
from tools.bench.control.tuning import Gains, amigo, fit, simc, step_test

PLATEN = Model(250.0, 600.0, 15.0)
QUIET = (0.0, 0.0)


@given(
    st.floats(130, 400), st.floats(300, 900), st.floats(8, 25), st.sampled_from((0.0, 15.0, 30.0))
)
@settings(max_examples=6, deadline=None)
def test_a_step_test_finds_a_plant_never_seen(
    gain: float, slow_s: float, dead_s: float, lag_s: float
) -> None:
    model = Model(gain, slow_s, dead_s, lag_s)
    time_s, readings = step_test(lambda: LagPlant(model), [Sensor(5)], 100.0)
    found = fit(time_s, readings[0])
    assert found.gain_c == pytest.approx(gain, rel=0.03)
    assert found.time_constant_s == pytest.approx(slow_s, rel=0.05)
    assert found.dead_time_s + found.lag_s == pytest.approx(dead_s + lag_s, rel=0.1, abs=1.0)


def test_the_rules_give_their_papers_numbers() -> None:
    """First order, gain 1, time constant 10, dead time 1, as in the papers' examples."""
    model = Model(1.0, 10.0, 1.0)
    assert simc(model) == Gains(5.0, 8.0, 0.0)
    found = amigo(model)
    assert found.kp_per_c == pytest.approx(4.7)
    assert found.ti_s == pytest.approx(4.2)
    assert found.td_s == pytest.approx(0.5 * 10 / 10.3)


def test_simc_takes_a_large_second_lag_as_derivative() -> None:
    """Series form with ti 8, td 2: in standard form 10 and 1.6."""
    found = simc(Model(1.0, 20.0, 1.0, 2.0))
    assert (found.kp_per_c, found.ti_s, found.td_s) == pytest.approx((12.5, 10.0, 1.6))


def test_the_relay_gives_klippers_gains_and_its_period_is_too_long() -> None:
    """Performance of the real program on this plant: Tu twice too long (59 s is true)."""
    (gains,), took_s = relay_gains(lambda: LagPlant(PLATEN), [Sensor(0, *QUIET)], 100.0)
    period_s = 2.0 * gains.ti_s
    assert gains.td_s == pytest.approx(0.125 * period_s)
    assert 1.6 < period_s / 59.4 < 2.6
    half_c = 0.6 * 4.0 / (math.pi * gains.kp_per_c)
    assert 2.5 < half_c < 8.0  # the relay alone makes 2.5 K
    assert 600.0 < took_s < 2500.0


def test_klippers_integral_stands_while_the_output_is_at_its_limit() -> None:
    law = KlipperPid(Gains(0.1, 30.0, 5.0))
    law.begin(Programme(100.0), 25.0)
    for _ in range(1000):
        assert law.step(100.0, 25.0, 0.3) == 1.0
    assert law.step(100.0, 100.0, 0.3) < 0.1  # nothing wound up, the slope is negative


def test_the_kilns_clock_stands_outside_its_window() -> None:
    law = KilnWindowPid(Gains(5.0, 100.0, 20.0))
    law.begin(Programme(100.0, 0.1), 25.0)
    outputs = [law.step(50.0, 40.0, 0.5) for _ in range(4)]
    assert outputs[-1] == 1.0
    assert law.holding
    for _ in range(4):
        law.step(50.0, 49.0, 0.5)
    assert not law.holding


def test_the_kilns_tuner_draws_its_tangent_through_the_middle() -> None:
    """On a nearly straight curve: about the dead time and the span."""
    model = Model(2500.0, 20_000.0, 20.0)
    (gains,) = kiln_gains(lambda: LagPlant(model), [Sensor(0, *QUIET)], 100.0)
    assert gains.td_s == pytest.approx(20.0, abs=6.0)
    assert gains.ti_s == 4.0 * gains.td_s
    assert gains.kp_per_c * gains.td_s / 0.6 == pytest.approx(610.0, rel=0.05)


def test_simple_pid_is_the_package_with_its_limits() -> None:
    law = SimplePid(Gains(0.2, 100.0, 0.0), on_measurement=False)
    assert law.step(100.0, 20.0, 0.5) == 1.0
    assert law.step(100.0, 200.0, 0.5) == 0.0


@pytest.mark.parametrize("rate_c_per_min", [None, 5.0])
def test_hotpress_pid_arrives_and_stays(rate_c_per_min: float | None) -> None:
    rate = None if rate_c_per_min is None else rate_c_per_min / 60.0
    rig = Rig(LagPlant(PLATEN), [Sensor(1)], [HotpressPid(PLATEN)], 0.5)
    rig.begin(Programme(100.0, rate))
    course = rig.run(1600.0)
    assert course.settle_s() < 1100.0
    assert course.overshoot_k() < 0.5


def test_a_programme_is_a_step_or_a_ramp_in_either_direction() -> None:
    assert Programme(100.0).setpoint(25.0, 0.0) == 100.0
    assert Programme(100.0, 0.1).setpoint(25.0, 100.0) == 35.0
    assert Programme(20.0, 0.1).setpoint(25.0, 20.0) == 23.0
    assert Programme(100.0, 0.1).setpoint(25.0, 1e6) == 100.0


def test_what_the_kernel_does_not_have_says_so() -> None:
    predictive = next(c for c in CONTESTANTS if c.key == "hotpress")
    assert (predictive.tune is not None) == PREDICTIVE
    assert all(c.tune is not None for c in CONTESTANTS if c.key != "hotpress")


def test_every_sensor_of_a_shop_is_new() -> None:
    shop = Workshop(lambda: LagPlant(PLATEN), 100.0, 1, known=[PLATEN])
    one, other = shop.sensors()[0], shop.sensors()[0]
    assert [one(50.0) for _ in range(20)] != [other(50.0) for _ in range(20)]
