"""The WIP's three tables and its last gate: each row at its boundary, and any input at all."""

from __future__ import annotations

import math
import random

import pytest
from kernel_case import bits
from wip_case import CHANNEL, INPUT, OUTPUT, TRIP, Wip, good_config

from controller.kernel import ffi, lib

DROPS = {
    "estop_a_ok": "estop", "estop_b_ok": "estop", "safety_relay_ok": "safety_relay",
    "limiter_ok": "limiter", "rupture_disc_ok": "rupture_disc",
}  # fmt: skip


def drop(wip: Wip, *inputs: str) -> None:
    wip.inputs &= ~bits(INPUT, *inputs)


def test_it_starts_tripped_and_needs_an_edge():
    wip = Wip()
    wip.command.reset = 1
    wip.tick(5)
    assert wip.trips == {"boot"}
    assert wip.outputs == set()
    wip.press_reset()
    assert wip.trips == set()
    assert wip.missing == set()


@pytest.mark.parametrize(("fallen", "trip"), DROPS.items())
def test_a_lost_input_trips_in_its_tick_and_needs_reset(fallen, trip):
    wip = Wip().arm()
    wip.tick(40)  # the mains has been there for a while
    drop(wip, fallen)
    wip.tick()
    assert trip in wip.trips
    assert wip.seen.first_out_trip == TRIP[trip]
    wip.inputs |= bits(INPUT, fallen)
    wip.tick(10)
    assert trip in wip.trips
    wip.press_reset()
    assert wip.trips == set()


@pytest.mark.parametrize(("ticks", "tripped"), [(2, False), (9, False), (11, True)])
def test_a_short_dip_of_the_mains_is_ridden_through_with_the_relay_it_drops(ticks, tripped):
    wip = Wip().arm()
    wip.tick(40)
    drop(wip, "mains_ok", "safety_relay_ok")
    wip.tick(ticks)
    wip.inputs |= bits(INPUT, "mains_ok")
    wip.tick(10)  # the relay takes a moment longer
    wip.inputs |= bits(INPUT, "safety_relay_ok")
    wip.tick(40)
    assert wip.trips == ({"mains"} if tripped else set())
    drop(wip, "safety_relay_ok")
    wip.tick()
    assert "safety_relay" in wip.trips


@pytest.mark.parametrize(("mpa", "tripped"), [(519.5, False), (520.5, True)])
def test_over_pressure_lets_only_its_excess_off(mpa, tripped):
    wip = Wip().under(500.0)
    wip.put_pressure(mpa)
    wip.settle(60)
    assert ("over_pressure" in wip.trips) is tripped
    assert ("decompression_valve" in wip.outputs) is tripped
    wip.put_pressure(515.0)
    wip.settle(60)
    assert "decompression_valve" not in wip.outputs


@pytest.mark.parametrize("missing", ["yoke_in", "lid_locked_a", "lid_locked_b", "guard_b_closed"])
def test_no_pump_without_lid_and_guard(missing):
    wip = Wip().arm()
    wip.lock()
    drop(wip, missing)
    wip.pump_to(5.0)
    wip.tick(20)
    assert "pump" not in wip.outputs
    assert wip.output.pump_speed_fraction == 0.0
    wip.inputs |= bits(INPUT, missing)
    wip.tick(5)
    assert "pump" in wip.outputs


def test_no_pumping_above_the_leak_test_before_it_was_passed():
    wip = Wip().under(10.0)
    wip.state.leak_tested = 0
    wip.pump_to(490.0)
    wip.tick(200)
    assert "leak_test_missing" in wip.interlocks
    assert wip.output.pump_speed_fraction == 0.0
    wip.state.leak_tested = 1
    wip.tick(200)
    assert wip.output.pump_speed_fraction > 0.0


@pytest.mark.parametrize("opened", ["vent_valve", "deair_valve", "fill_valve", "drain_valve"])
def test_nothing_is_pumped_into_an_open_vessel_and_no_mouth_opens_under_pressure(opened):
    wip = Wip().arm()
    wip.lock()
    wip.pump_to(5.0)
    wip.request(opened)
    wip.tick(5)
    assert opened in wip.outputs
    assert "pump" not in wip.outputs
    wip.under(0.8)
    wip.request(opened)
    wip.tick(5)
    assert opened not in wip.outputs


