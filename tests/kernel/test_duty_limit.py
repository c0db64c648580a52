"""The limit of the heaters' duty: never exceeded, not even by a law that lies; nothing winds up."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import OUTPUT, ZONES, bits
from test_thermal import WINDOW, Law, TwoMass, ssr
from test_zone import MODEL

from controller.kernel import lib

STEP = 2  # ticks of one mains cycle
SSRS = bits(OUTPUT, *(ssr(zone) for zone in ZONES))
LAWS = {"pid": lib.PRESS_LAW_PID, "predictive": lib.PRESS_LAW_PREDICTIVE}


class Limited:
    """press_thermal and the last gate over six zones; `greedy` wants every heater on, always."""

    def __init__(self, law: str = "predictive", greedy: bool = False) -> None:
        lag_s = 15.0 if law == "pid" else 0.0
        self.law = Law(**MODEL | {"law": LAWS[law], "lag_s": lag_s, "setpoint_weight_ratio": 1.0})
        self.greedy, self.ticks = greedy, 0
        self.law.state.trip_bits = 0
        self.law.command.heat_enable = 1
        self.zones = [TwoMass() for _ in ZONES]
        self.rng = random.Random(1)
        self.windows: list[list[int]] = [[] for _ in ZONES]  # on-ticks of each full window

    @property
    def command(self):
        return self.law.command

    @property
    def hottest_c(self) -> float:
        return max(zone.platen_c for zone in self.zones)

    def tick(self) -> None:
        law = self.law
        if self.ticks % 10 == 0:
            law.show([round(z.sensor_c + self.rng.gauss(0.0, 0.02), 2) for z in self.zones])
        law.state.tick = law.command.valid_until_tick = self.ticks
        law.output.digital_output_bits = 0
        for zone in ZONES:
            if law.state.zone[zone].window_elapsed_ticks >= WINDOW:
                self.windows[zone].append(0)
        lib.press_thermal(law.config, law.state, law.command, law.output)
        if self.greedy:
            law.output.digital_output_bits |= SSRS
            law.output.heater_duty_fraction = [1.0] * len(ZONES)
        lib.press_gate(law.config, law.state, law.command, law.output)
        for i, zone in enumerate(self.zones):
            on = bool(law.output.digital_output_bits >> OUTPUT[ssr(i)] & 1)
            zone.tick(on)
            if self.windows[i]:
                self.windows[i][-1] += on
        self.ticks += 1

    def run(self, seconds: float) -> Limited:
        for _ in range(round(seconds * 100)):
            self.tick()
        return self


@given(st.floats(0.0, 1.0), st.sampled_from(sorted(LAWS)), st.booleans(), st.booleans())
@settings(max_examples=8, deadline=None)
def test_no_window_has_more_than_the_limit(limit, law, by_hand, greedy):
    press = Limited(law, greedy)
    press.command.heater_duty_fraction_max = limit
    press.command.temperature_target_c, press.command.temperature_rate_c_per_s = 200.0, 5.0
    press.command.manual_zone_bits = 0b111111 * by_hand
    press.command.manual_duty_fraction = [1.0] * len(ZONES)
    press.run(8.0)
    most = math.floor(limit * WINDOW / STEP) * STEP
    assert all(count <= limit * WINDOW for counts in press.windows for count in counts)
    assert max(press.law.output.heater_duty_fraction) <= limit
    if by_hand or greedy:  # what is allowed is used
        assert {counts[-2] for counts in press.windows} == {most}


@given(st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8), st.integers(0, 2**16))
@settings(max_examples=6, deadline=None)
def test_a_limit_that_comes_down_in_a_window_ends_it(limits, seed):
    press, rng = Limited(greedy=True), random.Random(seed)
    press.command.temperature_target_c = 200.0
    for limit in limits:
        press.command.heater_duty_fraction_max = limit
        for _ in range(rng.randrange(1, WINDOW)):
            press.tick()
            for zone in ZONES:
                spent = press.law.state.zone[zone].window_on_ticks
                on = press.law.output.digital_output_bits >> OUTPUT[ssr(zone)] & 1
                assert not on or spent + 1 <= limit * WINDOW


@pytest.mark.parametrize("limit", [math.nan, math.inf, -math.inf, -1e-9, 1.0 + 1e-9, 1e300])
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_limit_that_is_no_share_heats_nothing(limit, by_hand):
    press = Limited(greedy=True)
    press.command.heater_duty_fraction_max = limit
    press.command.manual_zone_bits = 0b111111 * by_hand
    press.command.manual_duty_fraction = [1.0] * len(ZONES)
    press.run(6.0)
    assert {count for counts in press.windows for count in counts} == {0}
    assert press.law.state.command.heat_enable == 0


def test_without_a_word_about_the_limit_nothing_is_heated():
    """A command that somebody filled without knowing of it."""
    press = Limited(greedy=True)
    press.command.heater_duty_fraction_max = 0.0
    press.run(6.0)
    assert {count for counts in press.windows for count in counts} == {0}


def overshoot_k(law: str, limited_s: float) -> float:
    """Far behind the setpoint under a limit for so long; then it is lifted."""
    press = Limited(law)
    press.command.temperature_target_c, press.command.temperature_rate_c_per_s = 60.0, 1.0
    press.command.heater_duty_fraction_max = 0.02
    press.run(limited_s)
    assert press.hottest_c < 45.0
    press.command.heater_duty_fraction_max = 1.0
    over = []
    for _ in range(24):
        press.run(10.0)
        over.append(press.hottest_c - 60.0)
    assert over[-1] > -2.0, "it did not arrive"
    return max(over)


@pytest.mark.parametrize("law", sorted(LAWS))
def test_nothing_winds_up_under_a_limit(law):
    """Three times as long behind the setpoint, and the way up afterwards is the same, as far as
    noise and the phase of the windows let it be."""
    short, long_ = overshoot_k(law, 60.0), overshoot_k(law, 180.0)
    assert long_ <= short + 0.3
