"""The advisory table: each row just below and at its limit, and what no advisory may do."""

from __future__ import annotations

import pytest
from kernel_case import ADVISORY, CHANNEL, INPUT, OUTPUT, Bench, bits
from test_trip_limits import at_work

from controller.kernel import PRESS, ffi, lib

WARN, HOLD = lib.PRESS_ADVICE_WARN, lib.PRESS_ADVICE_HOLD
STEP = 10  # ticks of the thermal laws


def ticks_to(bench: Bench, name: str, most: int = 800) -> int | None:
    for tick in range(1, most + 1):
        bench.tick()
        if name in bench.advisories:
            return tick
    return None


def test_every_row_has_a_text_and_warns_or_holds_but_not_both():
    texts = {ffi.string(lib.press_advisory_text(row)) for row in range(len(PRESS.advisories.names))}
    assert len(texts) == len(PRESS.advisories.names) == lib.PRESS_ADVISORY_COUNT
    assert all(bool(action & WARN) != bool(action & HOLD) for action in PRESS.advice)
    assert all(action == WARN or action & HOLD for action in PRESS.advice)


@pytest.mark.parametrize("row", [-1, len(ADVISORY), 2**31 - 1, -(2**31)])
def test_a_row_that_is_not_there_holds(row):
    assert ffi.string(lib.press_advisory_text(row)) == b"unknown advisory"
    assert lib.press_advisory_action_bits(row) == HOLD


def test_a_press_in_order_is_advised_of_nothing():
    bench = at_work()
    for _ in range(300):
        bench.tick()
        assert bench.advisories == set()


def test_an_advisory_takes_no_output_and_no_permissive_away():
    bench = at_work()
    before, missing = bench.outputs, bench.missing
    bench.inputs &= ~bits(INPUT, "oil_level_ok")
    bench.config.channel[CHANNEL["oil_temperature_c"]].flat_s_max = 1.0
    assert ticks_to(bench, "sensor_flat") is not None
    assert bench.outputs == before
    assert bench.missing <= missing | {"oil_ok", "sensors_good"}


def test_a_row_is_shown_for_a_second_after_its_cause_has_gone():
    bench = at_work()
    bench.sensor.reading_ok[CHANNEL["lvdt_1_position_mm"]] = 0
    assert ticks_to(bench, "sensor_bad") is not None
    bench.sensor.reading_ok[CHANNEL["lvdt_1_position_mm"]] = 1
    shown = next(tick for tick in range(1, 400) if not (bench.tick(), bench.advisories)[1])
    assert 90 <= shown <= 120


# ---- sensors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("required", "told"), [(1, True), (0, False)])
def test_a_required_sensor_that_is_bad_holds_within_300_ms(required, told):
    bench = at_work()
    channel = CHANNEL["lvdt_1_position_mm"]
    bench.config.channel[channel].required = required
    bench.sensor.reading_ok[channel] = 0
    ticks = ticks_to(bench, "sensor_bad", 60)
    assert (ticks is not None and ticks <= 30) == told


def test_a_short_loss_of_a_sensor_holds_nothing():
    bench = at_work()
    bench.sensor.reading_ok[CHANNEL["lvdt_1_position_mm"]] = 0
    bench.tick(5)
    bench.sensor.reading_ok[CHANNEL["lvdt_1_position_mm"]] = 1
    assert ticks_to(bench, "sensor_bad", 60) is None


def living(bench: Bench, tick: int, name: str, quiet: bool) -> None:
    """A reading with the least of noise, or none."""
    bench.put(name, 100.0 if quiet else 100.0 + 0.2 * (tick % 2))
    bench.tick()


@pytest.mark.parametrize("name", ["cylinder_a_pressure_bar", "zone_1_temperature_c"])
def test_noise_that_has_stopped_makes_a_channel_uncertain_and_holds(name):
    bench = at_work()
    bench.config.channel[CHANNEL[name]].flat_s_max = 2.0
    for tick in range(300):
        living(bench, tick, name, quiet=False)
    assert bench.advisories == set()
    for tick in range(198):
        living(bench, tick, name, quiet=True)
    assert bench.quality(name) == lib.PRESS_GOOD
    for tick in range(14):
        living(bench, tick, name, quiet=True)
    assert (bench.quality(name), bench.reasons(name)) == (lib.PRESS_UNCERTAIN, {"stuck"})
    assert "sensor_flat" in bench.advisories
    assert bench.trips == set()


