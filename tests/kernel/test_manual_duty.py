"""Manual duty: the windows give what is asked, every gate stays, coming back is bumpless."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import OUTPUT, ZONES, bits
from test_thermal import WINDOW, Law, ssr

from controller.kernel import lib

ALL_ZONES = (1 << len(ZONES)) - 1
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def manual_law(duty, zone_bits=ALL_ZONES):
    law = Law()
    law.command.heat_enable = 1
    law.command.manual_zone_bits = zone_bits
    law.command.manual_duty_fraction = [duty] * len(ZONES)
    return law


def share_on(law, windows=4):
    """Share of time each SSR was on, after the windows have begun."""
    for _ in range(2 * WINDOW):
        law.tick()
    count = [0] * len(ZONES)
    for _ in range(windows * WINDOW):
        on = law.tick()
        for zone in ZONES:
            count[zone] += ssr(zone) in on
    return [number / (windows * WINDOW) for number in count]


@given(st.floats(0.0, 1.0))
@settings(max_examples=10, deadline=None)
def test_the_windows_give_the_duty_that_is_asked(duty):
    for share in share_on(manual_law(duty)):
        assert abs(share - duty) <= 2 / (4 * WINDOW) + 1e-9


@given(ANYTHING)
@settings(max_examples=20, deadline=None)
def test_a_duty_outside_its_bounds_is_clamped_and_no_number_is_none(duty):
    law = manual_law(duty)
    for _ in range(2 * WINDOW + 2):
        law.tick()
    wanted = min(1.0, max(0.0, duty)) if math.isfinite(duty) else 0.0
    assert list(law.output.heater_duty_fraction) == [wanted] * len(ZONES)


def test_the_other_zones_keep_their_law():
    law = manual_law(0.0, zone_bits=1)
    shares = share_on(law)
    assert shares[0] == 0.0
    assert min(shares[1:]) > 0.0


def test_nothing_is_given_without_heat_enable_or_under_a_trip():
    law = manual_law(1.0)
    law.command.heat_enable = 0
    assert max(share_on(law)) == 0.0
    law = manual_law(1.0)
    law.state.observation.trip_action_bits = lib.PRESS_ACTION_HEATERS_OFF
    assert max(share_on(law)) == 0.0


def test_coming_back_the_law_starts_from_the_duty_there_was():
    law = manual_law(0.37)
    law.command.temperature_target_c = 22.0
    for _ in range(3 * WINDOW):
        law.tick()
    law.command.manual_zone_bits = 0
    for _ in range(law.config.thermal_ticks):
        law.tick()
    for zone in ZONES:
        assert abs(law.state.zone[zone].demand_fraction - 0.37) < 0.02


def test_the_last_gate_takes_a_manual_duty_away(armed):
    """Through press_act: a lapsed lease, an interlocked zone and a trip leave nothing."""
    armed.heat()
    armed.wanted_bits |= bits(OUTPUT, *(ssr(zone) for zone in ZONES))
    armed.wanted_duty = [1.0] * len(ZONES)
    armed.command.manual_zone_bits = ALL_ZONES
    armed.tick(20)
    assert {ssr(zone) for zone in ZONES} <= armed.outputs
    armed.command.heat_enable = 0
    armed.tick()
    assert not {ssr(zone) for zone in ZONES} & armed.outputs
