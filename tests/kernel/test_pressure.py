"""The pressure law: equal to its reference, bumpless, held where it must be, no overshoot."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import INTERLOCK, OUTPUT, ZONES, bits, good_config, names
from reference import pressure as reference

from controller.kernel import ffi, lib

OFF, CLOSE, PRESSURE, OPEN = range(4)


class Law:
    """press_pressure alone, with the observation in the test's hand."""

    def __init__(self):
        self.config = good_config()
        self.state = ffi.new("press_state_t *")
        self.command = ffi.new("press_command_t *")
        self.output = ffi.new("press_output_t *")
        lib.press_state_init(self.config, self.state)
        self.command.pressure_rate_mpa_per_s = 1.0
        self.show(0.0)

    def show(self, mpa, quality=0, contact=None, hot_c=100.0, cylinder_bar=None):
        seen = self.state.observation
        seen.stack_pressure_mpa = mpa
        seen.cylinder_pressure_bar = self.bar_of(mpa) if cylinder_bar is None else cylinder_bar
        seen.pressure_quality = quality
        seen.contact = mpa > 0.3 if contact is None else contact
        seen.stack_temperature_c_estimate = hot_c
        for zone in ZONES:
            seen.measurement_channel_unit[zone] = hot_c

    def bar_of(self, mpa):
        return self.machine().bar_of(mpa)

    def tick(self, achieved=None):
        """Names of the outputs that are on; the gate gives the valve `achieved` instead."""
        self.output.digital_output_bits, self.output.valve_open_fraction = 0, 0.0
        lib.press_pressure(self.config, self.state, self.command, self.output)
        asked = self.output.valve_open_fraction
        self.state.valve_open_fraction = asked if achieved is None else achieved
        return names(OUTPUT, self.output.digital_output_bits)

    def ramp(self):
        now = self.state.pressure_ramp
        return reference.Ramp(
            now.position_unit, now.velocity_unit_per_s, now.segment_index >= now.segment_count
        )

    def held(self):
        return names(INTERLOCK, self.state.pressure_ramp_held)

    def machine(self):
        parts = (self.config, self.config.stack, self.config.hydraulic, self.config.limit)
        fields = reference.Machine.__dataclass_fields__
        return reference.Machine(
            **{name: getattr(p, name) for name in fields for p in parts if hasattr(p, name)}
        )


def random_scene(law, rng):
    command, seen = law.command, law.state.observation
    if rng.random() < 0.03:
        command.hydraulics = rng.choice([OFF, CLOSE, PRESSURE, PRESSURE, PRESSURE, OPEN])
        command.pressure_target_mpa = rng.choice([0.0, rng.uniform(0.0, 20.0), rng.uniform(0, 130)])
        command.pressure_rate_mpa_per_s = rng.uniform(0.1, 20.0)
        command.pressure_holdback_mpa = rng.choice([0.0, 1.0, 3.0])
        command.temperature_target_c = rng.uniform(20.0, 120.0)
        command.hot_only = rng.random() < 0.3
        command.dump_request = rng.random() < 0.05
        seen.trip_action_bits = rng.choice([0] * 8 + [4, 8, 16])
        law.state.interlock_bits = rng.choice([0, 0, 0, bits(INTERLOCK, "oil_not_ok")])
    mpa = max(law.ramp().position + rng.gauss(0.0, 0.5), -0.1)
    hot_c = rng.uniform(85.0, 100.0)
    law.show(
        mpa,
        quality=rng.choice([0] * 20 + [1, 2]),
        contact=rng.random() < 0.9,
        hot_c=hot_c,
        cylinder_bar=law.bar_of(mpa) + rng.uniform(-20.0, 20.0),
    )
    return reference.Seen(
        stack_pressure_mpa=mpa,
        cylinder_bar=seen.cylinder_pressure_bar,
        quality=seen.pressure_quality,
        contact=bool(seen.contact),
        coldest_c=hot_c,
        oil_not_ok=law.state.interlock_bits != 0,
        tripped=seen.trip_action_bits != 0,
    ), reference.Ask(
        hydraulics=command.hydraulics,
        target_mpa=command.pressure_target_mpa,
        temperature_target_c=command.temperature_target_c,
        holdback_mpa=command.pressure_holdback_mpa,
        hot_only=command.hot_only == 1,
        dump=command.dump_request == 1,
    )


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_equals_the_reference(seed):
    rng = random.Random(seed)
    law = Law()
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    model = reference.Pressure(law.machine())
    for _ in range(500):
        seen, ask = random_scene(law, rng)
        held = model.hold(seen, ask, law.ramp())
        before = law.state.valve_open_fraction
        on = law.tick(achieved=rng.choice([None, None, rng.random()]))
        valve, expected = model.step(seen, ask, law.ramp(), before)
        assert law.held() == held
        assert law.output.valve_open_fraction == valve
        assert on == expected
        assert law.state.pressure_trim_bar == model.trim_bar


