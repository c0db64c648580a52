"""The pressure law: equal to its reference, bumpless, held where it must be, no overshoot."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import INPUT, INTERLOCK, OUTPUT, PRESSURE_CHANNELS, ZONES, bits, good_config, names
from reference import pressure as reference

from controller.kernel import ffi, lib

OFF, CLOSE, PRESSURE, OPEN = range(4)


class Law:
    """press_pressure alone, with the observation in the test's hand."""

    def __init__(self, **hydraulic):
        self.config = good_config()
        for name, number in hydraulic.items():
            setattr(self.config.hydraulic, name, number)
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

    def found(self):
        """What is known of the valve before the tick."""
        unknown, hydraulic = self.state.valve.unknown_bar, self.config.hydraulic
        if self.state.valve.primed == 0:
            return reference.Valve(unknown[0], unknown[1], hydraulic.valve_hysteresis_fraction)
        return reference.Valve(unknown[0], unknown[1], unknown[2] / hydraulic.valve_full_scale_bar)

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
        seen.digital_input_bits = rng.choice([0, bits(INPUT, "pump_running")])
        law.state.valve.unknown_bar[0] = rng.uniform(-2.0, 2.0)
        law.state.valve.unknown_bar[1] = rng.uniform(-0.05, 0.05)
        law.state.valve.unknown_bar[2] = rng.uniform(0.0, 20.0)
    mpa = max(law.ramp().position + rng.gauss(0.0, law.noise_mpa), -0.1)
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
        pump_running=seen.digital_input_bits != 0,
    ), reference.Ask(
        hydraulics=command.hydraulics,
        target_mpa=command.pressure_target_mpa,
        temperature_target_c=command.temperature_target_c,
        holdback_mpa=command.pressure_holdback_mpa,
        hot_only=command.hot_only == 1,
        dump=command.dump_request == 1,
    )


def test_daylight_winds_no_trim_up():
    """The ram is on its way: what it lacks in force is not the valve's fault, and what piled up
    would be on the stack at the first touch."""
    law = Law()
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 20.0
    for _ in range(3000):
        law.show(0.0, contact=False)
        law.tick()
    assert law.state.pressure_trim_bar == 0.0
    law.show(0.5, contact=True)
    law.tick()
    assert law.state.pressure_trim_bar > 0.0


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_equals_the_reference(seed):
    rng = random.Random(seed)
    law = Law(
        lag_s=rng.choice([0.0, rng.uniform(0.0, 0.5)]),
        soft_bar=rng.choice([0.0, rng.uniform(0.0, 50.0)]),
        refill_bar=rng.choice([0.0, 2.0]),
    )
    law.noise_mpa = rng.choice([0.5, 0.05])
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    model = reference.Pressure(law.machine())
    for _ in range(3000 if law.noise_mpa < 0.1 and rng.random() < 0.2 else 500):
        seen, ask = random_scene(law, rng)
        held = model.hold(seen, ask, law.ramp())
        before, found = law.state.valve_open_fraction, law.found()
        on = law.tick(achieved=rng.choice([None, None, rng.random()]))
        valve, expected = model.step(seen, ask, law.ramp(), before, found)
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


REST_TICKS, PREPARE_TICKS = 1000, 100


def rested(**hydraulic):
    """A press that held 50 MPa until its pump could rest."""
    law = Law(refill_bar=1.0, **hydraulic)
    law.show(50.0)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    law.tick()
    for _ in range(REST_TICKS + 1):
        law.tick()
    assert law.tick() == set()
    return law


def test_a_pump_that_may_not_rest_runs_on():
    law = Law()
    law.show(50.0)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    for _ in range(2 * REST_TICKS):
        law.tick()
    assert law.tick() == {"pump", "load_holding_valve_open"}


