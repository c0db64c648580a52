"""Moisture and hydrogen sulfide in the chamber, against published and closed-form numbers."""

import math

import pytest
from chamber_bench import chamber_with, published, quiet
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.physics import lib

ATMOSPHERE_PA = 101_325.0


@pytest.mark.parametrize(
    ("frost_point_c", "water_ppm"),
    [
        (-80.0, 0.54), (-60.0, 10.7), (-50.0, 39.0), (-40.0, 127.0), (-30.0, 375.0),
        (-20.0, 1019.0), (0.0, 6032.0), (10.0, 12_100.0),
    ],
)  # fmt: skip
def test_saturation_over_ice_and_water(frost_point_c, water_ppm):
    found_ppm = 1e6 * lib.plant_saturation_pa(frost_point_c) / ATMOSPHERE_PA
    assert found_ppm == pytest.approx(water_ppm, rel=0.01)


@given(st.floats(min_value=-95.0, max_value=95.0))
def test_dew_point_is_the_inverse_of_saturation(dew_point_c):
    back_c = lib.plant_dew_point_c(lib.plant_saturation_pa(dew_point_c))
    assert back_c == pytest.approx(dew_point_c, abs=1e-6)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300])
def test_the_laws_of_water_are_finite_for_anything(number):
    assert math.isfinite(lib.plant_dew_point_c(number))
    assert math.isfinite(lib.plant_saturation_pa(number))


@pytest.mark.parametrize(
    ("dew_point_c", "h2s_ppm"),
    [(-60.0, 0.0166), (-40.0, 0.20), (-20.0, 1.6), (0.0, 9.5), (10.0, 19.0)],
)
def test_ten_grams_in_a_ventilated_room(dew_point_c, h2s_ppm):
    """10 g, 1 m3, 10 changes an hour: the published steady concentrations."""
    press = quiet(published(dew_point_c))
    press.set(purge_valve=1)
    press.step(2400.0)
    truth = press.truth()
    assert truth["h2s_ppm"] == pytest.approx(h2s_ppm, rel=0.05)
    assert truth["chamber_dew_point_c"] == pytest.approx(dew_point_c, abs=0.1)
    assert truth["chamber_pressure_mbar"] == pytest.approx(1013.25, abs=0.01)


def test_ten_minutes_without_ventilation():
    press = quiet(published(10.0))
    press.step(600.0)
    assert press.truth()["h2s_ppm"] == pytest.approx(32.0, rel=0.05)


def test_a_moist_supply_takes_the_room_from_harmless_to_alarm():
    """Dew point -40 -> 0 C: 0.2 -> 9.5 ppm, over the 5 ppm alarm on the way."""
    press = quiet(published(-40.0))
    press.set(purge_valve=1)
    press.step(2000.0)
    assert press.truth()["h2s_ppm"] == pytest.approx(0.2, rel=0.05)
    press.set(purge_dew_point_c=0.0)
    press.step(3000.0)
    assert press.truth()["h2s_ppm"] == pytest.approx(9.5, rel=0.05)


def test_half_an_hour_at_minus_forty_gives_a_tenth_of_a_cc_a_gram():
    """The measurement behind the rate constant."""
    press = quiet(published(-40.0))
    press.step(1800.0)
    assert press.truth()["h2s_released_cc"] / 10.0 == pytest.approx(0.1, rel=0.02)


def test_a_pressed_face_gives_off_its_share_and_loose_powder_all():
    released = {}
    for exposed in (0.05, 1.0):
        press = quiet(published(-20.0))
        press.set(sulfide_exposed_fraction=exposed)
        press.step(300.0)
        released[exposed] = press.truth()["h2s_released_cc"]
    assert released[0.05] == pytest.approx(0.05 * released[1.0], rel=1e-6)


def test_the_sulfide_is_used_up_in_the_end():
    press = quiet(published(10.0, hydrolysis_cc_per_g_min_ppm=0.1))
    press.step(60.0)
    assert press.truth()["h2s_released_cc"] == pytest.approx(4560.0)
    assert press.truth()["h2s_ppm"] == pytest.approx(4540.0, rel=0.01)  # less what it displaced


def test_extraction_clears_ten_times_faster_than_purging():
    machine = published(10.0, extract_l_per_min=100_000.0 / 60.0)
    left = {}
    for name in ("purge_valve", "extract_max"):
        press = quiet(machine)
        press.step(600.0)
        before_ppm = press.truth()["h2s_ppm"]
        press.set(sulfide_exposed_fraction=0.0, **{name: 1})
        press.step(36.0)
        left[name] = press.truth()["h2s_ppm"] / before_ppm
    assert left["purge_valve"] == pytest.approx(math.exp(-0.1), rel=0.01)
    assert left["extract_max"] == pytest.approx(math.exp(-1.0), rel=0.01)


def test_no_supply_no_purge():
    press = quiet(published(10.0))
    press.set(purge_valve=1, purge_supply_ok=0)
    press.step(600.0)
    assert press.truth()["h2s_ppm"] == pytest.approx(32.0, rel=0.05)
    assert not press.digital_inputs()["purge_flow_ok"]


def test_an_open_door_brings_the_hall_in():
    press = quiet(chamber_with())
    assert press.digital_inputs()["chamber_closed"]
    press.set(chamber_closed=0)
    press.step(60.0)
    truth = press.truth()
    assert truth["chamber_dew_point_c"] == pytest.approx(10.0, abs=0.2)
    assert truth["chamber_oxygen_ppm"] == pytest.approx(0.2095 * (1e6 - 12_100), rel=0.01)
    assert not press.digital_inputs()["chamber_closed"]


@settings(max_examples=25, deadline=None)
@given(
    dew_points_c=st.lists(st.floats(min_value=-90.0, max_value=20.0), min_size=1, max_size=4),
    switches=st.lists(st.integers(min_value=0, max_value=31), min_size=1, max_size=4),
    temperature_c=st.floats(min_value=0.0, max_value=150.0),
)
def test_gas_never_goes_negative_or_beyond_one_atmosphere(dew_points_c, switches, temperature_c):
    press = quiet(chamber_with(), start_c=temperature_c)
    outputs = ("vacuum_pump", "vacuum_valve", "purge_valve", "extract_max", "chamber_closed")
    for dew_point_c in dew_points_c:
        for bits in switches:
            press.set(
                purge_dew_point_c=dew_point_c,
                hall_dew_point_c=-dew_point_c / 3.0,
                **{name: bits >> i & 1 for i, name in enumerate(outputs)},
            )
            press.step(2.0)
            truth = press.truth()
            gases = ("chamber_pressure_mbar", "chamber_water_ppm", "chamber_oxygen_ppm", "h2s_ppm")
            assert all(math.isfinite(truth[name]) and truth[name] >= 0.0 for name in gases)
            assert truth["chamber_pressure_mbar"] <= 1013.25 + 1e-6
            assert 0.0 <= truth["moisture_g"] <= 3.0 + 1e-9
