"""Own exp, log, pow and sine against libm, and the noise generator."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.physics import ffi, lib

ULP = 2.0**-52


@given(st.floats(min_value=-700.0, max_value=700.0))
def test_exp(x):
    assert lib.plant_exp(x) == pytest.approx(math.exp(x), rel=4 * ULP)


@given(st.floats(min_value=2.3e-308, max_value=1e308))
def test_log(x):
    assert lib.plant_log(x) == pytest.approx(math.log(x), rel=4 * ULP, abs=ULP)


@given(st.floats(min_value=1e-6, max_value=1e6), st.floats(min_value=-20.0, max_value=20.0))
def test_power(base, exponent):
    # The error of the logarithm is multiplied by the exponent.
    assert lib.plant_power(base, exponent) == pytest.approx(base**exponent, rel=400 * ULP)


@given(st.floats(min_value=-0.5, max_value=0.5))
def test_sine(cycle):
    assert lib.plant_sine_of_cycle(cycle) == pytest.approx(math.sin(math.tau * cycle), abs=1e-11)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, -0.0])
def test_nothing_comes_back_that_is_not_a_number(x):
    for result in (lib.plant_exp(x), lib.plant_log(x), lib.plant_power(x, 2.0)):
        assert math.isfinite(result)


def test_exact_points():
    assert lib.plant_exp(0.0) == 1.0
    assert lib.plant_log(1.0) == 0.0
    assert lib.plant_power(0.0, 0.95) == 0.0
    assert lib.plant_power(7.0, 0.0) == 1.0
    assert ffi.sizeof("plant_truth_t") % 8 == 0
