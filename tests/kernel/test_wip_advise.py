"""The WIP's advisories: each row just below and at its limit, and what no advisory may do."""

from __future__ import annotations

import pytest
from kernel_case import bits
from wip_case import ADVICE, ADVISORY, CHANNEL, INPUT, LIMIT, Wip

from controller.kernel import ffi, lib

WARN, HOLD = lib.PRESS_ADVICE_WARN, lib.PRESS_ADVICE_HOLD


def ticks_to(wip: Wip, name: str, most: int = 800) -> int | None:
    for tick in range(1, most + 1):
        wip.tick()
        if name in wip.advisories:
            return tick
    return None


def tared(mpa: float) -> Wip:
    """Under pressure with its zeros taken, so that nothing is forgiven."""
    wip = Wip().under(mpa)
    wip.state.pressure_tared = wip.state.temperature_tared = 1
    return wip


def test_every_row_has_a_text_and_warns_or_holds_but_not_both():
    texts = {ffi.string(lib.wip_advisory_text(row)) for row in ADVISORY.values()}
    actions = [lib.wip_advisory_action_bits(row) for row in ADVISORY.values()]
    assert len(texts) == len(ADVISORY) == lib.WIP_ADVISORY_COUNT
    assert all(action == WARN or action & (WARN | HOLD) == HOLD for action in actions)


@pytest.mark.parametrize("row", [-1, len(ADVISORY), 2**31 - 1, -(2**31)])
def test_a_row_that_is_not_there_holds(row):
    assert ffi.string(lib.wip_advisory_text(row)) == b"unknown advisory"
    assert lib.wip_advisory_action_bits(row) == HOLD


def test_an_advisory_takes_no_output_and_no_permissive_away():
    wip = tared(300.0)
    wip.pump_to(300.0)
    wip.request("yoke_close")
    wip.tick(20)
    before, missing = wip.outputs, wip.missing
    wip.put("h2s_purge_ppm", 4.0)
    wip.put("vessel_b_pressure_mpa", 304.0)
    assert ticks_to(wip, "pressure_drift") is not None
    assert ticks_to(wip, "h2s_trace") is not None
    assert wip.outputs == before
    assert wip.missing == missing | {"h2s_clear"}
    assert wip.trips == set()


def test_a_row_is_shown_for_a_second_after_its_cause_has_gone_and_counted_as_a_change():
    wip = tared(300.0)
    changes = wip.seen.change_count
    wip.inputs &= ~bits(INPUT, "water_flow_ok")
    assert ticks_to(wip, "water_lost") == ADVICE["flow_s"] / 0.01
    assert wip.seen.change_count == changes + 1
    wip.inputs |= bits(INPUT, "water_flow_ok")
    shown = next(tick for tick in range(1, 400) if not (wip.tick(), wip.advisories)[1])
    assert shown == pytest.approx(100, abs=2)
    assert wip.seen.change_count == changes + 2


@pytest.mark.parametrize(("required", "told"), [(1, True), (0, False)])
def test_a_required_sensor_that_is_bad_holds_within_300_ms(required, told):
    wip = tared(300.0)
    channel = CHANNEL["h2s_exhaust_ppm"]
    wip.config.channel[channel].required = required
    wip.sensor.reading_ok[channel] = 0
    ticks = ticks_to(wip, "sensor_bad", 60)
    assert (ticks is not None and ticks <= 30) == told


PAIR_MPA = LIMIT["pressure_pair_mpa_max"]


@pytest.mark.parametrize(
    ("apart_mpa", "told"),
    [
        (0.9 * ADVICE["drift_ratio_warn"] * PAIR_MPA, set()),
        (1.1 * ADVICE["drift_ratio_warn"] * PAIR_MPA, {"pressure_drift"}),
        (1.1 * ADVICE["drift_ratio_hold"] * PAIR_MPA, {"pressure_drift", "pressure_drift_far"}),
    ],
)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_transducers_that_drift_are_told_before_they_trip(apart_mpa, told, sign):
    wip = tared(300.0)
    wip.put("vessel_b_pressure_mpa", 300.0 + sign * apart_mpa)
    wip.tick(400)
    assert wip.seen.pressure_pair_mpa == pytest.approx(-sign * apart_mpa, rel=1e-6)
    assert wip.advisories == told
    assert wip.trips == set()


@pytest.mark.parametrize(
    ("apart_k", "told"),
    [
        (0.9 * ADVICE["thermometer_k_warn"], set()),
        (1.1 * ADVICE["thermometer_k_warn"], {"thermometers_apart"}),
        (
            1.1 * ADVICE["thermometer_k_hold"],
            {"thermometers_apart", "thermometers_far_apart"},
        ),
    ],
)
def test_thermometers_that_differ_are_told(apart_k, told):
    wip = tared(300.0)
    wip.put("fluid_2_temperature_c", 22.0 + apart_k)
    wip.settle(800)
    assert wip.advisories - {"pressure_leak"} == told  # warmer at the same pressure
    wip.state.temperature_tared = 0
    wip.tick(200)
    assert "thermometers_apart" not in wip.advisories  # a tare may still take it


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (1.02 * ADVICE["heater_weak_fraction"], set()),
        (0.98 * ADVICE["heater_weak_fraction"], {"heater_weak"}),
        (0.98 * ADVICE["heater_break_fraction"], {"heater_weak", "heater_break"}),
    ],
)
def test_a_jacket_with_part_of_its_current_is_told(ratio, told):
    wip = tared(5.0)
    wip.jacket_a = ratio * ADVICE["jacket_current_a"]
    wip.command.heat_enable = 1
    wip.command.wall_temperature_target_c = 60.0
    wip.tick(400)
    assert wip.seen.jacket_current_ratio == pytest.approx(ratio, rel=1e-6)
    assert wip.advisories & {"heater_weak", "heater_break"} == told