def test_nothing_is_on_without_being_asked():
    law = Law()
    assert all(law.tick() == set() for _ in range(100))
    assert law.output.valve_open_fraction == 0.0


def test_closing_approaches_until_contact():
    law = Law()
    law.command.hydraulics = CLOSE
    assert law.tick() == {"pump", "load_holding_valve_open", "approach_valve"}
    law.show(1.0)
    assert law.tick() == {"pump", "load_holding_valve_open"}
    assert law.ramp().position == 1.0  # the setpoint is what there is


def test_opening_unloads_on_the_ramp_and_then_lets_everything_to_tank():
    law = Law()
    law.command.hydraulics, law.command.pressure_target_mpa = OPEN, 50.0
    law.show(2.0)
    positions = []
    while law.tick() == {"pump", "load_holding_valve_open"}:
        positions.append(law.ramp().position)
        law.show(law.ramp().position)
    assert positions == sorted(positions, reverse=True)
    assert law.ramp().position == 0.0
    assert law.tick() == {"load_holding_valve_open", "dump_valve", "approach_valve"}
    assert law.output.valve_open_fraction == 0.0


@given(st.floats(5.0, 100.0), st.floats(-10.0, 10.0))
def test_takes_over_the_pressure_there_is(mpa, friction_bar):
    """From kept pressure the first opening is that of the oil pressure in the cylinder."""
    law = Law()
    law.show(mpa, cylinder_bar=law.bar_of(mpa) + friction_bar)
    law.tick()
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, mpa
    law.tick()
    hydraulic = law.config.hydraulic
    full, half_play = hydraulic.valve_full_scale_bar, 0.5 * hydraulic.valve_hysteresis_fraction
    opened_bar = (law.output.valve_open_fraction - half_play) * full
    there_bar = max(law.bar_of(mpa) + friction_bar, hydraulic.pressure_min_bar)
    assert opened_bar == pytest.approx(there_bar, abs=0.01)


@pytest.mark.parametrize(
    ("quality", "oil", "hot_c", "hot_only", "expected"),
    [
        (0, False, 100.0, 1, set()),
        (1, False, 100.0, 1, {"pressure_uncertain"}),
        (2, False, 100.0, 1, {"pressure_uncertain"}),
        (0, True, 100.0, 1, {"oil_not_ok"}),
        (0, False, 89.9, 1, {"cold_stack"}),
        (0, False, 90.0, 1, set()),
        (0, False, 22.0, 0, set()),
    ],
)
def test_a_rising_setpoint_is_held_and_a_falling_one_is_not(
    quality, oil, hot_c, hot_only, expected
):
    for target, allowed in ((100.0, expected), (20.0, set())):
        law = Law()
        law.show(50.0)
        law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
        law.command.temperature_target_c, law.command.hot_only = 100.0, hot_only
        law.tick()
        law.show(50.0, quality=quality, hot_c=hot_c)
        law.state.interlock_bits = bits(INTERLOCK, "oil_not_ok") if oil else 0
        law.command.pressure_target_mpa = target
        for _ in range(10):
            law.tick()
        assert law.held() == allowed
        assert (law.ramp().position == 50.0) == bool(allowed)


