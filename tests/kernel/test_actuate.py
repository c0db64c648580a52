"""The last gate: equal to its reference, and what may never leave whatever the laws want."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import BAD, INPUT, INTERLOCK, OUTPUT, TRIP, ZONES, Bench, bits, names, plain
from reference.actuate import CONTACTORS, HEATERS, HYDRAULICS, WATER, Gate, pass_gate
from test_interlock import ACTIONS_OF

from controller.kernel import lib

EVERYTHING = 0xFFFFFFFF
wild = st.one_of(
    st.floats(-0.5, 1.5), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf, -0.0, 1e308])
)
some_zones = st.integers(0, 2 ** len(ZONES) - 1)
trip_sets = st.one_of(
    st.just(0),
    st.sampled_from([1 << number for number in TRIP.values()]),
    st.integers(0, 2**lib.PRESS_TRIP_COUNT - 1),
)


def rigged(data):
    """A gate in an arbitrary state, and the reference's picture of it."""
    bench = Bench()
    config, state = bench.config, bench.state
    config.zone_count = data.draw(st.integers(1, 6))
    for zone in ZONES:
        config.zone[zone].platen = data.draw(st.integers(0, 1))
    state.tick = data.draw(st.integers(0, 2**40))
    state.trip_bits = data.draw(trip_sets)
    state.digital_output_bits = data.draw(st.integers(0, 0xFFFF))
    state.valve_open_fraction = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    state.zone_interlock_bits = data.draw(st.one_of(st.just(0), some_zones))
    state.interlock_bits = data.draw(
        st.sampled_from([0, 1 << lib.PRESS_INTERLOCK_WATER_NO_FLOW, 0xFFF])
    )
    state.trip_s[TRIP["over_pressure"]] = data.draw(
        st.sampled_from([0.0, 0.01, 0.1, 0.104, 0.106, 5])
    )
    state.observation.digital_input_bits = data.draw(st.sampled_from([0, 1, 2, 3, 0x3FFF]))
    state.observation.contact = data.draw(st.sampled_from([0, 1, 2]))
    for zone in ZONES:
        state.observation.measurement_channel_unit[zone] = data.draw(
            st.sampled_from([20.0, 95.0, 95.1])
        )
        state.observation.quality[zone] = data.draw(st.sampled_from([0, 0, 0, 1, BAD]))
    state.observation.cylinder_pressure_bar = data.draw(st.sampled_from([0.0, 8.0, 8.1, math.nan]))
    for zone in ZONES:
        state.zone[zone].window_on_ticks = data.draw(st.sampled_from([0, 0, 99, 100, 199, 200]))
    seen = state.observation
    inputs = names(INPUT, seen.digital_input_bits)
    latched = names(TRIP, state.trip_bits)
    gate = Gate(
        config=plain(config),
        tick=state.tick,
        written=names(OUTPUT, state.digital_output_bits),
        valve=state.valve_open_fraction,
        actions=set().union(*(ACTIONS_OF[name] for name in latched)),
        over_pressure_s=state.trip_s[TRIP["over_pressure"]],
        released=seen.cylinder_pressure_bar <= 8.0,
        held_zones={zone for zone in ZONES if state.zone_interlock_bits >> zone & 1},
        water_no_flow=bool(state.interlock_bits & 1 << lib.PRESS_INTERLOCK_WATER_NO_FLOW),
        guard_closed={"guard_a_closed", "guard_b_closed"} <= inputs,
        contact=seen.contact != 0,
        zones_c=[
            None if seen.quality[zone] == BAD else seen.measurement_channel_unit[zone]
            for zone in range(config.zone_count)
        ],
        on_ticks=[state.zone[zone].window_on_ticks for zone in ZONES],
    )
    return bench, gate


