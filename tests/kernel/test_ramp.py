"""The setpoint ramp: time-optimal, inside its limits, exactly on the target."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ramp as reference

from controller.kernel import ffi, lib

positions = st.floats(-200.0, 200.0)
magnitudes = st.floats(-2.0, 2.0).map(lambda exponent: 10.0**exponent)


@st.composite
def moves(draw, moving=True):
    """(start, target, limits) with a start that can stay inside the velocity limit."""
    limits = reference.Limits(draw(magnitudes), draw(magnitudes), draw(magnitudes))
    velocity = acceleration = 0.0
    if moving:
        acceleration = draw(st.floats(-1.0, 1.0)) * limits.acceleration
        gain = acceleration * abs(acceleration) / (2 * limits.jerk)
        low, high = max(-limits.velocity - gain, -limits.velocity), limits.velocity
        high = min(limits.velocity - gain, high)
        acceleration = acceleration if low <= high else 0.0
        velocity = low + draw(st.floats(0.0, 1.0)) * (high - low) if low <= high else 0.0
    return reference.Point(draw(positions), velocity, acceleration), draw(positions), limits


NO_LIMITS = reference.Limits(0.0, 0.0, 0.0)


def ramp_at(point, limits=NO_LIMITS):
    ramp = ffi.new("press_ramp_t *")
    ramp.position_unit = ramp.start_position_unit = ramp.target_unit = point.position
    ramp.velocity_unit_per_s = point.velocity
    ramp.acceleration_unit_per_s2 = point.acceleration
    ramp.velocity_unit_per_s_max = limits.velocity
    ramp.acceleration_unit_per_s2_max = limits.acceleration
    ramp.jerk_unit_per_s3_max = limits.jerk
    return ramp


def planned(start, target, limits):
    ramp = ramp_at(start)
    status = lib.press_ramp_plan(ramp, target, limits.velocity, limits.acceleration, limits.jerk)
    assert status == lib.PRESS_RAMP_OK
    return ramp


def segments_of(ramp):
    return [
        (ramp.segment[i].duration_s, ramp.segment[i].jerk_unit_per_s3)
        for i in range(ramp.segment_count)
    ]


def trail(ramp, steps):
    """States of a ramp stepped to its end in about so many steps."""
    step_s = max(ramp.duration_s / steps, 1e-9)
    points = []
    for _ in range(steps + 2):
        lib.press_ramp_step(ramp, step_s)
        points.append(
            reference.Point(
                ramp.position_unit, ramp.velocity_unit_per_s, ramp.acceleration_unit_per_s2
            )
        )
    return points


@given(moves())
@settings(max_examples=300, deadline=None)
def test_duration_is_that_of_the_slow_planner(move):
    start, target, limits = move
    expected = reference.duration_of(reference.plan(start, target, limits))
    # A target within rounding of the natural stop is ill-conditioned like a root of that rounding.
    rounding = 4e-16 * (abs(target) + abs(start.position) + limits.velocity * expected)
    slack = 1e-12 + (rounding / limits.jerk) ** (1 / 3) + (rounding / limits.acceleration) ** 0.5
    assert planned(start, target, limits).duration_s == pytest.approx(expected, rel=1e-9, abs=slack)


@given(moves(), st.integers(2, 80))
@settings(max_examples=300, deadline=None)
def test_lands_exactly_on_the_target_and_never_leaves_the_limits(move, steps):
    start, target, limits = move
    points = trail(planned(start, target, limits), steps)
    assert points[-1] == reference.Point(target, 0.0, 0.0)
    for point in points:
        assert abs(point.velocity) <= limits.velocity * (1 + 1e-9)
        assert abs(point.acceleration) <= limits.acceleration * (1 + 1e-9)


@given(moves())
@settings(max_examples=200, deadline=None)
def test_jerk_is_the_limit_or_nothing_and_adds_up_to_the_move(move):
    start, target, limits = move
    ramp = planned(start, target, limits)
    segments = segments_of(ramp)
    assert {abs(jerk) for _, jerk in segments} <= {0.0, limits.jerk}
    assert all(duration > 0.0 for duration, _ in segments)
    end = reference.at(start, segments, math.inf)
    size = abs(start.position) + abs(target) + limits.velocity * ramp.duration_s
    # A rounding of the velocity reached is multiplied by the whole cruise, some 1e3 s.
    assert end.position == pytest.approx(target, abs=1e-11 * size + 1e-12)
    assert end.velocity == pytest.approx(0.0, abs=1e-11 * limits.velocity)
    assert end.acceleration == pytest.approx(0.0, abs=1e-11 * limits.acceleration)


@given(moves(moving=False), st.integers(2, 200))
@settings(max_examples=200, deadline=None)
def test_from_rest_the_setpoint_never_turns_back(move, steps):
    start, target, limits = move
    sense = 1.0 if target >= start.position else -1.0
    positions_seen = [sense * p.position for p in trail(planned(start, target, limits), steps)]
    slack = 1e-13 * (abs(start.position) + abs(target))
    assert all(after >= before - slack for before, after in pairwise(positions_seen))
    assert max(positions_seen) <= sense * target + slack


@given(moves(), st.lists(st.floats(1e-4, 3.0), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_steps_equal_the_plain_evaluation_of_the_segments(move, steps_s):
    start, target, limits = move
    ramp = planned(start, target, limits)
    segments, index, elapsed = segments_of(ramp), 0, 0.0
    for step_s in steps_s:
        elapsed += step_s
        while index < len(segments) and elapsed >= segments[index][0]:
            start = reference.advance(start, *segments[index])
            elapsed -= segments[index][0]
            index += 1
        lib.press_ramp_step(ramp, step_s)
        expected = reference.Point(target, 0.0, 0.0)
        if index < len(segments):
            expected = reference.advance(start, elapsed, segments[index][1])
        assert ramp.position_unit == expected.position
        assert ramp.velocity_unit_per_s == expected.velocity
        assert ramp.acceleration_unit_per_s2 == expected.acceleration


@given(moves(), positions, st.floats(0.05, 0.95))
@settings(max_examples=200, deadline=None)
def test_a_new_target_on_the_way_is_taken_without_a_step(move, target, share):
    start, first, limits = move
    ramp = planned(start, first, limits)
    lib.press_ramp_step(ramp, share * ramp.duration_s)
    before = (ramp.position_unit, ramp.velocity_unit_per_s, ramp.acceleration_unit_per_s2)
    assert lib.press_ramp_plan(ramp, target, limits.velocity, limits.acceleration, limits.jerk) == 0
    after = (ramp.position_unit, ramp.velocity_unit_per_s, ramp.acceleration_unit_per_s2)
    assert after == before or after == (target, 0.0, 0.0)
    assert trail(ramp, 10)[-1] == reference.Point(target, 0.0, 0.0)


@given(moves())
@settings(max_examples=200, deadline=None)
def test_stop_is_the_fastest_rest(move):
    start, _, limits = move
    ramp = ramp_at(start, limits)
    assert lib.press_ramp_stop(ramp) == lib.PRESS_RAMP_OK
    rest = reference.to_velocity(start, 0.0, limits)
    assert ramp.duration_s == pytest.approx(reference.duration_of(rest), rel=1e-9, abs=1e-12)
    end = reference.at(start, rest, math.inf).position
    assert ramp.target_unit == pytest.approx(end, rel=1e-9, abs=1e-9)
    last = trail(ramp, 5)[-1]
    assert (last.velocity, last.acceleration) == (0.0, 0.0)


@given(moves(), st.floats(-4.0, 4.0), st.floats(-4.0, 4.0))
@settings(max_examples=300, deadline=None)
def test_a_start_outside_the_limits_comes_back_inside_and_stays(move, velocity, acceleration):
    start, target, limits = move
    start = reference.Point(
        start.position, velocity * limits.velocity, acceleration * limits.acceleration
    )
    ramp = planned(start, target, limits)
    inside = False
    worst_v = max(
        limits.velocity,
        abs(start.velocity) + start.acceleration**2 / (2 * limits.jerk),
    )
    for point in trail(ramp, 300):
        is_inside = abs(point.acceleration) <= limits.acceleration * (1 + 1e-9)
        assert is_inside or not inside
        inside = inside or is_inside
        assert abs(point.velocity) <= worst_v * (1 + 1e-9)
    assert (ramp.position_unit, ramp.velocity_unit_per_s) == (target, 0.0)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_bad_limit_is_refused_and_changes_nothing(limit, which):
    ramp = planned(reference.Point(1.0, 0.0, 0.0), 2.0, reference.Limits(1.0, 1.0, 1.0))
    lib.press_ramp_step(ramp, 0.3)
    before = bytes(ffi.buffer(ramp))
    limits = [1.0, 1.0, 1.0]
    limits[which] = limit
    assert lib.press_ramp_plan(ramp, 5.0, *limits) == lib.PRESS_RAMP_BAD_LIMIT
    assert bytes(ffi.buffer(ramp)) == before


@pytest.mark.parametrize("target", [math.nan, math.inf, -math.inf, 1e308])
def test_a_target_that_cannot_be_reached_is_refused(target):
    ramp = planned(reference.Point(-1e308, 0.0, 0.0), -1e308, reference.Limits(1.0, 1.0, 1.0))
    before = bytes(ffi.buffer(ramp))
    assert lib.press_ramp_plan(ramp, target, 1.0, 1.0, 1.0) == lib.PRESS_RAMP_NON_FINITE
    assert bytes(ffi.buffer(ramp)) == before


@pytest.mark.parametrize("step_s", [0.0, -1.0, math.nan])
def test_a_step_that_is_no_step_moves_nothing(step_s):
    ramp = planned(reference.Point(0.0, 0.0, 0.0), 2.0, reference.Limits(1.0, 1.0, 1.0))
    before = bytes(ffi.buffer(ramp))
    lib.press_ramp_step(ramp, step_s)
    assert bytes(ffi.buffer(ramp)) == before


def random_move(rng):
    """Half from rest, half moving inside the limits; short, middle and long ways."""
    v, a, j = (10 ** rng.uniform(-1, 1.5) for _ in range(3))
    position = rng.uniform(-50, 50)
    target = position + rng.choice([0.01, 0.1, 1, 10]) * rng.uniform(-20, 20)
    while True:
        moving = rng.random() < 0.5
        velocity, acceleration = rng.uniform(-v, v) * moving, rng.uniform(-a, a) * moving
        if abs(velocity + acceleration * abs(acceleration) / (2 * j)) <= v:
            limits = reference.Limits(v, a, j)
            return reference.Point(position, velocity, acceleration), target, limits


def test_end_times_equal_those_of_ruckig():
    ruckig = pytest.importorskip("ruckig", reason="RUCKIG IS NOT INSTALLED: end times unproven")
    rng = random.Random(20261121)
    solver, query, answer = ruckig.Ruckig(1), ruckig.InputParameter(1), ruckig.Trajectory(1)
    query.target_velocity = query.target_acceleration = [0.0]
    for _ in range(1500):
        start, target, limits = random_move(rng)
        query.current_position = [start.position]
        query.current_velocity = [start.velocity]
        query.current_acceleration = [start.acceleration]
        query.target_position = [target]
        query.max_velocity, query.max_acceleration = [limits.velocity], [limits.acceleration]
        query.max_jerk = [limits.jerk]
        assert solver.calculate(query, answer) in (
            ruckig.Result.Working,
            ruckig.Result.Finished,
        )
        ours = planned(start, target, limits).duration_s
        assert ours == pytest.approx(answer.duration, rel=1e-6), (start, target, limits)