def test_current_through_an_open_contactor_is_told_and_trips():
    wip = tared(5.0)
    wip.welded = True
    wip.put("jacket_current_a", 13.0)
    ticks = ticks_to(wip, "no_isolation")
    assert ticks is not None
    assert ticks <= 500


@pytest.mark.parametrize("mbar_per_min", [0.05, 0.15])
def test_an_evacuated_bag_that_loses_its_vacuum_holds(mbar_per_min):
    wip = Wip().arm()
    wip.request("vacuum_pump", "vacuum_valve")
    wip.put("bag_pressure_mbar", 0.5)
    wip.settle()
    wip.request()
    for tick in range(3000):
        wip.put("bag_pressure_mbar", 0.5 + mbar_per_min * tick / 6000.0)
        wip.tick()
    assert wip.seen.bag_rise_mbar_per_min == pytest.approx(mbar_per_min, rel=0.05)
    leaks = mbar_per_min > ADVICE["bag_mbar_per_min"]
    assert wip.advisories == ({"bag_leak"} if leaks else set())


def test_a_bag_that_was_never_evacuated_is_not_judged():
    wip = Wip().arm()
    for tick in range(2000):
        wip.put("bag_pressure_mbar", 10.0 + tick / 600.0)
        wip.tick()
    assert wip.advisories == set()


def test_a_pump_that_gives_no_pressure_holds_long_before_it_trips():
    wip = tared(5.0)
    wip.pump_to(490.0)
    ticks = ticks_to(wip, "pressure_not_rising", 1500)
    assert ticks is not None
    assert ticks <= 100 * (ADVICE["not_rising_s"] + 2.0)
    assert wip.trips == set()
    asked = lib.wip_advisory_action_bits(ADVISORY["pressure_not_rising"])
    assert asked == HOLD | lib.PRESS_ADVICE_PUMP_OFF


def test_a_needle_that_stays_shut_holds():
    wip = tared(300.0)
    wip.command.mode = lib.WIP_MODE_RELEASE
    wip.command.pressure_rate_mpa_per_s = 5.0
    ticks = ticks_to(wip, "pressure_not_falling", 1500)
    assert ticks is not None
    assert ticks <= 100 * (ADVICE["not_falling_s"] + 2.0)


@pytest.mark.parametrize(
    ("gain", "worn"), [(1.2, False), (1.3, True), (1 / 1.2, False), (1 / 1.3, True)]
)
def test_a_worn_or_clogged_needle_is_told(gain, worn):
    wip = tared(300.0)
    wip.state.needle_gain_ratio = gain
    wip.tick()
    assert ("needle_worn" in wip.advisories) is worn


@pytest.mark.parametrize(("fraction", "near"), [(0.975, False), (0.985, True)])
def test_a_pressure_near_its_limit_holds_without_heat(fraction, near):
    wip = tared(fraction * LIMIT["pressure_mpa_max"])
    assert ("pressure_near_limit" in wip.advisories) is near
    assert wip.trips == set()
    asked = lib.wip_advisory_action_bits(ADVISORY["pressure_near_limit"])
    assert asked == HOLD | lib.PRESS_ADVICE_HEATERS_OFF


@pytest.mark.parametrize(("ppm", "told"), [(0.9, False), (1.1, True)])
def test_a_trace_of_h2s_is_told_below_the_alarm(ppm, told):
    wip = Wip().arm()
    wip.put("h2s_purge_ppm", ppm)
    wip.settle(600)
    assert ("h2s_trace" in wip.advisories) is told
    assert "h2s_alarm" not in wip.interlocks


@pytest.mark.parametrize(
    ("fallen", "advisory"),
    [
        ("oil_level_ok", "oil_not_ok"),
        ("oil_filter_ok", "oil_not_ok"),
        ("oil_temperature_ok", "oil_not_ok"),
        ("guard_a_closed", "guard_discrepancy"),
        ("lid_locked_b", "guard_discrepancy"),
    ],
)
def test_a_switch_that_falls_is_told_within_its_time(fallen, advisory):
    wip = Wip().arm()
    wip.lock()
    wip.tick(100)
    assert wip.advisories == set()
    wip.inputs &= ~bits(INPUT, fallen)
    ticks = ticks_to(wip, advisory)
    assert ticks is not None
    assert ticks <= 110


def test_an_output_that_nobody_here_switched_on_is_told():
    wip = Wip().arm()
    wip.tick(5)
    wip.follow = False
    wip.sensor.digital_output_bits_readback = wip.state.digital_output_bits | 1
    wip.tick()
    assert wip.advisories == {"foreign_output"}
