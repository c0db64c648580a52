"""What the pressure valve is found to be: equal to its reference, and equal to the valve."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import OUTPUT, bits, good_config
from reference import pressure_valve as reference

from controller.kernel import ffi, lib

FULL_BAR = 250.0


class Learner:
    """press_valve_learn with command, oil pressure and setpoint in the test's hand."""

    def __init__(self, **hydraulic):
        self.config = good_config()
        for name, number in hydraulic.items():
            setattr(self.config.hydraulic, name, number)
        self.state = ffi.new("press_state_t *")
        lib.press_state_init(self.config, self.state)
        self.state.digital_output_bits = bits(OUTPUT, "pump", "load_holding_valve_open")

    def tick(self, command, a_bar, b_bar, velocity):
        state, seen = self.state, self.state.observation
        state.valve_open_fraction = command
        state.pressure_ramp.velocity_unit_per_s = velocity
        seen.measurement_channel_unit[lib.PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR] = a_bar
        seen.measurement_channel_unit[lib.PRESS_CHANNEL_CYLINDER_B_PRESSURE_BAR] = b_bar
        seen.cylinder_pressure_bar = max(a_bar, b_bar)
        lib.press_valve_learn(self.config, state)

    @property
    def found(self):
        return list(self.state.valve.unknown_bar)


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_equals_the_reference(seed):
    rng = random.Random(seed)
    play = rng.choice([0.0, 0.03, rng.uniform(0.0, 0.2)])
    law = Learner(valve_hysteresis_fraction=play)
    model = reference.Valve(FULL_BAR, play, law.config.hydraulic.trim_bar_max)
    command, rate = 0.0, 0.001
    for _ in range(1500):
        if rng.random() < 0.004:
            rate = rng.uniform(-0.002, 0.003)
        command = min(max(command + rate, 0.0), 1.0)
        a = FULL_BAR * command + rng.gauss(0.0, 2.0)
        b = a + rng.gauss(0.0, 1.0)
        sign = rng.choice([-1.0, 1.0])
        law.state.valve_direction_sign = sign
        trim = law.state.pressure_trim_bar
        law.tick(command, a, b, rate)
        pump = 2.0 * law.config.hydraulic.pressure_min_bar
        telling = 0.02 < command < 1.0 and max(a, b) > pump
        expected = model.step(command, 0.5 * (a + b), rate, telling, sign, trim)
        assert law.found == model.unknown
        assert list(law.state.valve.covariance_unit) == [c for row in model.covariance for c in row]
        assert law.state.pressure_trim_bar == expected


def press(law, rng, play, scale, offset_bar, moves, noise_bar=0.3):
    """A valve of its own drives the oil to and fro."""
    spool, command = 0.0, 0.0
    for target, rate in moves:
        while (target - command) * rate > 0.0:
            command += 0.01 * rate
            spool = min(max(spool, command - 0.5 * play), command + 0.5 * play)
            bar = scale * FULL_BAR * spool + offset_bar
            law.tick(command, bar + rng.gauss(0, noise_bar), bar + rng.gauss(0, noise_bar), rate)


@pytest.mark.parametrize("play", [0.0, 0.015, 0.024, 0.03, 0.036, 0.06, 0.09])
@pytest.mark.parametrize("scale", [0.95, 1.05])
def test_finds_play_and_scale_after_one_turn(play, scale):
    law, rng = Learner(), random.Random(7)
    press(law, rng, play, scale, 0.5, [(0.6, 0.01), (0.2, -0.01)])
    found = law.found[2] / FULL_BAR
    assert found == pytest.approx(play, abs=0.004)
    assert 1.0 / (1.0 + law.found[1]) == pytest.approx(scale, abs=0.02)


def test_says_how_sure_it_is():
    """Before the turn the play is about as uncertain as it was written; after it, a tenth."""
    sigma = []
    for moves in ([], [(0.6, 0.01)], [(0.6, 0.01), (0.2, -0.01)]):
        law = Learner()
        law.tick(0.0, 0.0, 0.0, 0.0)
        press(law, random.Random(3), 0.03, 1.0, 0.0, moves)
        sigma.append(math.sqrt(law.state.valve.covariance_unit[8]))
    assert sigma[1] > 0.3 * sigma[0]
    assert sigma[2] < 0.15 * sigma[0]


@pytest.mark.parametrize("why", ["pump off", "shut", "sensor bad", "still", "clamped"])
def test_learns_nothing_from_what_says_nothing(why):
    law, rng = Learner(), random.Random(1)
    rate = 0.0 if why == "still" else 0.01
    if why == "pump off":
        law.state.digital_output_bits = bits(OUTPUT, "load_holding_valve_open")
    if why == "shut":
        law.state.digital_output_bits = bits(OUTPUT, "pump")
    if why == "sensor bad":
        law.state.observation.quality[lib.PRESS_CHANNEL_CYLINDER_A_PRESSURE_BAR] = 2
    for tick in range(6000):
        command = 1.0 if why == "clamped" else min(tick * 1e-4, 0.6)
        law.tick(command, 200.0, 200.0 + rng.random(), rate)
    assert law.found == [0.0, 0.0, pytest.approx(0.03 * FULL_BAR)]


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 1.0),
            st.floats(-1e6, 1e6),
            st.floats(-1e6, 1e6),
            st.floats(-1e3, 1e3),
            st.integers(1, 60),
        ),
        max_size=40,
    ),
    st.floats(0.0, 0.5),
)
@settings(max_examples=60, deadline=None)
def test_is_bounded_and_finite_whatever_it_sees(pieces, play):
    law = Learner(valve_hysteresis_fraction=play)
    for command, a, b, velocity, count in pieces:
        for _ in range(count):
            law.tick(command, a, b, velocity)
    offset, slope, found = law.found or (0.0, 0.0, 0.0)
    assert abs(offset) <= 8.0
    assert abs(slope) <= 0.15
    assert 0.0 <= found <= 4.0 * play * FULL_BAR + 0.02 * FULL_BAR
    assert all(map(math.isfinite, law.state.valve.covariance_unit))
    assert abs(law.state.pressure_trim_bar) <= law.config.hydraulic.trim_bar_max
