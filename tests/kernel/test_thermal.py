"""The zones: equal to their reference, exact on average, bumpless, held back, cooled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import CHANNEL, OUTPUT, ZONES, good_config, names
from reference import thermal as reference

from controller.kernel import ffi, lib

WINDOW = 200


class Law:
    """press_thermal alone, with the observation in the test's hand."""

    def __init__(self, **zone_fields):
        self.config = good_config()
        self.config.window_ticks, self.config.window_resolution_ticks = WINDOW, 2
        for zone in ZONES:
            for name, number in zone_fields.items():
                setattr(self.config.zone[zone], name, number)
        self.state = ffi.new("press_state_t *")
        self.command = ffi.new("press_command_t *")
        self.output = ffi.new("press_output_t *")
        lib.press_state_init(self.config, self.state)
        self.command.temperature_rate_c_per_s = 5.0 / 60.0
        self.command.temperature_target_c = 100.0
        self.command.heater_duty_fraction_max = 1.0
        self.show([22.0] * len(ZONES))

    def show(self, zone_c, water_c=18.0, bad=()):
        seen = self.state.observation
        for zone, temperature_c in enumerate(zone_c):
            seen.measurement_channel_unit[zone] = temperature_c
            seen.quality[zone] = lib.PRESS_BAD if zone in bad else lib.PRESS_GOOD
        good = sorted(c for zone, c in enumerate(zone_c) if zone not in bad) or sorted(zone_c)
        seen.zone_temperature_c_median = 0.5 * (good[(len(good) - 1) // 2] + good[len(good) // 2])
        seen.measurement_channel_unit[CHANNEL["water_temperature_c"]] = water_c

    def tick(self, obeyed=None):
        """Names of the outputs that are on; the gate lets `obeyed` of them through."""
        self.output.digital_output_bits = 0
        lib.press_thermal(self.config, self.state, self.command, self.output)
        wanted = names(OUTPUT, self.output.digital_output_bits)
        given_bits = wanted if obeyed is None else wanted & obeyed
        self.state.digital_output_bits = sum(1 << OUTPUT[name] for name in given_bits)
        return wanted

    def ramp(self):
        now = self.state.temperature_ramp
        return reference.Ramp(
            now.position_unit, now.velocity_unit_per_s, now.acceleration_unit_per_s2
        )

    def machine(self):
        fields = reference.Zone.__dataclass_fields__
        return reference.Machine(
            zones=tuple(
                reference.Zone(**{name: getattr(self.config.zone[i], name) for name in fields})
                for i in ZONES
            ),
            tick_s=self.config.tick_s,
            thermal_ticks=self.config.thermal_ticks,
            window_ticks=self.config.window_ticks,
            resolution_ticks=self.config.window_resolution_ticks,
            ambient_c=self.config.ambient_temperature_c,
            steam_limit_c=self.config.limit.steam_limit_c,
        )


def ssr(zone):
    return f"heater_{zone + 1}_ssr"


VALVES = {
    "cooling_air": "air",
    "cooling_water_top": "water_top",
    "cooling_water_bottom": "water_bottom",
}


def random_scene(law, rng, zone_c):
    """New readings, now and then a new command, a lost sensor or a trip."""
    zone_c = [c + rng.uniform(-0.3, 0.3) for c in zone_c]
    if rng.random() < 0.02:
        zone_c = [rng.uniform(20.0, 120.0) + rng.uniform(-2.0, 2.0) for _ in zone_c]
    bad = {rng.randrange(6)} if rng.random() < 0.1 else set()
    if rng.random() < 0.03:
        law.command.heat_enable = rng.random() < 0.8
        law.command.cooling = rng.choice([0, 0, 1, 2])
        law.command.temperature_target_c = rng.uniform(22.0, 110.0)
        law.command.temperature_rate_c_per_s = rng.uniform(0.01, 0.5)
        law.command.temperature_holdback_k = rng.choice([0.0, 1.0, 3.0])
        law.command.heater_duty_fraction_max = rng.choice([1.0, 1.0, 0.5, rng.random(), -0.1])
        law.state.observation.trip_action_bits = rng.choice([0, 0, 0, 1, 2, 16])
    water_c = rng.uniform(10.0, 30.0)
    law.show(zone_c, water_c, bad)
    seen = reference.Seen(
        zone_c=tuple(zone_c),
        usable=tuple(zone not in bad for zone in ZONES),
        water_c=water_c,
        heaters_taken=law.state.observation.trip_action_bits != 0,
    )
    command = law.command
    return (
        zone_c,
        seen,
        reference.Ask(
            heat=command.heat_enable == 1,
            cooling=command.cooling,
            holdback_k=command.temperature_holdback_k,
            target_c=command.temperature_target_c,
            duty_max=command.heater_duty_fraction_max,
        ),
    )


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_equals_the_reference(seed):
    rng = random.Random(seed)
    law = Law(setpoint_weight_ratio=rng.choice([0.0, 0.5, 1.0]), lag_s=rng.choice([0.0, 12.0]))
    law.config.zone[0].power_w = 800.0
    law.config.window_ticks = rng.choice([20, 40])
    law.config.thermal_ticks = rng.choice([1, 7, 10])
    lib.press_state_init(law.config, law.state)
    law.command.heat_enable = 1
    model, zone_c = reference.Thermal(law.machine()), [25.0] * len(ZONES)
    for _ in range(400):
        zone_c, seen, ask = random_scene(law, rng, zone_c)
        held = model.hold(seen, ask, law.ramp())
        before = [bool(law.state.digital_output_bits >> i & 1) for i in ZONES]
        wanted = law.tick({ssr(i) for i in ZONES if rng.random() < 0.95})
        heaters, valves = model.step(seen, ask, law.ramp(), before)
        assert bool(law.state.temperature_ramp_held) == held
        assert [law.state.zone[i].demand_fraction for i in ZONES] == model.demands
        assert [ssr(i) in wanted for i in ZONES] == heaters
        assert {VALVES[name] for name in wanted & set(VALVES)} == valves
        for i in ZONES:
            assert law.state.zone[i].achieved_fraction == model.windows[i].achieved
            assert law.state.zone[i].carry_ticks == model.windows[i].carry


def test_nothing_is_on_without_being_asked():
    law = Law()
    assert all(law.tick() == set() for _ in range(3 * WINDOW))
    assert law.ramp() == (22.0, 0.0, 0.0)


def test_the_setpoint_starts_from_the_measured_median():
    law = Law()
    law.show([71.0, 72.0, 73.0, 74.0, 75.0, 90.0])
    law.command.heat_enable = 1
    law.tick()
    assert law.ramp().position == pytest.approx(73.5, abs=1e-6)


@given(st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_a_duty_is_exact_on_average_and_whole_cycles_at_once(duty):
    law = Law(kp_per_c=0.0, ti_s=0.0, td_s=0.0, heat_capacity_j_per_k=1.0, lag_s=0.0)
    # Only the loss feed-forward is left: the duty asked is `duty`, whatever is read.
    for zone in ZONES:
        law.config.zone[zone].loss_w_per_k = duty * law.config.zone[zone].power_w / 58.0
    law.show([80.0] * len(ZONES))
    law.command.heat_enable, law.command.temperature_target_c = 1, 80.0
    for _ in range(2 * WINDOW):
        law.tick()
    windows, on, runs = 12, 0, []
    for _ in range(windows * WINDOW):
        is_on = ssr(0) in law.tick()
        on += is_on
        runs = [*runs[:-1], runs[-1] + 1] if is_on and runs and runs[-1] else [*runs, int(is_on)]
    assert on / (windows * WINDOW) == pytest.approx(duty, abs=2.0 / (windows * WINDOW) + 1e-9)
    assert all(run % 2 == 0 for run in runs[1:-1])


def test_zones_switch_on_one_after_another():
    law = Law()
    law.show([99.5] * len(ZONES))
    law.command.heat_enable = 1
    before, at_once = set(), 0
    for _ in range(10 * WINDOW):
        now = {name for name in law.tick() if name.endswith("ssr")}
        at_once, before = max(at_once, len(now - before)), now
    assert at_once == 1


def test_a_heater_that_is_held_off_does_not_wind_up():
    law = Law()
    law.command.heat_enable, law.command.temperature_target_c = 1, 26.0
    for _ in range(200 * 100):  # 200 s without one SSR reaching the heater, 4 K missing
        law.tick(obeyed=set())
    zone = law.config.zone[0]
    # What is left is the equilibrium of integration and tracking, not 200 s of integral.
    leash = zone.kp_per_c * 4.0 * zone.tracking_s / zone.ti_s
    assert law.state.zone[0].demand_fraction == pytest.approx(leash, rel=0.1)


def test_a_bad_sensor_stops_its_zone_and_no_other():
    law = Law()
    law.show([60.0] * 6, bad={2})
    law.command.heat_enable = 1
    seen = set()
    for k in range(8 * WINDOW):
        law.show([60.0 + 0.0001 * k] * 6, bad={2})
        seen |= law.tick()
    assert {ssr(zone) for zone in ZONES} - seen == {ssr(2)}


@pytest.mark.parametrize("sense", [1, -1])
def test_holdback_stops_the_ramp_and_lets_go_below_half(sense):
    law = Law()
    start_c = 60.0
    law.show([start_c] * 6)
    law.command.heat_enable, law.command.cooling = 1, 0 if sense > 0 else lib.PRESS_COOLING_WATER
    law.command.temperature_target_c = start_c + sense * 40.0
    law.command.temperature_holdback_k = 3.0
    while not law.state.temperature_ramp_held:
        law.tick()  # the platen does not follow at all
    lag_s = law.config.zone[0].lag_s
    assert sense * (reference.lagged(law.ramp(), lag_s) - start_c) == pytest.approx(3.0, abs=0.01)
    for _ in range(80 * 100):
        law.tick()
    stopped = law.ramp()
    assert stopped.velocity == 0.0
    law.show([stopped.position - sense * 1.6] * 6)
    law.tick()
    assert law.state.temperature_ramp_held
    law.show([stopped.position - sense * 1.4] * 6)
    law.tick()
    assert not law.state.temperature_ramp_held
    law.tick()
    assert sense * (law.ramp().position - stopped.position) > 0.0


@pytest.mark.parametrize(
    ("temperature_c", "cooling", "expected"),
    [
        (60.0, lib.PRESS_COOLING_WATER, {"cooling_water_top", "cooling_water_bottom"}),
        (95.0, lib.PRESS_COOLING_WATER, {"cooling_water_top", "cooling_water_bottom"}),
        (95.1, lib.PRESS_COOLING_WATER, {"cooling_air"}),
        (60.0, lib.PRESS_COOLING_AIR, {"cooling_air"}),
        (60.0, lib.PRESS_COOLING_OFF, set()),
    ],
)
def test_cooling_uses_what_may_be_used_at_this_temperature(temperature_c, cooling, expected):
    law = Law()
    law.show([temperature_c] * 6)
    law.command.heat_enable, law.command.cooling = 1, cooling
    law.command.temperature_target_c, law.command.temperature_rate_c_per_s = 30.0, 0.2
    seen = set()
    for _ in range(60 * 100):
        seen |= {name for name in law.tick() if name.startswith("cooling")}
    assert seen == expected


def test_cooling_and_the_heaters_of_a_platen_are_not_asked_for_in_one_direction():
    law = Law()
    law.show([60.0] * 6)
    law.command.heat_enable, law.command.cooling = 1, lib.PRESS_COOLING_WATER
    law.command.temperature_target_c = 30.0
    for _ in range(60 * 100):
        law.tick()
    for _ in range(4 * WINDOW):
        assert not {name for name in law.tick() if name.endswith("ssr")}


class TwoMass:
    """Heater and platen of one zone with a lagging sensor: a plant, but not the product's."""

    def __init__(self, capacity_j_per_k=4000.0, loss_w_per_k=1.2, power_w=1000.0):
        self.heater_c = self.platen_c = self.sensor_c = 22.0
        self.capacity, self.loss, self.power = capacity_j_per_k, loss_w_per_k, power_w

    def tick(self, on, step_s=0.01):
        flow = 18.0 * (self.heater_c - self.platen_c)
        self.heater_c += step_s * (self.power * on - flow) / 180.0
        self.platen_c += step_s * (flow - self.loss * (self.platen_c - 22.0)) / self.capacity
        self.sensor_c += step_s * (self.platen_c - self.sensor_c) / 4.0


@pytest.mark.parametrize("power_w", [900.0, 1000.0, 1100.0])
def test_a_ramp_to_the_hold_does_not_overshoot(power_w):
    """Six different zones, 10 K/min, heater power wrong by 10 %."""
    law = Law(setpoint_weight_ratio=1.0, heat_capacity_j_per_k=4180.0, loss_w_per_k=1.2, lag_s=15.0)
    zones = [TwoMass(4000.0, 1.0 + 0.1 * zone, power_w) for zone in ZONES]
    law.command.heat_enable, law.command.temperature_target_c = 1, 60.0
    law.command.temperature_rate_c_per_s = 10.0 / 60.0
    hottest = spread = 0.0
    for tick in range(420 * 100):
        if tick % 10 == 0:
            law.show([round(zone.sensor_c, 2) for zone in zones])
        wanted = law.tick()
        for i, zone in enumerate(zones):
            zone.tick(ssr(i) in wanted)
        true_c = [zone.platen_c for zone in zones]
        hottest, spread = max(hottest, *true_c), max(spread, max(true_c) - min(true_c))
    assert hottest < 60.0 + (0.2 if power_w == 1000.0 else 0.5)
    assert spread < 0.5
    assert min(true_c) > 59.9