def command_into(bench, data):
    command, tick = bench.command, bench.state.tick
    command.valid_until_tick = max(0, tick + data.draw(st.sampled_from([-1, 0, 1, 1000, 1001])))
    command.heat_enable = data.draw(st.sampled_from([0, 1, 1, 1, 2, EVERYTHING]))
    command.cooling = data.draw(st.sampled_from([0, 1, 2, 2, 3, EVERYTHING]))
    command.heater_duty_fraction_max = data.draw(st.sampled_from([1.0, 1.0, 0.5, 0.0]) | wild)
    command.hydraulics = data.draw(st.sampled_from([0, 1, 2, 3, 4, EVERYTHING]))
    command.dump_request = data.draw(st.sampled_from([0, 0, 1, 2]))


def through(bench, wanted_bits, duty, valve):
    bench.output.digital_output_bits = wanted_bits
    bench.output.heater_duty_fraction = duty
    bench.output.valve_open_fraction = valve
    lib.press_gate(bench.config, bench.state, bench.command, bench.output)
    return names(OUTPUT, bench.output.digital_output_bits)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_equal_to_the_reference(data):
    bench, gate = rigged(data)
    command_into(bench, data)
    wanted_bits = data.draw(st.one_of(st.just(EVERYTHING), st.integers(0, EVERYTHING)))
    duty = [data.draw(wild) for _ in ZONES]
    valve = data.draw(wild)
    trips_before = bench.state.trip_bits
    expected = pass_gate(gate, bench.command, names(OUTPUT, wanted_bits), duty, valve)
    assert through(bench, wanted_bits, duty, valve) == expected.outputs
    assert list(bench.output.heater_duty_fraction) == expected.duty
    assert bench.output.valve_open_fraction == expected.valve
    assert names(INTERLOCK, bench.state.exclusion_bits) == expected.excluded
    lapse = bits(TRIP, "command_lease") if expected.lapsed_energised else 0
    assert bench.state.trip_bits == trips_before | lapse
    assert bench.output.digital_output_bits >> lib.PRESS_OUTPUT_COUNT == 0
    assert bench.state.digital_output_bits == bench.output.digital_output_bits
    assert names(OUTPUT, bench.state.digital_output_bits_previous) == gate.written
    assert (bench.state.valve_open_fraction, bench.state.valve_open_fraction_previous) == (
        expected.valve,
        gate.valve,
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_safety_properties_hold_whatever_is_wanted(data):
    bench, gate = rigged(data)
    command_into(bench, data)
    duty = [data.draw(wild) for _ in ZONES]
    left = through(bench, EVERYTHING, duty, data.draw(wild))
    for zone in range(bench.config.zone_count):
        platen = ("top", "bottom")[bench.config.zone[zone].platen]
        assert not {HEATERS[zone], f"cooling_water_{platen}"} <= left
    assert not {"dump_valve", "pump"} <= left
    assert not ("approach_valve" in left and bench.state.observation.contact)
    assert 0.0 <= bench.output.valve_open_fraction <= 1.0
    if bench.state.trip_bits & bits(TRIP, "boot"):
        assert left <= {"watchdog"}
        assert bench.output.valve_open_fraction == 0.0
    if any(c is None or c > 95.0 for c in gate.zones_c):
        assert not left & WATER
    if not gate.guard_closed and gate.over_pressure_s == 0.0 and "dump" not in gate.actions:
        assert not left & HYDRAULICS


# ---- default deny ----------------------------------------------------------------------------


def everything_wanted(armed):
    armed.wanted_bits = EVERYTHING
    armed.wanted_duty = [1.0] * len(ZONES)
    armed.wanted_valve_fraction = 1.0
    return armed


def test_nothing_commanded_is_nothing_but_contactors(armed):
    everything_wanted(armed)
    armed.observe()
    armed.act()
    assert armed.outputs == CONTACTORS
    assert list(armed.output.heater_duty_fraction) == [0.0] * len(ZONES)


@pytest.mark.parametrize("mode", [4, 5, 255, 2**31, EVERYTHING])
def test_an_unknown_hydraulic_mode_is_off(armed, mode):
    everything_wanted(armed).command.hydraulics = mode
    armed.tick()
    assert not armed.outputs & HYDRAULICS


@pytest.mark.parametrize("mode", [3, 255, EVERYTHING])
def test_an_unknown_cooling_mode_is_off(armed, mode):
    everything_wanted(armed).command.cooling = mode
    armed.tick()
    assert not armed.outputs & (WATER | {"cooling_air"})


@pytest.mark.parametrize("flag", [0, 2, EVERYTHING])
def test_a_flag_that_is_not_one_enables_nothing(armed, flag):
    everything_wanted(armed).command.heat_enable = flag
    armed.command.dump_request = flag
    armed.tick()
    assert not armed.outputs & {*HEATERS, "dump_valve"}


@pytest.mark.parametrize("duty", [math.nan, math.inf, -math.inf])
def test_a_heater_with_a_duty_that_is_no_number_is_off(armed, duty):
    armed.heat()
    armed.wanted_bits |= bits(OUTPUT, *HEATERS)
    armed.wanted_duty = [0.5] * 5 + [duty]
    armed.tick()
    assert armed.outputs & set(HEATERS) == set(HEATERS[:5])
    assert list(armed.output.heater_duty_fraction) == [0.5] * 5 + [0.0]


def test_zones_the_station_does_not_have_get_nothing(armed):
    armed.config.zone_count = 4
    armed.heat()
    armed.wanted_bits |= bits(OUTPUT, *HEATERS)
    armed.wanted_duty = [0.5] * len(ZONES)
    armed.tick()
    assert armed.outputs & set(HEATERS) == set(HEATERS[:4])


# ---- lease -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "alive"), [(-1, False), (0, True), (1000, True), (1001, False)])
def test_a_command_counts_from_its_tick_to_its_lease_and_no_lease_is_longer_than_a_thousand_ticks(
    armed, ahead, alive
):
    armed.press()
    armed.tick(10)
    armed.lease_ticks = ahead
    armed.tick()
    assert ("pump" in armed.outputs) == alive
    assert armed.trips == (set() if alive else {"command_lease"})


def test_a_lapse_at_rest_is_no_trip_and_one_under_power_needs_a_reset(armed):
    armed.lease_ticks = -1
    armed.tick(20)
    assert armed.trips == set()
    armed.lease_ticks = 20
    armed.press()
    armed.tick(5)
    armed.lease_ticks = -1
    armed.tick()
    assert (armed.outputs, armed.output.valve_open_fraction) == (set(), 0.0)
    armed.lease_ticks = 20
    armed.tick(20)
    assert (armed.trips, armed.outputs) == ({"command_lease"}, set())
    armed.press_reset()
    assert "pump" in armed.outputs


def test_the_watchdog_toggles_every_100_ms_and_only_under_a_lease(armed):
    seen = []
    for _ in range(60):
        armed.tick()
        seen.append(armed.output.digital_output_bits >> OUTPUT["watchdog"] & 1)
    edges = [i for i in range(1, 60) if seen[i] != seen[i - 1]]
    assert {later - earlier for earlier, later in pairwise(edges)} == {10}
    armed.lease_ticks = -1
    seen = []
    for _ in range(60):
        armed.tick()
        seen.append(armed.output.digital_output_bits >> OUTPUT["watchdog"] & 1)
    assert len(set(seen)) == 1


# ---- trips, slew and venting -----------------------------------------------------------------


def test_a_trip_reaches_the_outputs_in_the_tick_that_saw_it_whatever_the_laws_want(armed):
    armed.heat()
    armed.press()
    armed.wanted_bits |= bits(OUTPUT, *HEATERS)
    armed.wanted_duty = [1.0] * len(ZONES)
    armed.tick(10)
    assert {"pump", *HEATERS} <= armed.outputs
    armed.inputs &= ~bits(INPUT, "estop_b_ok")
    armed.tick()
    assert (armed.outputs, armed.output.valve_open_fraction) == (set(), 0.0)


def test_the_valve_slews_both_ways_but_falls_at_once_when_tripped(armed):
    armed.press()
    armed.wanted_valve_fraction = 1.0
    fractions = []
    for _ in range(60):
        armed.tick()
        fractions.append(armed.output.valve_open_fraction)
    assert fractions[0] == pytest.approx(0.02)
    assert fractions[48] < 1.0
    assert fractions[50] == 1.0
    armed.wanted_valve_fraction = 0.0
    armed.tick()
    assert armed.output.valve_open_fraction == pytest.approx(0.98)
    armed.inputs &= ~bits(INPUT, "mains_ok")
    armed.tick()
    assert armed.output.valve_open_fraction == 0.0


def test_pump_off_retains_the_pressure_and_still_obeys_the_operators_vent(armed):
    armed.press()
    armed.tick(5)
    armed.sensor.reading_ok[11] = 0
    armed.tick(25)
    assert armed.trips == {"pressure_sensor"}
    assert armed.outputs == set()
    armed.command.dump_request = 1
    armed.wanted_bits |= bits(OUTPUT, "dump_valve")
    armed.tick()
    assert armed.outputs == {"dump_valve"}


def test_over_pressure_vents_to_its_limit_and_holds_the_rest(armed):
    armed.press()
    for channel in armed.config.channel:
        channel.noise_channel_unit_max = 1e5
    armed.put_pressure(100.0)
    armed.tick(30)
    armed.put("cylinder_a_pressure_bar", 241.0)
    armed.put("cylinder_b_pressure_bar", 241.0)
    armed.tick()
    assert armed.outputs == {"load_holding_valve_open"}
    assert armed.output.valve_open_fraction == 0.0
    armed.tick(9)
    assert armed.outputs == {"load_holding_valve_open"}
    armed.tick()  # the valve did not help for 100 ms
    assert armed.outputs == {"load_holding_valve_open", "dump_valve"}
    armed.put_pressure(130.0)
    armed.tick()
    assert armed.outputs == set()
    assert "over_pressure" in armed.trips


# ---- exclusions ------------------------------------------------------------------------------


def test_water_waits_for_air_above_the_steam_limit(armed):
    for channel in armed.config.channel:
        channel.noise_channel_unit_max = 1e5
        channel.filter_s = 0.0
    armed.command.cooling = lib.PRESS_COOLING_WATER
    armed.wanted_bits = bits(OUTPUT, *WATER)
    for temperature_c, outputs in [(95.001, {"cooling_air"}), (95.0, WATER)]:
        armed.estimate["zone_temperature_c_median"] = temperature_c
        armed.estimate["zone_temperature_setpoint_c"] = temperature_c
        armed.put_zones(temperature_c)
        armed.tick(2)
        assert armed.outputs == outputs
        assert ("water_above_steam_limit" in armed.interlocks) == (outputs == {"cooling_air"})


def test_water_wins_over_the_heaters_of_its_platen(armed):
    armed.heat()
    armed.command.cooling = lib.PRESS_COOLING_WATER
    armed.wanted_bits |= bits(OUTPUT, *HEATERS, "cooling_water_top")
    armed.wanted_duty = [1.0] * len(ZONES)
    armed.tick(2)
    assert armed.outputs & set(HEATERS) == set(HEATERS[3:])
    assert armed.interlocks == {"heat_and_cool"}


def test_dump_excludes_pump_and_load_excludes_approach(armed):
    armed.command.hydraulics = lib.PRESS_HYDRAULICS_CLOSE
    armed.wanted_bits = bits(OUTPUT, *HYDRAULICS)
    armed.tick()
    assert armed.outputs == HYDRAULICS
    armed.estimate["contact"] = 1
    armed.command.dump_request = 1
    armed.wanted_bits |= bits(OUTPUT, "dump_valve")
    armed.tick(2)
    assert armed.outputs == {"load_holding_valve_open", "dump_valve"}
    assert armed.interlocks == {"approach_under_load", "dump_excludes_pump"}