def test_a_cold_stack_gets_its_small_pressure_and_no_more_until_it_is_hot():
    law = Law()
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 100.0
    law.command.temperature_target_c, law.command.hot_only = 100.0, 1
    most = law.config.limit.cold_stack_pressure_mpa_max
    for _ in range(60 * 100):
        law.tick()
        law.show(law.ramp().position, hot_c=89.0)
    assert law.ramp().position == most
    assert law.held() == {"cold_stack"}
    law.show(most, hot_c=91.0)
    for _ in range(100):
        law.tick()
    assert law.held() == set()
    assert law.ramp().position > most


def test_holdback_waits_for_the_pressure():
    law = Law()
    law.show(20.0)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 60.0
    law.command.pressure_holdback_mpa = 3.0
    for _ in range(30 * 100):
        law.tick()
    assert law.held() == {"pressure_holdback"}
    stopped = law.ramp()
    assert stopped.velocity == 0.0
    law.show(stopped.position - 1.6)
    law.tick()
    assert law.held() == {"pressure_holdback"}
    law.show(stopped.position - 1.4)
    law.tick()
    assert law.held() == set()


def test_the_trim_is_bounded_and_does_not_wind_up_while_the_valve_is_held():
    law = Law()
    law.show(50.0)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    law.tick()
    law.show(45.0)
    for _ in range(100 * 100):
        law.tick()
    assert law.state.pressure_trim_bar == law.config.hydraulic.trim_bar_max
    for _ in range(100 * 100):
        law.tick(achieved=0.0)  # the last gate keeps the valve shut
    assert law.state.pressure_trim_bar == -law.config.hydraulic.trim_bar_max


class Ram:
    """Valve with play and dead band, oil, and dry friction on the way to the load cell."""

    def __init__(self, law, friction_bar, play=0.03):
        self.machine, self.friction_bar, self.play = law.machine(), friction_bar, play
        self.spool = self.oil_bar = 0.0
        self.stack_bar = 3.2  # what the ram weighs

    def tick(self, fraction, step_s=0.01):
        self.spool = min(max(self.spool, fraction - 0.5 * self.play), fraction + 0.5 * self.play)
        wanted = max(250.0 * self.spool if fraction >= 0.02 else 0.0, 5.0)
        flow = min(max(20.0 * (wanted - self.oil_bar), -50.0), 50.0)
        self.oil_bar += step_s * flow
        low, high = self.oil_bar - self.friction_bar, self.oil_bar + self.friction_bar
        self.stack_bar = min(max(self.stack_bar, low), high)

    def mpa(self):
        m = self.machine
        force_kn = self.stack_bar * m.cylinder_area_mm2 * 1e-4 - m.ram_weight_kn
        return max(1000.0 * force_kn / m.area_mm2, 0.0)


@pytest.mark.parametrize("friction_bar", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("play", [0.03, 0.024, 0.036])
def test_presses_to_100_mpa_without_overshoot_and_rests_there(friction_bar, play):
    """Friction unknown to the law, play off by 20 %, noise and a coarse load cell."""
    law, rng = Law(), random.Random(1)
    ram = Ram(law, friction_bar, play)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 5.0
    command_of, openings, over = {20: 5.0, 220: 100.0}, [], 0.0
    for tick in range(190 * 100):
        law.command.pressure_target_mpa = command_of.get(tick, law.command.pressure_target_mpa)
        law.show(round(ram.mpa() + rng.gauss(0.0, 0.02), 3), cylinder_bar=ram.oil_bar)
        law.tick()
        ram.tick(law.output.valve_open_fraction)
        over = max(over, ram.mpa() - law.command.pressure_target_mpa)
        if tick >= 130 * 100:
            openings.append(law.output.valve_open_fraction)
            assert ram.mpa() == pytest.approx(100.0, abs=0.5)
    assert over < 0.5
    # At rest the valve is let alone: no crossing of its play.
    assert max(openings) - min(openings) < 0.5 * play