def test_a_zone_that_stands_still_gets_no_heat_and_the_others_do():
    bench = at_work()
    bench.config.channel[0].flat_s_max = 1.0
    bench.wanted_bits |= bits(OUTPUT, "heater_1_ssr", "heater_2_ssr")
    bench.tick(110)
    assert bench.outputs & {"heater_1_ssr", "heater_2_ssr"} == {"heater_2_ssr"}


def test_a_pressure_at_rest_need_not_move_while_the_pump_is_off(armed):
    armed.config.channel[CHANNEL["cylinder_a_pressure_bar"]].flat_s_max = 1.0
    armed.tick(500)
    assert armed.advisories == set()


def test_a_coarse_converter_is_known_by_its_steps_and_not_called_flat():
    bench = at_work()
    bench.config.channel[0].flat_s_max = 1.0
    bench.config.channel[0].noise_channel_unit_max = 0.6
    bench.put("zone_1_temperature_c", 100.6)  # a step of a whole noise bound: its resolution
    bench.tick(2)
    bench.config.channel[0].noise_channel_unit_max = 0.5
    assert ticks_to(bench, "sensor_flat", 400) is None


@pytest.mark.parametrize(("bar", "told"), [(0.2, False), (1.2, True)])
def test_a_burst_of_noise_is_told_and_a_single_step_is_not(bar, told):
    bench = at_work()
    channel = CHANNEL["cylinder_a_pressure_bar"]
    bench.config.channel[channel].noise_channel_unit_max = 2.0
    bench.tick(300)
    bench.put("cylinder_a_pressure_bar", 101.5)
    assert ticks_to(bench, "sensor_noisy", 60) is None
    for tick in range(100):
        bench.put("cylinder_a_pressure_bar", 101.5 + bar * (tick % 2))
        bench.tick()
    assert ("sensor_noisy" in bench.advisories) == told


@pytest.mark.parametrize(("spikes", "told"), [(5, False), (6, True)])
def test_more_than_five_spikes_a_minute_are_told(armed, spikes, told):
    for _ in range(spikes):
        armed.put("oil_temperature_c", 500.0)  # out of range, not only too fast
        armed.tick(3)
        armed.put("oil_temperature_c", 22.0)
        armed.tick(200)
    assert ("sensor_spikes" in armed.advisories) == told
    assert armed.trips == set()


@pytest.mark.parametrize(
    ("apart_bar", "rows"),
    [
        (2.2, set()),
        (2.3, {"pressure_drift"}),
        (4.4, {"pressure_drift"}),
        (4.6, {"pressure_drift", "pressure_drift_far"}),
    ],
)
def test_two_transducers_apart_are_told_before_they_trip(apart_bar, rows):
    bench = at_work()
    bench.put("cylinder_b_pressure_bar", 100.0 - apart_bar)
    bench.tick(60)
    assert bench.advisories == rows
    assert bench.trips == set()


def test_a_saturated_transducer_contradicts_nobody():
    bench = at_work()
    bench.sensor.reading_channel_unit[CHANNEL["cylinder_b_pressure_bar"]] = 3.7
    bench.tick(100)
    assert bench.reasons("cylinder_b_pressure_bar") == {"saturated"}
    assert (bench.advisories, bench.trips) == (set(), set())


@pytest.mark.parametrize(("factor", "rows"), [(1.06, set()), (1.082, {"pressure_drift"})])
def test_a_load_cell_that_drifts_is_seen_above_friction(factor, rows):
    bench = at_work()
    truth_kn = 100.0 * 20110.0 * 1e-4 - 6.5
    bench.put("load_cell_force_kn", truth_kn * factor)
    bench.tick(60)
    assert bench.advisories == rows


# ---- heat, services, wires -------------------------------------------------------------------


@pytest.mark.parametrize(("current_a", "told"), [(3.95, False), (3.85, True)])
def test_a_heater_with_part_of_its_current_is_told(current_a, told):
    bench = at_work()
    bench.wanted_bits |= bits(OUTPUT, "heater_1_ssr")
    bench.tick(30)
    bench.follow = False
    bench.mirror()
    for _ in range(320):
        bench.mirror()
        bench.put("heater_1_current_a", current_a)
        bench.tick()
    assert ("heater_weak" in bench.advisories) == told
    assert bench.trips == set()