@pytest.mark.parametrize(
    ("bar", "fluid_c", "ppm", "vent", "opens"),
    [
        (0.2, 70.0, 0.0, True, True),
        (0.35, 70.0, 0.0, True, False),
        (0.2, 81.0, 0.0, True, False),
        (0.2, 70.0, 5.5, True, False),
        (0.2, 70.0, 0.0, False, False),
    ],
)
def test_the_lid_opens_only_when_all_of_it_is_proven_for_ten_seconds(
    bar, fluid_c, ppm, vent, opens
):
    wip = Wip().arm()
    wip.lock()
    wip.put("vessel_low_pressure_bar", bar)
    wip.put("h2s_purge_ppm", ppm)
    wip.put_fluid(fluid_c)
    wip.settle(3000)
    wip.request(*(["vent_valve"] if vent else []), "lid_unlock")
    wip.tick(900)
    assert "lid_unlock" not in wip.outputs
    wip.tick(200)
    assert ("lid_unlock" in wip.outputs) is opens


@pytest.mark.parametrize(("fluid_c", "paused"), [(94.5, False), (95.5, True)])
def test_a_hot_fluid_pauses_pump_and_jacket(fluid_c, paused):
    wip = Wip().under(100.0)
    wip.pump_to(490.0)
    wip.command.heat_enable = 1
    wip.command.wall_temperature_target_c = 90.0
    wip.put_fluid(fluid_c)
    wip.put("jacket_temperature_c", fluid_c)
    wip.settle(6000)
    assert ("over_temperature" in wip.interlocks) is paused
    assert (wip.output.pump_speed_fraction == 0.0) is paused


def test_h2s_extracts_and_above_its_trip_stops():
    wip = Wip().arm()
    wip.put("h2s_exhaust_ppm", 6.0)
    wip.settle(800)
    assert "extract_max" in wip.outputs
    assert wip.trips == set()
    wip.put("h2s_exhaust_ppm", 11.0)
    wip.settle(800)
    assert wip.trips == {"h2s"}
    assert "extract_max" in wip.outputs


def test_transducers_that_disagree_shut_everything():
    wip = Wip().under(300.0)
    wip.command.mode = lib.WIP_MODE_RELEASE
    wip.tick(5)
    assert "decompression_valve" in wip.outputs
    wip.put("vessel_b_pressure_mpa", 290.0)
    wip.settle(100)
    assert "pressure_disagreement" in wip.trips
    assert wip.outputs & {"pump", "decompression_valve"} == set()


def test_a_jacket_that_draws_current_while_off_loses_its_contactor():
    wip = Wip().arm()
    wip.follow = False
    wip.command.heat_enable = 0
    wip.put("jacket_current_a", 13.0)
    wip.sensor.digital_input_bits = wip.inputs
    for _ in range(400):
        wip.sensor.digital_output_bits_readback = wip.state.digital_output_bits
        wip.tick()
    assert wip.trips == {"ssr_welded"}


def test_a_pump_without_rise_is_stopped():
    wip = Wip(limit__over_run_s=5.0).under(5.0)
    wip.pump_to(490.0)
    wip.tick(1500)
    assert "pump_over_run" in wip.trips
    assert "pump" not in wip.outputs


def test_blocked_in_heating_takes_the_jacket_away_then_opens_the_relief_path():
    wip = Wip().under(5.0)
    wip.command.heat_enable = 1
    wip.command.pressure_target_mpa = 5.0
    wip.command.wall_temperature_target_c = 60.0
    mpa = 5.0
    while mpa < 10.0:
        mpa += 0.0004  # 2.4 MPa/min
        wip.put_pressure(mpa)
        wip.tick()
    assert "blocked_in_heating" in wip.interlocks
    assert wip.outputs & {"jacket_heater_ssr", "decompression_valve"} == set()
    while mpa < 15.5:
        mpa += 0.0004
        wip.put_pressure(mpa)
        wip.tick()
    assert "decompression_valve" in wip.outputs


def test_a_lapsed_command_is_no_command():
    wip = Wip().arm()
    wip.lock()
    wip.pump_to(5.0)
    wip.tick(5)
    assert "pump" in wip.outputs
    wip.lease_ticks = -1
    wip.tick()
    assert wip.trips == {"command_lease"}
    assert wip.outputs == set()