@pytest.mark.parametrize("why", ["leaked", "too much", "raised", "doubted"])
def test_a_resting_pump_runs_before_the_way_is_opened(why):
    law = rested()
    law.show({"leaked": 49.1, "too much": 50.9}.get(why, 50.0), quality=int(why == "doubted"))
    if why == "raised":
        law.command.pressure_target_mpa = 60.0
    law.state.observation.digital_input_bits = bits(INPUT, "pump_running")
    shut = [law.tick() for _ in range(PREPARE_TICKS - 1)]
    assert shut == [{"pump"}] * len(shut)
    law.tick()
    assert law.tick() == {"pump", "load_holding_valve_open"}


def test_a_pump_that_does_not_start_opens_nothing():
    law = rested()
    law.show(49.0)
    assert all(law.tick() == {"pump"} for _ in range(5 * PREPARE_TICKS))


def test_a_little_leak_does_not_wake_the_pump():
    law = rested()
    law.show(49.9)
    assert all(law.tick() == set() for _ in range(1000))


FINITE = st.floats(-1e6, 1e6)
SCENE = st.tuples(
    FINITE, FINITE, FINITE, st.floats(0.0, 1e4), st.floats(0.0, 1.0), st.integers(0, 1023)
)


@given(
    st.lists(SCENE, min_size=1, max_size=40),
    st.floats(0.0, 2.0),
    st.floats(0.0, 200.0),
    st.floats(0.0, 50.0),
)
@settings(max_examples=120, deadline=None)
def test_never_leaves_its_limits_and_never_winds_up(scenes, lag_s, soft_bar, refill_bar):
    """Whatever finite number is measured or asked for, and whatever the gate leaves of it."""
    law = Law(lag_s=lag_s, soft_bar=soft_bar, refill_bar=refill_bar)
    most = law.config.hydraulic.trim_bar_max
    for mpa, bar, target, rate, achieved, flags in scenes:
        law.command.hydraulics = flags & 3
        law.command.pressure_target_mpa, law.command.pressure_rate_mpa_per_s = target, rate
        law.command.pressure_holdback_mpa = 3.0 * (flags >> 2 & 1)
        seen = law.state.observation
        law.state.digital_output_bits = bits(OUTPUT, "pump", "load_holding_valve_open")
        seen.digital_input_bits = bits(INPUT, "pump_running") * (flags >> 3 & 1)
        for channel in PRESSURE_CHANNELS:
            seen.measurement_channel_unit[channel] = bar
        law.show(mpa, quality=flags >> 4 & 3 if flags >> 4 & 3 < 3 else 0, cylinder_bar=bar)
        for _ in range(20):
            law.tick(achieved=achieved if flags >> 6 & 1 else None)
            assert 0.0 <= law.output.valve_open_fraction <= 1.0
            assert abs(law.state.pressure_trim_bar) <= most
            assert 0.0 <= law.ramp().position < math.inf or mpa < 0.0
            assert math.isfinite(law.ramp().position)


EDGE_BAR = (5.0 - 1e-9, 5.0, 5.0 + 1e-9)


@pytest.mark.parametrize("edge", range(3))
def test_the_valve_controls_only_above_its_least_pressure(edge):
    """At the least pressure and one hair on each side: the trim learns only above it."""
    law = Law(ram_weight_kn=0.0)
    mpa = EDGE_BAR[edge] * law.config.hydraulic.cylinder_area_mm2 * 0.1 / law.config.stack.area_mm2
    law.show(mpa, contact=True)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, mpa
    law.tick()
    law.state.pressure_trim_bar = 0.0
    law.show(mpa - 1.0)
    law.tick()
    assert (law.state.pressure_trim_bar > 0.0) == (law.bar_of(law.ramp().position) > 5.0)


@pytest.mark.parametrize("share", [0.999, 1.0, 1.001])
def test_the_play_is_turned_only_beyond_the_turning_band(share):
    law = Law()
    law.show(50.0)
    law.command.hydraulics, law.command.pressure_target_mpa = PRESSURE, 50.0
    law.tick()
    law.state.pressure_trim_asleep, law.state.valve_direction_sign = 0, 1.0
    law.state.valve_turn_bar = law.bar_of(50.0) + law.state.pressure_trim_bar + share * 0.3
    law.tick()
    assert law.state.valve_direction_sign == (-1.0 if share > 1.0 else 1.0)
