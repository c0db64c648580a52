"""Validation of a WIP: equal to its reference tick by tick, and what a stuck sensor leads to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import GOOD, UNCERTAIN, plain
from reference.wip_validate import WipValidator
from test_validate import ages, raw_values
from test_wip_cycle import at_hold, warm
from wip_case import CHANNEL, OUTPUT, Wip
from wip_cycle import TARGET_MPA, Cycle

from controller.kernel import lib

PRESSURES = ("vessel_a_pressure_mpa", "vessel_b_pressure_mpa")
FLUIDS = ("fluid_1_temperature_c", "fluid_2_temperature_c")
STUCK_PRESSURE_S, STUCK_TEMPERATURE_S = 10.0, 60.0  # the longest that a fault may go unseen


# ---- the reference, with == ------------------------------------------------------------------

disturbances = st.lists(
    st.tuples(
        st.integers(0, lib.WIP_CHANNEL_COUNT - 1), raw_values, ages, st.sampled_from([1, 1, 1, 0])
    ),
    max_size=3,
)
frames = st.tuples(disturbances, st.sampled_from([1, 1, 1, 1, 0]))


@st.composite
def configs(draw):
    """Changes to the good configuration: which channels are fitted, and how they are judged."""
    return {
        number: {
            "fitted": draw(st.sampled_from([1, 1, 1, 0])),
            "kind": draw(st.sampled_from([0, 1, 2])),
            "filter_s": draw(st.sampled_from([0.0, 0.02, 0.5])),
            "stuck_s_max": draw(st.sampled_from([0.03, 0.05, 60.0])),
            "flat_s_max": draw(st.sampled_from([0.04, 60.0])),
            "stuck_band_channel_unit": draw(st.sampled_from([0.0, 0.005, 3.0])),
            "noise_channel_unit_max": draw(st.sampled_from([0.0, 0.5, 1000.0])),
            "rate_channel_unit_per_s_max": draw(st.sampled_from([2.0, 1e6])),
        }
        for number in draw(st.lists(st.integers(0, 16), max_size=10, unique=True))
    }


@settings(max_examples=150, deadline=None)
@given(
    configs(),
    st.lists(frames, min_size=1, max_size=40),
    st.tuples(st.floats(-4, 4), st.floats(-4, 4)),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.0, 0.2, 0.21, 1.0]),
)
def test_equal_to_the_reference(changes, ticks, tare, pumped_s, let_off_s, duty):
    wip = Wip()
    for number, fields in changes.items():
        for field, number_ in fields.items():
            setattr(wip.config.channel[number], field, number_)
    wip.state.pressure_tare_mpa = tare
    wip.state.over_run_s, wip.state.not_falling_s = pumped_s, let_off_s
    wip.state.jacket_duty_fraction = duty
    wip.state.digital_output_bits = 1 << OUTPUT["contactor_jacket"]
    reference = WipValidator(plain(wip.config), tare, pumped_s + let_off_s > 0.0, duty > 0.2)
    for disturbed, ahead in ticks:
        for number, raw, age_s, ok in disturbed:
            wip.sensor.reading_channel_unit[number] = raw
            wip.sensor.reading_age_s[number] = age_s
            wip.sensor.reading_ok[number] = ok
        wip.sensor.tick += ahead
        lib.wip_validate(wip.config, wip.state, wip.sensor, wip.seen)
        seen, expected = plain(wip.seen), reference.step(plain(wip.sensor))
        assert {name: getattr(seen, name) for name in expected} == expected
        assert all(math.isfinite(unit) for unit in seen.measurement_channel_unit)


# ---- each rule at its limit ------------------------------------------------------------------


def stuck_after(wip: Wip, name: str, most: int = 400) -> int | None:
    for tick in range(1, most + 1):
        wip.tick()
        if "stuck" in wip.reasons(name):
            return tick
    return None


def still(name: str, stuck_s: float = 1.0) -> Wip:
    wip = Wip().under(100.0)
    wip.config.channel[CHANNEL[name]].stuck_s_max = stuck_s
    return wip


@pytest.mark.parametrize("name", [*PRESSURES, *FLUIDS, "jacket_temperature_c"])
def test_a_still_sensor_is_not_accused_at_rest(name):
    assert stuck_after(still(name), name) is None


@pytest.mark.parametrize(("rise_mpa", "stuck"), [(1.9, False), (2.1, True)])
@pytest.mark.parametrize("name", PRESSURES)
def test_a_transducer_that_stands_still_while_the_other_moves_is_stuck(name, rise_mpa, stuck):
    wip = still(name)
    (other,) = set(PRESSURES) - {name}
    wip.put(other, 100.0 + rise_mpa)
    ticks = stuck_after(wip, name)
    assert (ticks is not None) is stuck
    if ticks is not None:
        assert ticks == pytest.approx(100, abs=20)  # and its mate's filter
        wip.tick(20)
        assert wip.trips == {"pressure_sensor"}
        assert wip.quality(other) == GOOD
        assert wip.state.pressure_mpa == pytest.approx(100.0 + rise_mpa, abs=0.1)


@pytest.mark.parametrize(("rise_k", "stuck"), [(0.9, False), (1.1, True)])
@pytest.mark.parametrize("name", FLUIDS)
def test_a_thermometer_that_stands_still_while_the_other_moves_is_not_believed(name, rise_k, stuck):
    wip = still(name)
    (other,) = set(FLUIDS) - {name}
    wip.put(other, 22.0 + rise_k)
    assert (stuck_after(wip, name, 600) is not None) is stuck
    assert wip.trips == set()  # the other one is enough
    assert wip.seen.temperature_quality == GOOD


@pytest.mark.parametrize(("duty", "stuck"), [(0.2, False), (0.21, True)])
def test_a_jacket_that_is_heated_and_stands_still_is_stuck_and_loses_its_heat(duty, stuck):
    wip = still("jacket_temperature_c")
    wip.command.heat_enable = 1
    wip.config.vessel.jacket_power_w = 1e5
    wip.config.drive.jacket_kp_per_c = 0.0
    wip.config.vessel.jacket_w_per_k = 0.0
    wip.config.vessel.jacket_loss_w_per_k = 1e5 * duty / 22.0
    wip.config.vessel.ambient_temperature_c = 0.0
    wip.config.drive.wall_gain_ratio = 0.0
    wip.command.wall_temperature_target_c = 22.0
    wip.tick(300)
    assert wip.state.jacket_duty_fraction == pytest.approx(duty)
    assert ("stuck" in wip.reasons("jacket_temperature_c")) is stuck
    wip.tick(250)
    assert wip.trips == ({"temperature_sensor"} if stuck else set())
    assert ("contactor_jacket" in wip.outputs) is not stuck


def test_the_low_transducer_that_stays_behind_is_stuck_and_keeps_the_mouth_shut():
    wip = Wip().arm()
    wip.config.channel[CHANNEL["vessel_low_pressure_bar"]].stuck_s_max = 1.0
    wip.tick(5)
    for name in PRESSURES:
        wip.put(name, 3.0)
    wip.settle(150)
    assert wip.reasons("vessel_low_pressure_bar") == {"stuck"}
    for name in PRESSURES:
        wip.put(name, 0.0)
    wip.settle(150)
    assert wip.reasons("vessel_low_pressure_bar") == {"stuck"}  # until it moves
    assert "mouth_under_pressure" in wip.interlocks
    wip.put("vessel_low_pressure_bar", 0.01)
    wip.tick(5)
    assert "mouth_under_pressure" not in wip.interlocks


def test_the_low_transducer_shut_off_above_its_span_is_not_stuck():
    wip = still("vessel_low_pressure_bar")
    for name in PRESSURES:
        wip.put(name, 110.0)
    assert stuck_after(wip, "vessel_low_pressure_bar") is None


@pytest.mark.parametrize("name", [*PRESSURES, *FLUIDS, "h2s_purge_ppm", "jacket_temperature_c"])
def test_noise_that_has_stopped_makes_a_channel_uncertain_and_holds(name):
    wip = Wip().under(100.0)
    wip.config.channel[CHANNEL[name]].flat_s_max = 1.0
    was = wip.seen.measurement_channel_unit[CHANNEL[name]]
    for tick in range(300):
        wip.put(name, was + 0.02 * ((tick + 1) % 2))
        wip.tick()
        assert wip.quality(name) == GOOD
    ticks = stuck_after(wip, name)
    assert ticks is not None
    assert ticks == pytest.approx(100, abs=2)
    assert wip.quality(name) == UNCERTAIN
    assert "sensor_flat" in wip.advisories
    assert wip.trips == set()


def test_one_spike_is_told_to_nobody_and_the_sixth_in_a_minute_is():
    wip = Wip().under(100.0)
    for spike in range(6):
        assert wip.advisories == set()
        wip.put("h2s_purge_ppm", 60.0)
        wip.tick()
        wip.put("h2s_purge_ppm", 0.0)
        wip.tick(400)
        assert spike == 5 or wip.quality("h2s_purge_ppm") == GOOD
    assert wip.advisories == {"sensor_spikes"}
    assert wip.trips == set()


# ---- in the simulated vessel, with its own noise ---------------------------------------------


def frozen(cycle: Cycle, *stuck: str) -> None:
    """From now on these channels say what they said last."""
    numbers = {CHANNEL[name]: cycle.wire.readings[CHANNEL[name]] for name in stuck}
    tick = cycle.tick

    def tick_frozen() -> None:
        for number, reading in numbers.items():
            cycle.wire.readings[number] = reading
        tick()

    cycle.tick = tick_frozen  # type: ignore[method-assign]


def at_50_mpa(rate: float) -> Cycle:
    cycle = warm()
    cycle.fill(60.0)
    cycle.leak_test()
    cycle.pump(200.0, rate, band_k=0.0)
    cycle.until(lambda: cycle.seen.vessel_pressure_mpa > 50.0, 300.0)
    assert cycle.seen.advisory_bits == 0
    return cycle


def told(cycle: Cycle) -> bool:
    return bool(cycle.seen.advisory_bits >> lib.WIP_ADVISORY_SENSOR_FLAT & 1)


@pytest.mark.parametrize("stuck", [PRESSURES[:1], PRESSURES[1:], PRESSURES])
@pytest.mark.parametrize("rate", [0.3, 4.0])
def test_a_transducer_stuck_while_pumping_stops_the_pump_in_time(stuck, rate):
    cycle = at_50_mpa(rate)
    frozen(cycle, *stuck)
    took_s = cycle.until(lambda: told(cycle), STUCK_PRESSURE_S)
    held = cycle.seen.interlock_bits >> lib.WIP_INTERLOCK_PRESSURE_UNCERTAIN & 1
    assert cycle.trips or held
    cycle.wait(0.5)
    assert cycle.output.pump_speed_fraction == 0.0
    assert cycle.plant.truth()["vessel_pressure_mpa"] < 50.0 + 12.0 + rate * took_s


@pytest.mark.parametrize("stuck", [PRESSURES[:1], PRESSURES])
def test_a_transducer_stuck_while_letting_off_is_told_in_time(stuck):
    cycle = at_50_mpa(4.0)
    cycle.command.mode = lib.WIP_MODE_RELEASE
    cycle.command.pressure_target_mpa = 0.0
    cycle.command.pressure_rate_mpa_per_s = 1.0
    cycle.wait(3.0)
    assert cycle.seen.advisory_bits == 0
    frozen(cycle, *stuck)
    cycle.until(lambda: told(cycle), STUCK_PRESSURE_S)
    assert told(cycle) or cycle.trips & {"pressure_sensor", "pressure_disagreement"}


@pytest.mark.parametrize("stuck", [FLUIDS[:1], FLUIDS])
def test_thermometers_stuck_while_pumping_are_told_in_time(stuck):
    cycle = at_50_mpa(1.0)
    frozen(cycle, *stuck)
    cycle.until(lambda: told(cycle), STUCK_TEMPERATURE_S)
    assert told(cycle)


def test_a_whole_cycle_accuses_no_sensor():
    cycle = at_hold(warm(2), 60.0)
    assert cycle.seen.vessel_pressure_mpa == pytest.approx(TARGET_MPA, abs=1.0)
    shown = 0
    tick = cycle.tick

    def tick_seen() -> None:
        nonlocal shown
        tick()
        shown |= cycle.seen.advisory_bits

    cycle.tick = tick_seen  # type: ignore[method-assign]
    cycle.release()
    cycle.unlock()
    assert shown == 0
