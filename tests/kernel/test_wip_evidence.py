"""Trips of a WIP that rest on evidence: a relay, a pump and a needle that do not obey."""

from __future__ import annotations

import pytest
from kernel_case import bits
from wip_case import CHANNEL, INPUT, Wip

from controller.kernel import lib


@pytest.mark.parametrize("duty", [0.1, 0.6])
def test_a_welded_relay_is_found_between_the_windows_of_a_jacket_that_heats(duty):
    """Off-time is added up over windows: no window alone is as long as the limit."""
    wip = Wip(limit__ssr_welded_s=2.0).arm()
    wip.command.heat_enable = 1
    wip.command.wall_temperature_target_c = 40.0
    wip.welded = True
    wip.sensor.reading_channel_unit[CHANNEL["jacket_current_a"]] = wip.jacket_a
    seen_a_window_s = 2.0 * (1.0 - duty) - 0.3
    for _ in range(round(200 * (2.0 / seen_a_window_s + 1.0))):
        wip.state.jacket_duty_fraction = duty
        wip.state.window_on_ticks = round(duty * 200)
        wip.tick()
    assert wip.trips == {"ssr_welded"}


def test_a_pump_that_does_not_stop_is_told_from_its_contact():
    wip = Wip().under(5.0)
    wip.inputs |= bits(INPUT, "pump_running")
    wip.tick(38)
    assert wip.trips == set()
    wip.tick(3)
    assert wip.trips == {"pump_mismatch"}


@pytest.mark.parametrize(("over_mpa", "tripped"), [(1.8, False), (2.6, True)])
def test_a_pressure_that_outruns_its_setpoint_stops_the_pump(over_mpa, tripped):
    wip = Wip().under(20.0)
    wip.pump_to(490.0, 1e-3)
    wip.tick(20)
    assert "pump" in wip.outputs
    for step in range(1, 41):
        wip.put_pressure(20.0 + over_mpa * step / 40)
        wip.tick()
    wip.tick(10)
    assert ("pressure_uncommanded" in wip.trips) is tripped
    assert ("pump" in wip.outputs) is not tripped


def test_a_needle_that_jams_is_told_within_a_second_and_one_that_travels_is_not():
    wip = Wip().under(100.0)
    wip.command.mode = lib.WIP_MODE_RELEASE
    wip.command.pressure_rate_mpa_per_s = 5.0
    for _ in range(300):
        wip.state.needle_gain_ratio = 0.2  # sends it far
        wip.tick()
    assert wip.needle_fraction > 0.2
    assert "needle_mismatch" not in wip.trips
    wip.needle_jammed = True
    wip.command.mode = lib.WIP_MODE_OFF
    wip.tick(69)
    assert "needle_mismatch" not in wip.trips
    wip.tick(40)
    assert "needle_mismatch" in wip.trips
    assert "decompression_valve" not in wip.outputs