def test_current_through_an_open_contactor_is_told_beside_the_trip():
    bench = at_work()
    bench.wanted_bits &= ~bits(OUTPUT, "contactor_top", "contactor_bottom")
    bench.tick(30)
    bench.follow = False
    for _ in range(130):
        bench.mirror()
        bench.put("heater_1_current_a", 4.3)
        bench.tick()
    assert "no_isolation" in bench.advisories


@pytest.mark.parametrize(("open_ticks", "shut_ticks"), [(20, 180), (60, 0)])
def test_water_without_flow_is_told_even_when_it_is_pulsed(armed, open_ticks, shut_ticks):
    armed.command.cooling = lib.PRESS_COOLING_WATER
    armed.follow = False
    told_s = None
    for second in range(800):
        on = second % (open_ticks + shut_ticks) < open_ticks
        armed.wanted_bits = bits(OUTPUT, "cooling_water_top") if on else 0
        armed.mirror()
        armed.sensor.digital_input_bits &= ~bits(INPUT, "water_flow_ok")
        armed.tick()
        if "coolant_lost" in armed.advisories:
            told_s = second * 0.01
            break
    assert told_s is not None
    assert told_s <= (0.5 if shut_ticks == 0 else 2.5)


@pytest.mark.parametrize(("name", "row"), [("guard_a_closed", "guard_discrepancy")])
def test_two_contacts_that_disagree_are_told(armed, name, row):
    armed.inputs &= ~bits(INPUT, name)
    assert ticks_to(armed, row, 20) is None
    assert ticks_to(armed, row, 60) is not None


@pytest.mark.parametrize(
    ("lost_ticks", "rows", "trips"),
    [(2, set(), set()), (20, {"mains_dip"}, set()), (60, {"mains_dip"}, {"mains"})],
)
def test_a_dip_is_ridden_through_held_or_tripped_by_its_length(lost_ticks, rows, trips):
    bench = at_work(mains_s_max=0.5)
    bench.inputs &= ~bits(INPUT, "mains_ok", "safety_relay_ok")
    bench.tick(lost_ticks)
    bench.inputs |= bits(INPUT, "mains_ok")
    bench.tick(5)  # the relay picks up a little later
    bench.inputs |= bits(INPUT, "safety_relay_ok")
    bench.tick(30)
    assert (bench.advisories, bench.trips) == (rows, trips)


def test_a_relay_that_stays_open_after_the_dip_trips():
    bench = at_work(mains_s_max=0.5)
    bench.inputs &= ~bits(INPUT, "mains_ok", "safety_relay_ok")
    bench.tick(10)
    bench.inputs |= bits(INPUT, "mains_ok")
    bench.tick(29)
    assert bench.trips == set()
    bench.tick(2)
    assert bench.trips == {"safety_relay"}


def test_an_output_nobody_here_switched_on_is_told(armed):
    armed.follow = False
    armed.mirror()
    armed.sensor.digital_output_bits_readback = bits(OUTPUT, "dump_valve")
    assert ticks_to(armed, "foreign_output", 20) is not None


@pytest.mark.parametrize(("mpa", "told"), [(106.6, False), (106.8, True)])
def test_pressure_near_its_limit_holds(mpa, told):
    bench = at_work()
    bench.estimate["stack_pressure_mpa"] = mpa
    assert (ticks_to(bench, "pressure_near_limit", 20) is not None) == told


@pytest.mark.parametrize(("bar_per_min", "told"), [(2.9, False), (3.1, True)])
def test_a_slow_leak_of_retained_pressure_is_told(bar_per_min, told):
    bench = at_work(pressure_loss_s=5.0)
    bench.command.hydraulics, bench.wanted_bits = lib.PRESS_HYDRAULICS_OFF, 0
    bench.tick(250)
    for tick in range(1100):
        bench.put_pressure(100.0 - bar_per_min / 60.0 * tick * 0.01)
        bench.tick()
    assert ("pressure_leak" in bench.advisories) == told
    assert bench.trips == set()


def test_the_change_of_an_advisory_is_counted():
    bench = at_work()
    before = bench.seen.change_count
    bench.estimate["stack_pressure_mpa"] = 108.0
    bench.tick(20)
    assert bench.seen.change_count == before + 1
