"""The fluid laws of the WIP equal their reference, and know what water does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import plain
from reference import isostatic as reference
from wip_case import good_config

from controller.kernel import ffi, lib

CONFIG = good_config()
PLAIN = plain(CONFIG.vessel)


V, D = ffi.addressof(CONFIG, "vessel"), ffi.addressof(CONFIG, "drive")
PRESSURE = st.floats(0.0, 650.0)
TEMPERATURE = st.floats(0.0, 130.0)
RATE = st.floats(0.05, 10.0)


@settings(max_examples=150, deadline=None)
@given(PRESSURE, TEMPERATURE)
def test_tables_equal_the_reference(pressure, temperature):
    assert lib.wip_heating_k_per_mpa(V, pressure, temperature) == reference.heating(
        PLAIN, pressure, temperature
    )
    assert lib.wip_stiffness_mpa(V, pressure) == reference.stiffness(PLAIN, pressure)
    assert lib.wip_isentropic_stiffness_mpa(V, pressure, temperature) == reference.isentropic(
        PLAIN, pressure, temperature
    )


@settings(max_examples=100, deadline=None)
@given(PRESSURE, TEMPERATURE, TEMPERATURE, TEMPERATURE, PRESSURE, RATE, TEMPERATURE)
def test_prediction_and_rate_equal_the_reference(start, fluid, wall, supply, to, rate, target):
    state = (start, fluid, wall, supply, to)
    assert lib.wip_peak_c(V, *state, rate) == reference.peak(PLAIN, *state, rate)
    assert lib.wip_rate_mpa_per_s(V, *state, rate, target) == reference.rate_chosen(
        PLAIN, *state, rate=rate, target=target
    )


@settings(max_examples=100, deadline=None)
@given(PRESSURE, st.floats(-50, 50), st.floats(-20, 20), st.floats(0, 100), st.floats(0.5, 2))
def test_leak_and_needle_equal_the_reference(pressure, rise, warming, delivered, gain):
    assert lib.wip_leak_mpa(V, pressure, rise, warming, delivered) == reference.leak(
        PLAIN, pressure, rise, warming, delivered
    )
    assert lib.wip_needle_fraction(D, delivered, pressure, gain) == reference.needle(
        CONFIG.drive.needle_flow_ml_per_s, delivered, pressure, gain
    )


@pytest.mark.parametrize(("start_c", "end_c"), [(25.0, 39.7), (60.0, 80.4), (80.0, 104.1)])
def test_the_isentrope_of_water_to_500_mpa(start_c, end_c):
    """Fast enough that the wall takes no part, and a supply as warm as the fluid: IAPWS-95."""
    peak_c = lib.wip_peak_c(V, 0.0, start_c, start_c, start_c, 500.0, 1e6)
    assert peak_c == pytest.approx(end_c, abs=0.4)


@given(st.floats(40.0, 100.0), st.floats(60.0, 95.0), RATE)
@settings(max_examples=100, deadline=None)
def test_the_wanted_fill_ends_on_the_target(wall, target, rate):
    wanted = lib.wip_wanted_c(V, wall, 65.0, 490.0, max(rate, 2.0), target)
    ends = lib.wip_peak_c(V, 0.0, wanted, wall, 65.0, 490.0, max(rate, 2.0))
    assert ends == pytest.approx(target, abs=0.05)


def test_a_kelvin_is_2_2_mpa_and_no_leak():
    assert lib.wip_leak_mpa(V, 490.0, -2.18, -1.0, 0.0) == pytest.approx(0.0, abs=0.02)
    assert lib.wip_leak_mpa(V, 490.0, -2.18, 0.0, 0.0) == pytest.approx(2.18)
