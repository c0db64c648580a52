"""Validation: equal to its reference tick by tick, and every rule at, below and above its limit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import BAD, CHANNEL, GOOD, UNCERTAIN, Bench, plain
from reference.validate import Validator

from controller.kernel import lib

DUTY_LIMIT = 0.2
LOOPS = ("cylinder_a_pressure_bar", "cylinder_b_pressure_bar", "load_cell_force_kn")


# ---- the reference, with == ------------------------------------------------------------------

ages = st.sampled_from(
    [0.0, 0.0, 0.01, 0.2, math.nextafter(0.2, 1), 5.0, -1e-9, math.nan, math.inf]
)
raw_values = st.one_of(
    st.floats(15.0, 30.0),
    st.sampled_from([3.59, 3.6, 3.8, 4.0, 12.0, 20.5, 21.0, 21.1, -50.0, 300.0, 300.1]),
    st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308]),
)
disturbances = st.lists(
    st.tuples(
        st.integers(0, lib.PRESS_CHANNEL_COUNT - 1),
        raw_values,
        ages,
        st.sampled_from([1, 1, 1, 1, 0, 2]),
    ),
    max_size=3,
)
frames = st.tuples(
    disturbances,
    st.sampled_from([1, 1, 1, 1, 0]),  # ticks ahead: 0 repeats the frame
    st.sampled_from([1, 1, 1, 0, 2]),  # digital_ok
    st.sampled_from([1, 1, 1, 0]),  # readback_ok
    ages,
    st.integers(0, 2**32 - 1),
)


@st.composite
def configs(draw):
    """Changes to the good configuration: which channels are fitted, and how they are judged."""
    return {
        number: {
            "fitted": draw(st.sampled_from([1, 1, 1, 0, 2])),
            "kind": draw(st.sampled_from([0, 1, 2])),
            "filter_s": draw(st.sampled_from([0.0, 0.005, 0.02, 0.5])),
            "stuck_s_max": draw(st.sampled_from([0.03, 0.05, 60.0])),
            "stuck_band_channel_unit": draw(st.sampled_from([0.0, 0.005, 3.0])),
            "noise_channel_unit_max": draw(st.sampled_from([0.0, 0.5, 10.0])),
            "rate_channel_unit_per_s_max": draw(st.sampled_from([2.0, 4000.0])),
            "offset_channel_unit": draw(st.sampled_from([0.0, -1.5])),
        }
        for number in draw(st.lists(st.integers(0, 23), max_size=8, unique=True))
    }


@settings(max_examples=200, deadline=None)
@given(configs(), st.lists(frames, min_size=1, max_size=40), st.lists(st.floats(0, 1), min_size=6))
def test_equal_to_the_reference(changes, ticks, duty):
    bench = Bench()
    for number, fields in changes.items():
        for field, number_ in fields.items():
            setattr(bench.config.channel[number], field, number_)
    reference = Validator(plain(bench.config))
    for zone in range(6):
        bench.state.zone[zone].duty_fraction = duty[zone]
    for disturbed, ahead, digital_ok, readback_ok, digital_age_s, inputs in ticks:
        sensor = bench.sensor
        for number, raw, age_s, ok in disturbed:
            sensor.reading_channel_unit[number] = raw
            sensor.reading_age_s[number] = age_s
            sensor.reading_ok[number] = ok
        sensor.digital_ok, sensor.readback_ok = digital_ok, readback_ok
        sensor.digital_age_s, sensor.digital_input_bits = digital_age_s, inputs
        sensor.tick += ahead
        lib.press_validate(bench.config, bench.state, sensor, bench.seen)
        bench.state.observation = bench.seen[0]
        seen = plain(bench.seen)
        expected = reference.step(plain(sensor), duty)
        assert {name: getattr(seen, name) for name in expected} == expected
        assert bench.state.digital_stale_s == reference.digital_stale_s
        assert bench.state.reading_stale_s == reference.reading_stale_s
        assert all(math.isfinite(unit) for unit in seen.measurement_channel_unit)


# ---- range -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliampere", "quality", "reasons"),
    [
        (0.0, BAD, {"under_range"}),
        (math.nextafter(3.6, 0), BAD, {"under_range"}),
        (3.6, UNCERTAIN, {"saturated"}),
        (math.nextafter(3.8, 0), UNCERTAIN, {"saturated"}),
        (3.8, GOOD, set()),
        (20.5, GOOD, set()),
        (math.nextafter(20.5, 30), UNCERTAIN, {"saturated"}),
        (21.0, UNCERTAIN, {"saturated"}),
        (math.nextafter(21.0, 30), BAD, {"over_range"}),
        (-4.0, BAD, {"under_range"}),
    ],
)
@pytest.mark.parametrize("name", LOOPS)
def test_current_loop_is_judged_by_ne43(bench, name, milliampere, quality, reasons):
    bench.config.channel[CHANNEL[name]].noise_channel_unit_max = 1e5
    bench.config.limit.pressure_pair_bar_max = bench.config.limit.force_mismatch_fraction_max = 1e5
    bench.tick()
    bench.sensor.reading_channel_unit[CHANNEL[name]] = milliampere
    bench.observe()
    assert (bench.quality(name), bench.reasons(name)) == (quality, reasons)


@pytest.mark.parametrize(
    ("unit", "reason"),
    [(-50.0, None), (300.0, None), (-50.001, "under_range"), (300.001, "over_range")],
)
def test_direct_reading_outside_its_range_is_bad_and_not_clamped(bench, unit, reason):
    bench.config.channel[0].noise_channel_unit_max = 1e5
    bench.config.channel[0].filter_s = 0.0
    bench.tick()
    bench.put("zone_1_temperature_c", unit)
    bench.observe()
    assert bench.reasons("zone_1_temperature_c") == ({reason} if reason else set())
    assert bench.measurement("zone_1_temperature_c") == (22.0 if reason else unit)


def test_calibration_offset_is_added_after_scaling(bench):
    bench.config.channel[CHANNEL["load_cell_force_kn"]].offset_channel_unit = -3.0
    bench.put("load_cell_force_kn", 250.0)
    bench.observe()
    assert bench.measurement("load_cell_force_kn") == 247.0


# ---- default deny ----------------------------------------------------------------------------


def test_what_no_rule_knows_is_bad(bench):
    bench.config.channel[0].kind = 2
    bench.config.channel[1].fitted = 2
    bench.sensor.reading_ok[2] = 255
    bench.observe()
    assert bench.reasons("zone_1_temperature_c") == {"device"}
    assert bench.reasons("zone_2_temperature_c") == {"not_fitted"}
    assert bench.reasons("zone_3_temperature_c") == {"device"}
    assert [bench.seen.quality[i] for i in range(3)] == [BAD] * 3


@pytest.mark.parametrize("unit", [math.nan, math.inf, -math.inf])
def test_a_bad_channel_keeps_its_last_good_measurement(bench, unit):
    bench.put("zone_1_temperature_c", 25.0)
    bench.tick(2)
    bench.sensor.reading_channel_unit[0] = unit
    bench.observe()
    assert bench.measurement("zone_1_temperature_c") == 25.0
    assert bench.quality("zone_1_temperature_c") == BAD
    assert bench.reasons("zone_1_temperature_c") == {"non_finite"}


@pytest.mark.parametrize(
    ("age_s", "fresh"),
    [(0.0, True), (0.2, True), (math.nextafter(0.2, 1), False), (-1e-9, False), (math.nan, False)],
)
def test_age_beyond_its_limit_or_from_the_future_is_bad(bench, age_s, fresh):
    bench.sensor.reading_age_s[0] = age_s
    bench.observe()
    assert bench.reasons("zone_1_temperature_c") == (set() if fresh else {"age"})


def test_a_frame_that_is_not_newer_is_stale_and_its_inputs_are_not_taken(bench):
    bench.tick(5)
    bench.follow = False
    bench.sensor.digital_input_bits = 0
    bench.sensor.tick -= 1  # observe() adds one again: the same tick twice
    bench.observe()
    assert bench.reasons("zone_1_temperature_c") == {"age"}
    assert bench.seen.digital_input_bits == bench.inputs
    assert bench.seen.tick == 5


def test_digital_inputs_are_held_while_not_fresh_and_deny_before_the_first(bench):
    bench.sensor.digital_ok = 0
    bench.observe()
    assert bench.seen.digital_input_bits == 0
    bench.sensor.digital_ok = 1
    bench.observe()
    assert bench.seen.digital_input_bits == bench.inputs
    bench.sensor.digital_ok = 0
    bench.inputs = 0
    bench.observe()
    assert bench.seen.digital_input_bits != 0


# ---- rate ------------------------------------------------------------------------------------


def test_a_single_spike_is_ignored_and_a_trip_does_not_follow(armed):
    armed.put_pressure(100.0)
    armed.settle()
    before = armed.measurement("cylinder_a_pressure_bar")
    armed.put("cylinder_a_pressure_bar", 249.0)
    armed.tick()
    assert armed.measurement("cylinder_a_pressure_bar") == before
    assert armed.quality("cylinder_a_pressure_bar") == UNCERTAIN
    assert armed.reasons("cylinder_a_pressure_bar") == {"rate"}
    armed.put("cylinder_a_pressure_bar", 100.0)
    armed.tick(2)
    assert armed.quality("cylinder_a_pressure_bar") == GOOD
    assert armed.trips == set()


def test_a_step_of_noise_bound_plus_reach_is_the_largest_accepted(bench):
    step_k = 0.5 + 2.0 * 0.01
    for beyond, reasons in [(-1e-9, set()), (1e-9, {"rate"})]:
        fresh = Bench()
        fresh.tick(3)
        fresh.put("zone_1_temperature_c", 22.0 + step_k + beyond)
        fresh.observe()
        assert fresh.reasons("zone_1_temperature_c") == reasons


def test_five_implausible_samples_in_ten_seconds_are_bad_four_are_not(bench):
    bench.tick(2)
    for spike in range(5):
        bench.put("zone_1_temperature_c", 90.0)
        bench.tick()
        assert bench.quality("zone_1_temperature_c") == (BAD if spike == 4 else UNCERTAIN)
        bench.put("zone_1_temperature_c", 22.0)
        bench.tick(20)
        assert bench.quality("zone_1_temperature_c") == (BAD if spike == 4 else GOOD)
    first_to_fifth = 4 * 21
    bench.tick(1000 - first_to_fifth - 20)
    assert bench.quality("zone_1_temperature_c") == BAD
    bench.tick()
    assert bench.quality("zone_1_temperature_c") == GOOD


def test_four_in_ten_seconds_again_and_again_are_never_bad_but_six_a_minute_are_uncertain(bench):
    bench.tick(2)
    for spike in range(1, 10):
        bench.put("zone_1_temperature_c", 90.0)
        bench.tick()
        bench.put("zone_1_temperature_c", 22.0)
        bench.tick(250)
        assert bench.quality("zone_1_temperature_c") == (GOOD if spike < 6 else UNCERTAIN)
    assert bench.reasons("zone_1_temperature_c") == {"rate"}
    bench.tick(6000)
    assert bench.quality("zone_1_temperature_c") == GOOD


def test_a_ramp_above_the_limit_is_refused_one_at_the_limit_is_not(bench):
    for rate_k_per_s, refused in [(2.0, False), (6.0, True)]:
        fresh = Bench()
        fresh.tick(2)
        reasons = set()
        for tick in range(100):
            fresh.put("zone_1_temperature_c", 22.0 + rate_k_per_s * 0.01 * tick)
            fresh.observe()
            reasons |= fresh.reasons("zone_1_temperature_c")
        assert reasons == ({"rate"} if refused else set())


def test_a_sensor_that_returns_elsewhere_is_believed_when_the_process_could_be_there(bench):
    bench.tick(2)
    bench.sensor.reading_ok[0] = 0
    bench.tick(400)  # 4 s: 8 K and the noise bound
    bench.sensor.reading_ok[0] = 1
    bench.put("zone_1_temperature_c", 30.0)
    bench.tick()
    assert bench.quality("zone_1_temperature_c") == GOOD
    assert bench.measurement("zone_1_temperature_c") == 30.0  # not filtered over the silence


# ---- stuck -----------------------------------------------------------------------------------


def _stuck_after(bench, ticks):
    for tick in range(ticks):
        bench.observe()
        if bench.reasons("zone_1_temperature_c") == {"stuck"}:
            return tick + 1
    return None


def test_a_still_zone_is_not_accused_at_rest(bench):
    bench.config.channel[0].stuck_s_max = 1.0
    assert _stuck_after(bench, 300) is None


@pytest.mark.parametrize(("duty", "stuck"), [(DUTY_LIMIT, None), (0.21, 102)])
def test_a_heated_zone_that_stands_still_is_stuck(bench, duty, stuck):
    bench.config.channel[0].stuck_s_max = 1.0
    bench.state.zone[0].duty_fraction = duty
    assert _stuck_after(bench, 300) == stuck  # 2 ticks to begin, 100 of 10 ms


@pytest.mark.parametrize(("rise_k", "stuck"), [(0.99, False), (1.01, True)])
def test_a_zone_that_stands_still_while_its_neighbours_move_is_stuck(bench, rise_k, stuck):
    bench.config.channel[0].stuck_s_max = 1.0
    bench.tick(3)
    for zone in range(1, 6):
        bench.config.channel[zone].filter_s = 0.0
        bench.config.channel[zone].noise_channel_unit_max = 5.0
        bench.put(f"zone_{zone + 1}_temperature_c", 22.0 + rise_k)
    bench.tick(110)
    assert bench.reasons("zone_1_temperature_c") == ({"stuck"} if stuck else set())
    assert bench.quality("zone_2_temperature_c") == GOOD


def test_a_sensor_that_moves_again_is_no_longer_stuck(bench):
    bench.config.channel[0].stuck_s_max = 1.0
    bench.state.zone[0].duty_fraction = 1.0
    bench.tick(200)
    assert bench.quality("zone_1_temperature_c") == BAD
    bench.put("zone_1_temperature_c", 22.01)
    bench.observe()
    assert bench.quality("zone_1_temperature_c") == GOOD


# ---- pair ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gap_bar", "doubted"), [(7.4, False), (7.6, True)])
@pytest.mark.parametrize("higher", ["cylinder_a_pressure_bar", "cylinder_b_pressure_bar"])
def test_disagreeing_transducers_are_both_uncertain_and_the_higher_is_taken(
    bench, gap_bar, doubted, higher
):
    bench.put_pressure(10.0)
    bench.put(higher, 10.0 + gap_bar)
    bench.observe()
    assert bench.seen.cylinder_pressure_bar == pytest.approx(10.0 + gap_bar)
    for name in LOOPS[:2]:
        assert bench.reasons(name) == ({"pair"} if doubted else set())
        assert bench.quality(name) == (UNCERTAIN if doubted else GOOD)
    assert bench.seen.pressure_quality == (UNCERTAIN if doubted else GOOD)


def test_a_bad_transducer_contradicts_nobody_and_is_not_taken(bench):
    bench.put_pressure(100.0)
    bench.put("cylinder_b_pressure_bar", 150.0)
    bench.sensor.reading_ok[CHANNEL["cylinder_b_pressure_bar"]] = 0
    bench.observe()
    assert bench.reasons("cylinder_a_pressure_bar") == set()
    assert bench.seen.cylinder_pressure_bar == pytest.approx(100.0)
    assert bench.seen.pressure_quality == BAD


@pytest.mark.parametrize(
    ("factor", "doubted"), [(1.09, False), (1.12, True), (0.91, False), (0.88, True)]
)
def test_load_cell_is_compared_with_pressure_times_area(bench, factor, doubted):
    bench.put_pressure(124.0)
    bench.put("load_cell_force_kn", factor * (124.0 * 2.011 - 6.5))
    bench.observe()
    assert bench.reasons("load_cell_force_kn") == ({"pair"} if doubted else set())


@pytest.mark.parametrize(
    ("gap_kn", "doubted"), [(9.8, False), (10.2, True), (-9.8, False), (-10.2, True)]
)
def test_friction_and_class_do_not_shrink_with_the_force(bench, gap_kn, doubted):
    """At 70 kN of 500: as much is allowed as at a fifth of the range, 10 kN."""
    bench.put_pressure((70.0 + 6.5) / 2.011)
    bench.put("load_cell_force_kn", 70.0 - gap_kn)
    bench.observe()
    assert bench.reasons("load_cell_force_kn") == ({"pair"} if doubted else set())


def test_load_cell_is_not_compared_during_the_approach(bench):
    bench.put_pressure(0.0)
    bench.put("cylinder_a_pressure_bar", 30.0)
    bench.put("cylinder_b_pressure_bar", 30.0)
    bench.observe()
    assert bench.quality("load_cell_force_kn") == GOOD
