"""The PID: equal to its Python reference, bumpless, no windup, never a non-finite output."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import pid as reference

from controller.kernel import ffi, lib

GAINS = reference.Gains(0.17, 95.0, 6.0, 3.0, 1.0, 24.0, 0.0, 1.0)

times = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
gain_sets = st.builds(
    reference.Gains,
    kp_per_unit=st.floats(-10.0, 10.0),
    ti_s=times,
    td_s=times,
    filter_s=times,
    setpoint_weight_ratio=st.floats(0.0, 1.0),
    tracking_s=times,
    output_fraction_min=st.floats(-1.0, 0.0),
    output_fraction_max=st.floats(0.0, 1.0),
)
# Everything a double can be, and often where it hurts.
wild = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]),
)
finite = st.floats(allow_nan=False, allow_infinity=False)


class Kernel:
    """The C law behind the reference's face."""

    def __init__(self, gains):
        names = reference.Gains.__dataclass_fields__
        self._config = ffi.new(
            "press_pid_config_t *", {name: getattr(gains, name) for name in names}
        )
        self.state = ffi.new("press_pid_t *")

    def step(self, *inputs):
        return lib.press_pid_step(self._config, self.state, *inputs)


def same(ours, theirs):
    return (ours.integral_fraction, ours.derivative_fraction, ours.output_fraction) == (
        theirs.integral,
        theirs.derivative,
        theirs.output,
    ) and bool(ours.primed) == theirs.primed


@given(gain_sets, st.integers(0, 2**32))
@settings(max_examples=250, deadline=None)
def test_equals_the_reference_over_long_runs(gains, seed):
    """400 steps an example: 100,000 in all."""
    rng = random.Random(seed)
    kernel, model = Kernel(gains), reference.Pid()
    for _ in range(400):
        if rng.random() < 0.01:
            kernel.state.primed = model.primed = False
        inputs = (
            rng.uniform(-200, 200),
            rng.uniform(-200, 200),
            rng.uniform(-1, 1),
            rng.uniform(-1, 1),
            rng.choice([0.0, 0.01, 0.5, 5.0]),
        )
        assert kernel.step(*inputs) == model.step(gains, *inputs)
        assert same(kernel.state, model)


@given(gain_sets, st.lists(st.tuples(wild, wild, wild, wild, wild), max_size=8))
@settings(max_examples=500, deadline=None)
def test_equals_the_reference_on_anything_a_double_can_be(gains, steps):
    kernel, model = Kernel(gains), reference.Pid()
    for inputs in steps:
        output = kernel.step(*inputs)
        assert output == model.step(gains, *inputs)
        assert gains.output_fraction_min <= output <= gains.output_fraction_max
        assert same(kernel.state, model)


@given(st.lists(finite, min_size=8, max_size=8), st.lists(finite, min_size=5, max_size=5))
@settings(max_examples=500, deadline=None)
def test_no_finite_input_or_gain_makes_a_non_finite_state(numbers, inputs):
    low, high = sorted(numbers[6:])
    kernel = Kernel(reference.Gains(*numbers[:6], low, high))
    for _ in range(3):
        assert math.isfinite(kernel.step(*inputs))
        assert math.isfinite(kernel.state.integral_fraction)
        assert math.isfinite(kernel.state.derivative_fraction)
        assert math.isfinite(kernel.state.output_fraction)


@pytest.mark.parametrize("lost", range(5))
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_lost_input_gives_the_least_output_and_a_bumpless_return(lost, number):
    kernel = Kernel(GAINS)
    good = [50.0, 48.0, 0.1, 0.4, 0.5]
    for _ in range(10):
        kernel.step(*good)
    inputs = list(good)
    inputs[lost] = number
    assert kernel.step(*inputs) == 0.0
    assert not kernel.state.primed
    assert kernel.step(50.0, 48.0, 0.1, 0.25, 0.5) == pytest.approx(0.25, abs=1e-15)


@given(st.floats(0.0, 1.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.floats(0.0, 1.0))
def test_takes_over_without_a_bump(achieved, setpoint, measurement, feed_forward):
    kernel = Kernel(GAINS)
    inputs = (setpoint, measurement, feed_forward)
    first = kernel.step(*inputs, achieved, 0.5)
    assert first == pytest.approx(achieved, abs=1e-12)
    second = kernel.step(*inputs, first, 0.5)
    integrated = GAINS.kp_per_unit * 0.5 / GAINS.ti_s * (setpoint - measurement)
    assert second == pytest.approx(min(max(achieved + integrated, 0.0), 1.0), abs=1e-9)


def test_does_not_wind_up_against_an_actuator_that_does_not_obey():
    kernel = Kernel(GAINS)
    for _ in range(2000):  # 1000 s of 5 K error with the heater held off
        kernel.step(55.0, 50.0, 0.0, 0.0, 0.5)
    # What is left above the held output is the equilibrium of integration and tracking.
    leash = GAINS.kp_per_unit * 5.0 * GAINS.tracking_s / GAINS.ti_s
    assert kernel.state.output_fraction == pytest.approx(leash, rel=1e-3)
    assert kernel.step(50.0, 55.0, 0.0, 0.0, 0.5) == 0.0


def test_a_setpoint_step_does_not_kick_the_derivative():
    kernel = Kernel(GAINS)
    before = kernel.step(50.0, 50.0, 0.0, 0.2, 0.5)
    after = kernel.step(52.0, 50.0, 0.0, before, 0.5)
    integrated = GAINS.kp_per_unit * 0.5 / GAINS.ti_s * 2.0
    assert after - before == pytest.approx(GAINS.kp_per_unit * 2.0 + integrated, abs=1e-12)
    assert kernel.state.derivative_fraction == 0.0


def test_the_derivative_brakes_a_rising_measurement_through_its_filter():
    kernel = Kernel(GAINS)
    kernel.step(50.0, 40.0, 0.0, 0.5, 0.5)
    for k in range(200):  # 0.1 K/s for 100 s
        kernel.step(50.0, 40.0 + 0.05 * (k + 1), 0.0, kernel.state.output_fraction, 0.5)
    expected = GAINS.kp_per_unit * GAINS.td_s * 0.1
    assert kernel.state.derivative_fraction == pytest.approx(expected, rel=1e-6)
