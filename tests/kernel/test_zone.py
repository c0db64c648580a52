"""Zones under the predictive law: six together, weak mains, a weak heater, a closing press."""

from __future__ import annotations

import random

import pytest
from kernel_case import CHANNEL, ZONES
from test_thermal import Law, TwoMass, ssr

from controller.kernel import ffi, lib

MODEL = {
    "law": lib.PRESS_LAW_PREDICTIVE,
    "heat_capacity_j_per_k": 4180.0,
    "loss_w_per_k": 1.2,
    "heater_lag_s": 9.5,
    "dead_time_s": 5.0,
    "noise_c": 0.02,
    "response_s": 4.0,
    "observer_s": 16.0,
    "contact_ratio": 1.0 / 3.0,
}


class Press:
    """Six two-mass zones under press_thermal, a reading every 0.1 s with noise."""

    def __init__(self, powers_w=(1000.0,) * 6, seed=1, **fields):
        self.law = Law(**MODEL | fields)
        self.law.command.heat_enable = 1
        self.zones = [TwoMass(4000.0, 1.0 + 0.1 * i, power_w) for i, power_w in enumerate(powers_w)]
        self.rng, self.ticks = random.Random(seed), 0
        self.sink_w = 0.0
        self.duties: list[float] = []

    @property
    def temperatures_c(self):
        return [zone.sensor_c for zone in self.zones]

    @property
    def spread_k(self):
        return max(self.temperatures_c) - min(self.temperatures_c)

    def run(self, seconds, watch=lambda: None):
        for _ in range(round(seconds * 100)):
            if self.ticks % 10 == 0:
                self.law.show(
                    [round(c + self.rng.gauss(0.0, 0.02), 2) for c in self.temperatures_c]
                )
                watch()
            wanted = self.law.tick()
            for i, zone in enumerate(self.zones):
                zone.tick(ssr(i) in wanted)
                zone.platen_c -= 0.01 * self.sink_w / zone.capacity
            self.ticks += 1


def to_60(press, rate_c_per_min):
    press.law.command.temperature_target_c = 60.0
    press.law.command.temperature_rate_c_per_s = rate_c_per_min / 60.0


@pytest.mark.parametrize(("rate", "over_k"), [(5.0, 0.15), (10.0, 0.3)])
def test_six_zones_follow_a_ramp_without_lag_and_end_it_without_overshoot(rate, over_k):
    press = Press()
    to_60(press, rate)
    late, over = [], []

    def watch():
        ramp = press.law.ramp()
        if 30.0 < ramp.position < 55.0:
            late.append(ramp.position - sum(press.temperatures_c) / 6)
        over.append(max(press.temperatures_c) - 60.0)

    press.run(38.0 * 60.0 / rate + 180.0, watch)
    assert max(over) <= over_k
    assert abs(sum(late) / len(late)) <= 0.3
    assert press.spread_k <= 0.2


def test_a_weak_zone_is_waited_for_when_all_go_as_fast_as_they_can():
    press = Press(powers_w=(1000.0, 1000.0, 1000.0, 1000.0, 750.0, 1000.0))
    to_60(press, 120.0)
    spreads = []
    press.run(60.0)
    press.run(80.0, lambda: spreads.append(press.spread_k))
    alone = 0.25 * 38.0  # a quarter less power, a quarter less way
    assert max(spreads) < 0.5 * alone
    press.run(200.0)
    assert press.spread_k <= 0.2
    assert max(press.temperatures_c) <= 60.3


def show_current(press, ampere):
    for i in ZONES:
        press.law.state.observation.measurement_channel_unit[
            CHANNEL[f"heater_{i + 1}_current_a"]
        ] = ampere
        press.law.state.zone[i].ssr_s = 1.0


def test_weak_mains_are_seen_in_the_current_and_made_up_for():
    duties = {}
    for volt in (1.0, 0.9):
        press = Press(powers_w=(1000.0 * volt * volt,) * 6)
        press.law.command.temperature_target_c = 60.0
        to_60(press, 5.0)
        rated = press.law.config.zone[0].rated_current_a
        press.run(240.0, lambda amp=rated * volt, p=press: show_current(p, amp))
        duties[volt] = press.law.state.zone[0].demand_fraction
        assert press.law.state.zone[0].mains_ratio == pytest.approx(volt * volt, abs=0.01)
        assert abs(press.law.state.zone[0].predictive.gain_error_ratio) < 0.1
    assert duties[0.9] == pytest.approx(duties[1.0] / 0.81, rel=0.1)


def test_the_load_of_a_cold_stack_is_met_at_its_first_sight():
    press = Press()
    to_60(press, 120.0)
    press.run(600.0)
    before = press.law.state.zone[1].demand_fraction
    seen = press.law.state.observation
    seen.contact, seen.stack_pressure_mpa = 1, 20.0
    press.law.state.stack_temperature_c = 22.0
    press.run(4.0)
    conductance = (
        press.law.config.stack.contact_w_per_k_base + press.law.config.stack.contact_w_per_k_slope
    )
    drawn = conductance / 3.0 * 38.0 / 1000.0
    assert press.law.state.zone[1].demand_fraction > before + 0.8 * drawn


def test_a_zone_without_a_sensor_rests_and_the_others_do_not():
    press = Press()
    to_60(press, 5.0)
    press.run(60.0)
    for _ in range(600):
        press.law.show([40.0] * 6, bad={2})
        wanted = press.law.tick()
        assert ssr(2) not in wanted
    assert press.law.state.zone[2].predictive.primed == 0
    assert press.law.state.zone[1].predictive.primed == 1


def test_what_was_learned_outlives_a_rest():
    press = Press(powers_w=(850.0,) * 6)
    to_60(press, 8.0)
    press.run(420.0)
    learned = press.law.state.zone[0].predictive.gain_error_ratio
    assert learned < -0.05
    press.law.command.heat_enable = 0
    press.run(120.0)
    press.law.command.heat_enable = 1
    press.run(4.0)
    assert press.law.state.zone[0].predictive.gain_error_ratio == pytest.approx(learned, abs=0.05)


def test_a_manual_duty_goes_past_the_law_which_goes_on_learning():
    press = Press()
    press.law.command.manual_zone_bits = 0b1
    press.law.command.manual_duty_fraction[0] = 0.4
    to_60(press, 5.0)
    press.run(30.0)
    zone = press.law.state.zone[0]
    assert zone.achieved_fraction == pytest.approx(0.4, abs=0.02)
    assert zone.predictive.primed == 1
    assert zone.predictive.ahead_fraction == pytest.approx(0.4, abs=0.05)


def test_a_model_that_lies_is_said():
    press = Press(heat_capacity_j_per_k=100000.0, loss_w_per_k=0.2, dead_time_s=0.0)
    to_60(press, 120.0)
    seen = set()
    press.run(
        900.0,
        lambda: seen.update(i for i in ZONES if press.law.state.zone[i].predictive.fallback),
    )
    assert seen, "a model forty times too heavy is found out"
    observation = ffi.new("press_observation_t *")
    lib.press_estimate(press.law.config, press.law.state, observation)
    said = {i for i in ZONES if observation.zone_fallback_bits >> i & 1}
    assert said == {i for i in ZONES if press.law.state.zone[i].predictive.fallback}