def _wild(random_: random.Random) -> float:
    return random_.choice([0.0, -1.0, 1e9, -1e9, math.nan, math.inf, random_.uniform(-1e3, 1e3)])


def test_no_input_makes_an_output_leave_its_limits():
    random_ = random.Random(4)
    for _ in range(40):
        wip = Wip().under(random_.choice([0.0, 5.0, 300.0]))
        wip.follow = False
        for _ in range(150):
            wip.sensor.tick += random_.choice([0, 1, 1, 1])
            for number in range(len(CHANNEL)):
                if random_.random() < 0.1:
                    wip.sensor.reading_channel_unit[number] = random_.choice(
                        [_wild(random_), random_.uniform(3.5, 21.5)]
                    )
            for name, _ in ffi.typeof("wip_command_t").fields:
                if "tick" not in name and "_bits" not in name and random_.random() < 0.1:
                    field = getattr(wip.command, name)
                    wild = _wild(random_) if isinstance(field, float) else random_.randrange(5)
                    setattr(wip.command, name, wild)
            wip.command.request_bits = random_.randrange(2**32)
            wip.sensor.digital_input_bits = random_.randrange(2**32)
            lib.wip_observe(wip.config, wip.state, wip.sensor, wip.seen)
            wip.command.valid_until_tick = wip.sensor.tick + random_.choice([0, 10, 2000])
            lib.wip_act(wip.config, wip.state, wip.command, wip.output)
            out = wip.output
            for fraction in (
                out.needle_open_fraction, out.pump_speed_fraction, out.jacket_duty_fraction,
            ):  # fmt: skip
                assert 0.0 <= fraction <= 1.0
            assert out.digital_output_bits < 1 << len(OUTPUT)
            assert not out.digital_output_bits >> OUTPUT["intensifier_direction"] & 1
            locked = bits(INPUT, "yoke_in", "lid_locked_a", "lid_locked_b")
            if out.digital_output_bits >> OUTPUT["pump"] & 1:
                assert wip.seen.digital_input_bits & locked == locked
        assert all(math.isfinite(wip.seen.measurement_channel_unit[i]) for i in range(len(CHANNEL)))
        for name in ("vessel_pressure_mpa", "fluid_temperature_c_estimate",
                     "wall_temperature_c_estimate", "leak_mpa_per_min",
                     "needle_gain_ratio"):  # fmt: skip
            assert math.isfinite(getattr(wip.seen, name)), name


def _numbers(struct: object, path: str = ""):
    """Every number of a configuration: (owner, field, path); of arrays their first."""
    for name, info in ffi.typeof(struct).fields:
        item = getattr(struct, name)
        if info.type.kind == "struct":
            yield from _numbers(item, f"{path}{name}.")
        elif info.type.kind == "primitive":
            yield struct, name, f"{path}{name}"


def test_every_number_of_a_configuration_has_two_bounds():
    fault = ffi.new("press_config_fault_t *")
    config = good_config()
    assert lib.wip_config_check(config, fault) == 0
    for owner, name, path in list(_numbers(config[0])):
        was = getattr(owner, name)
        for wild in (math.nan, math.inf, -math.inf) if isinstance(was, float) else (2**32 - 1,):
            setattr(owner, name, wild)
            assert lib.wip_config_check(config, fault) == 1, path
            assert ffi.string(fault.field).decode() == path
            setattr(owner, name, was)


@pytest.mark.parametrize(
    "field", ["pressure_target_mpa", "pressure_rate_mpa_per_s", "wall_temperature_target_c"]
)
def test_a_command_with_a_number_that_is_none_neither_pumps_nor_heats(field):
    wip = Wip().arm()
    wip.lock()
    wip.pump_to(5.0)
    wip.command.heat_enable = 1
    wip.command.wall_temperature_target_c = 60.0
    wip.request("yoke_close")
    wip.tick(5)
    assert {"pump", "contactor_jacket"} <= wip.outputs
    setattr(wip.command, field, math.nan)
    wip.tick(5)
    assert wip.outputs == {"yoke_close"}
    assert wip.output.pump_speed_fraction == 0.0
