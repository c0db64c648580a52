"""Every trip and interlock just below, at and just above its limit, one tick early and on time.

`ticks_to` counts the ticks from the offence to the latch: 1 is the tick that saw it.
"""

from __future__ import annotations

import math

import pytest
from kernel_case import CHANNEL, INPUT, OUTPUT, TRIP, ZONES, Bench, bits

from controller.kernel import ffi, lib


def ticks_to(bench, name, most=400):
    """Ticks until the trip is latched, None when it is not within `most`."""
    for tick in range(1, most + 1):
        bench.tick()
        if name in bench.trips:
            return tick
    return None


def at_work(**limits) -> Bench:
    """100 °C and 100 bar, heaters enabled, pump on; validation believes any step."""
    bench = Bench(**{f"limit__{name}": number for name, number in limits.items()}).arm()
    for channel in bench.config.channel:
        channel.noise_channel_unit_max = 1e5
        channel.filter_s = 0.0
    bench.put_zones(100.0)
    bench.put_pressure(100.0)
    bench.estimate.update(
        zone_temperature_setpoint_c=100.0,
        zone_temperature_c_median=100.0,
        stack_pressure_mpa=78.0,
        stack_pressure_setpoint_mpa=78.0,
        contact=1,
    )
    bench.heat()
    bench.press()
    bench.tick(30)
    assert bench.trips == set()
    return bench


# ---- digital inputs: in the tick that saw them -----------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "trip"),
    [
        (("estop_a_ok",), "estop"),
        (("estop_b_ok",), "estop"),
        (("guard_a_closed",), "guard_open"),
        (("guard_b_closed",), "guard_open"),
        (("safety_relay_ok",), "safety_relay"),
        (("limiter_ok",), "limiter"),
        (("mains_ok",), "mains"),
    ],
)
def test_a_lost_input_trips_at_once_and_is_the_first_out(inputs, trip):
    bench = at_work()
    bench.inputs &= ~bits(INPUT, *inputs)
    assert ticks_to(bench, trip) == 1
    assert bench.seen.first_out_trip == TRIP[trip]


def test_an_open_guard_at_rest_is_no_trip_but_a_missing_permissive(armed):
    armed.inputs &= ~bits(INPUT, "guard_a_closed")
    armed.tick(50)
    assert (armed.trips, armed.missing) == (set(), {"guard_closed"})


@pytest.mark.parametrize(("bar", "trips"), [(7.99, False), (8.01, True)])
def test_an_open_guard_trips_above_the_released_pressure(bar, trips):
    bench = at_work()
    bench.command.hydraulics, bench.wanted_bits = lib.PRESS_HYDRAULICS_OFF, 0
    bench.put_pressure(bar)
    bench.tick(3)
    bench.inputs &= ~bits(INPUT, "guard_a_closed")
    assert ticks_to(bench, "guard_open", 5) == (1 if trips else None)


def test_motion_asked_for_behind_an_open_guard_needs_a_reset_after_closing(armed):
    armed.inputs &= ~bits(INPUT, "guard_a_closed")
    armed.press()
    armed.tick()
    assert armed.outputs == set()
    armed.tick()
    assert armed.trips == {"guard_open"}
    armed.inputs |= bits(INPUT, "guard_a_closed")
    armed.tick(100)
    assert armed.trips == {"guard_open"}
    assert armed.outputs == set()
    armed.press_reset()
    assert "pump" in armed.outputs


# ---- I/O -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digital_ok", "readback_ok"])
def test_silent_digital_io_is_lost_after_200_ms(name):
    bench = at_work()
    setattr(bench.sensor, name, 0)
    assert ticks_to(bench, "io_lost") in (20, 21)  # more than 0.200 s, counted in ticks
    assert bench.outputs == set()


@pytest.mark.parametrize(("age_s", "lost"), [(0.2, False), (math.nextafter(0.2, 1), True)])
def test_digital_inputs_older_than_the_limit_are_lost(age_s, lost):
    bench = at_work()
    bench.sensor.digital_age_s = age_s
    assert ticks_to(bench, "io_lost", 5) == (1 if lost else None)


def test_all_analogue_inputs_silent_is_io_lost_one_of_them_alive_is_not():
    bench = at_work()
    for i in range(lib.PRESS_CHANNEL_COUNT):
        bench.sensor.reading_ok[i] = 0
    assert ticks_to(bench, "io_lost") in (20, 21)
    other = at_work()
    for i in range(1, lib.PRESS_CHANNEL_COUNT):
        other.sensor.reading_ok[i] = 0
    assert ticks_to(other, "io_lost", 40) is None


def test_a_lease_that_lapsed_at_a_device_trips_and_one_before_the_start_does_not():
    bench = Bench()
    bench.sensor.lease_lapse_count = 7
    bench.arm()
    bench.tick(10)
    assert bench.trips == set()
    bench.sensor.lease_lapse_count = 8
    assert ticks_to(bench, "io_lease_lapsed") == 1
    assert bench.seen.first_out_channel_unit == 8.0


@pytest.mark.parametrize("output", sorted(set(OUTPUT) - {"watchdog"}))
def test_each_output_bit_is_read_back(output):
    bench = at_work()
    bench.follow = False
    bench.tick()  # from here on the read-back stays as it was
    wrong = bench.state.digital_output_bits ^ bits(OUTPUT, output)
    bench.sensor.digital_output_bits_readback = wrong
    assert ticks_to(bench, "output_readback", 8) == 5  # readback_s_max = 50 ms


def test_a_watchdog_output_that_stands_still_is_read_back_too():
    bench = at_work()
    bench.follow = False
    bench.sensor.digital_output_bits_readback = bench.state.digital_output_bits
    assert ticks_to(bench, "output_readback", 20) is not None


def test_a_read_back_one_tick_late_is_no_mismatch():
    bench = at_work()
    for tick in range(100):
        bench.wanted_bits ^= bits(OUTPUT, f"heater_{tick % 6 + 1}_ssr")
        bench.tick()
        bench.mirror()
        bench.follow = False
        bench.sensor.digital_output_bits_readback = bench.state.digital_output_bits_previous
        bench.sensor.valve_open_fraction_readback = bench.state.valve_open_fraction_previous
        bench.observe()
        bench.act()
        bench.follow = True
    assert "output_readback" not in bench.trips


@pytest.mark.parametrize(
    ("off_fraction", "trips"), [(0.0, False), (0.0099, False), (0.0101, True), (math.nan, True)]
)
def test_the_analogue_output_is_read_back_to_a_hundredth(off_fraction, trips):
    bench = at_work()
    bench.wanted_valve_fraction = 0.5
    bench.tick(50)
    bench.follow = False
    bench.sensor.valve_open_fraction_readback = 0.5 + off_fraction
    bench.sensor.digital_output_bits_readback = bench.state.digital_output_bits
    bench.wanted_bits |= bits(OUTPUT, "watchdog")
    for _ in range(5):
        bench.sensor.digital_output_bits_readback = bench.state.digital_output_bits
        bench.tick()
    assert ("output_readback" in bench.trips) == trips


# ---- heat ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("temperature_c", "trips"), [(115.0, False), (115.001, True)])
def test_a_zone_trips_above_setpoint_plus_15_in_the_tick_that_saw_it(zone, temperature_c, trips):
    bench = at_work()
    bench.put(f"zone_{zone + 1}_temperature_c", temperature_c)
    assert ticks_to(bench, "over_temperature", 3) == (1 if trips else None)
    if trips:
        assert bench.seen.first_out_channel == zone
        assert bench.seen.first_out_channel_unit == temperature_c
        assert not bench.outputs & {"contactor_top", "contactor_bottom"}


@pytest.mark.parametrize("name", list(CHANNEL)[:9])
@pytest.mark.parametrize(("temperature_c", "trips"), [(130.0, False), (130.001, True)])
def test_nothing_may_pass_the_machine_limit_whatever_the_setpoint(name, temperature_c, trips):
    bench = at_work()
    bench.estimate["zone_temperature_setpoint_c"] = 129.0
    bench.put(name, temperature_c)
    assert ticks_to(bench, "over_temperature", 3) == (1 if trips else None)


def test_a_falling_setpoint_accuses_no_platen_that_cools_as_it_can():
    bench = at_work()
    bench.estimate["zone_temperature_setpoint_c"] = 60.0
    for step in range(300):
        bench.put_zones(100.0 - 0.1 * step)
        bench.estimate["zone_temperature_c_median"] = 100.0 - 0.1 * step
        bench.tick()
    assert bench.trips == set()
    bench.put("zone_2_temperature_c", 70.1 + 15.1)
    assert ticks_to(bench, "over_temperature", 2) == 1


def test_a_kernel_that_starts_hot_does_not_accuse_the_heat_it_finds():
    bench = Bench()
    bench.put_zones(100.0)
    bench.estimate.update(zone_temperature_setpoint_c=22.0, zone_temperature_c_median=100.0)
    bench.tick(1000)
    assert bench.trips == {"boot"}


@pytest.mark.parametrize(("over_k", "ticks"), [(5.0, None), (5.01, 500)])
def test_zone_over_temperature_holds_only_that_heater_and_clears_itself(over_k, ticks):
    bench = at_work()
    bench.wanted_bits |= bits(OUTPUT, "heater_1_ssr", "heater_2_ssr")
    bench.put("zone_1_temperature_c", 100.0 + over_k)
    early = (ticks or 510) - 1
    bench.tick(early)
    assert bench.interlocks == set()
    bench.tick()
    assert bench.interlocks == ({"zone_over_temperature"} if ticks else set())
    if ticks:
        assert bench.outputs & {"heater_1_ssr", "heater_2_ssr"} == {"heater_2_ssr"}
        bench.put("zone_1_temperature_c", 105.0)
        bench.tick()
        assert "heater_1_ssr" in bench.outputs


def test_a_zone_without_sensor_gets_no_heat_at_once_and_trips_when_hot():
    bench = at_work()
    bench.wanted_bits |= bits(OUTPUT, "heater_1_ssr", "heater_2_ssr")
    bench.sensor.reading_channel_unit[0] = math.nan
    bench.tick()
    assert "heater_1_ssr" not in bench.outputs
    assert bench.interlocks == {"zone_sensor_bad"}
    assert ticks_to(bench, "zone_sensor") == 199  # 2 s, the first tick counted above
    assert bench.seen.first_out_channel == 0


def test_a_cold_zone_without_sensor_and_without_heat_is_a_missing_permissive(armed):
    armed.sensor.reading_ok[0] = 0
    armed.tick(300)
    assert armed.trips == set()
    assert armed.missing == {"sensors_good", "cool_enough"}


@pytest.mark.parametrize(("away_k", "ticks"), [(14.9, None), (-15.0, None), (-15.1, 500)])
def test_a_zone_out_of_the_family_trips_after_its_time(away_k, ticks):
    bench = at_work()
    bench.put("zone_3_temperature_c", 100.0 + away_k)
    assert ticks_to(bench, "zone_out_of_family", 510) == ticks


@pytest.mark.parametrize(("current_a", "ticks"), [(0.5, None), (0.501, 300)])
def test_current_without_command_is_a_welded_relay(current_a, ticks):
    bench = at_work()
    bench.follow = False
    bench.put("heater_4_current_a", current_a)
    bench.config.limit.readback_s_max = 1e9  # only the relay is on trial
    assert ticks_to(bench, "ssr_welded", 310) == ticks
    if ticks:
        assert bench.seen.first_out_channel == CHANNEL["heater_4_current_a"]


def test_a_relay_just_switched_off_is_not_judged_for_100_ms():
    bench = at_work(ssr_welded_s=0.1)
    bench.wanted_bits |= bits(OUTPUT, "heater_1_ssr")
    bench.tick(20)
    bench.wanted_bits &= ~bits(OUTPUT, "heater_1_ssr")
    bench.tick()
    bench.follow = False  # the current stays on
    bench.put("heater_1_current_a", 4.35)
    bench.config.limit.readback_s_max = 1e9
    assert ticks_to(bench, "ssr_welded") == 10 + 9  # settled with the tenth tick off, then 0.1 s


@pytest.mark.parametrize(("fraction", "ticks"), [(0.81, None), (0.79, 209)])
def test_too_little_current_under_command_is_a_heater_break(fraction, ticks):
    bench = at_work()
    bench.wanted_bits |= bits(OUTPUT, "heater_6_ssr")
    bench.tick()
    bench.follow = False
    bench.config.limit.readback_s_max = 1e9
    bench.put("heater_6_current_a", 4.35 * fraction)
    assert ticks_to(bench, "heater_break", 220) == ticks  # 100 ms to settle, then 2 s


def test_an_open_contactor_is_no_heater_break():
    bench = at_work()
    bench.wanted_bits |= bits(OUTPUT, "heater_6_ssr")
    bench.wanted_bits &= ~bits(OUTPUT, "contactor_bottom")
    assert ticks_to(bench, "heater_break", 300) is None


@pytest.mark.parametrize(
    ("demand", "rise_k", "ticks"),
    [(0.9, 0, None), (0.91, 0, 2000), (0.91, 1.99, 2000), (0.91, 2.0, None)],
)
def test_full_demand_that_does_not_heat_is_a_loop_break(demand, rise_k, ticks):
    bench = at_work()
    bench.state.zone[2].demand_fraction = demand
    bench.tick()
    bench.put("zone_3_temperature_c", 100.0 + rise_k)
    bench.tick(1990)
    assert "loop_break" not in bench.trips
    assert ticks_to(bench, "loop_break", 9) == (ticks - 1991 if ticks else None)


@pytest.mark.parametrize(("rise_k", "trips"), [(0.49, False), (0.51, True)])
def test_a_platen_that_heats_without_any_heater_is_uncommanded(rise_k, trips):
    bench = at_work()
    for zone in ZONES:
        bench.state.zone[zone].ssr_s = 30.0  # the last heat is 30 s ago
    bench.tick()
    for step in range(1, 1001):  # one window of 10 s
        bench.put("zone_5_temperature_c", 100.0 + rise_k * step / 1000)
        bench.tick()
    bench.tick()
    assert ("uncommanded_heat" in bench.trips) == trips


def test_heat_left_in_the_platen_is_not_uncommanded():
    bench = at_work()
    for zone in ZONES:
        bench.state.zone[zone].ssr_s = 30.0
    bench.state.zone[4].ssr_s = 0.0  # a heater of that platen was on just now
    bench.tick()
    for step in range(1, 1001):
        bench.put("zone_5_temperature_c", 100.0 + step / 1000)
        bench.tick()
    assert "uncommanded_heat" not in bench.trips


@pytest.mark.parametrize("mirror", ["contactor_top_closed", "contactor_bottom_closed"])
def test_a_contactor_that_stays_open_is_a_mismatch_after_its_time(mirror):
    bench = at_work()
    bench.follow = False
    bench.config.limit.readback_s_max = 1e9
    bench.sensor.digital_input_bits &= ~bits(INPUT, mirror)
    assert ticks_to(bench, "contactor_mismatch") == 100


# ---- pressure --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cylinder_a_pressure_bar", "cylinder_b_pressure_bar"])
@pytest.mark.parametrize(("bar", "trips"), [(239.99, False), (240.01, True)])
def test_either_transducer_trips_on_over_pressure_in_the_tick_that_saw_it(name, bar, trips):
    bench = at_work()
    bench.put(name, bar)
    assert ticks_to(bench, "over_pressure", 3) == (1 if trips else None)
    if trips:
        assert bench.seen.first_out_channel == CHANNEL[name]
        assert bench.seen.first_out_channel_unit == pytest.approx(bar)
        assert bench.output.valve_open_fraction == 0.0
        assert "pump" not in bench.outputs


@pytest.mark.parametrize(("mpa", "trips"), [(109.99, False), (110.01, True)])
def test_the_load_cell_trips_above_the_recipes_pressure(mpa, trips):
    bench = at_work()
    bench.put("load_cell_force_kn", mpa * 2.5)
    assert ticks_to(bench, "over_pressure", 3) == (1 if trips else None)


@pytest.mark.parametrize(
    ("mpa", "trips"), [(110.0, False), (110.1, True), (math.nan, True), (math.inf, True)]
)
def test_an_estimate_that_is_not_proven_below_the_limit_trips(mpa, trips):
    bench = at_work()
    bench.estimate["stack_pressure_mpa"] = mpa
    assert ticks_to(bench, "over_pressure", 3) == (1 if trips else None)


@pytest.mark.parametrize(
    "name", ["cylinder_a_pressure_bar", "cylinder_b_pressure_bar", "load_cell_force_kn"]
)
def test_a_bad_pressure_sensor_trips_after_200_ms_and_a_gap_does_not(name):
    bench = at_work()
    bench.sensor.reading_ok[CHANNEL[name]] = 0
    bench.tick(19)
    bench.sensor.reading_ok[CHANNEL[name]] = 1
    bench.tick(2)
    assert bench.trips == set()
    bench.sensor.reading_ok[CHANNEL[name]] = 0
    assert ticks_to(bench, "pressure_sensor") == 20
    assert bench.seen.first_out_channel == CHANNEL[name]
    assert bench.outputs & {"pump", "load_holding_valve_open"} == set()


@pytest.mark.parametrize(("bar", "ticks"), [(107.4, None), (107.6, 50)])
def test_disagreeing_transducers_trip_after_half_a_second(bar, ticks):
    bench = at_work()
    bench.put("cylinder_b_pressure_bar", bar)
    assert ticks_to(bench, "pressure_disagreement", 60) == ticks


@pytest.mark.parametrize(("fall_bar", "trips"), [(0.83, False), (0.84, True)])
def test_retained_pressure_may_fall_ten_bar_a_minute(fall_bar, trips):
    bench = at_work()
    bench.command.hydraulics = lib.PRESS_HYDRAULICS_OFF
    bench.tick(200)  # 2 s to settle; the reference is taken then
    for step in range(1, 501):  # one window of 5 s: 0.8333 bar
        bench.put_pressure(100.0 - fall_bar * step / 500)
        bench.tick()
    bench.tick(2)
    assert ("pressure_loss" in bench.trips) == trips


def test_pressure_let_out_on_purpose_is_no_loss():
    bench = at_work()
    bench.command.hydraulics = lib.PRESS_HYDRAULICS_OPEN
    for step in range(800):
        bench.put_pressure(100.0 - 0.1 * step)
        bench.tick()
    assert bench.trips == set()


@pytest.mark.parametrize(("missing_mpa", "ticks"), [(3.0, None), (3.1, 500)])
def test_a_pump_that_does_not_raise_the_pressure_trips(missing_mpa, ticks):
    bench = at_work()
    bench.estimate["stack_pressure_setpoint_mpa"] = 78.0 + missing_mpa
    assert ticks_to(bench, "pump_no_rise", 510) == ticks


def test_a_pump_that_raises_two_bar_in_time_does_not_trip():
    bench = at_work()
    bench.estimate["stack_pressure_setpoint_mpa"] = 100.0
    for step in range(4):
        bench.put_pressure(100.0 + 2.1 * step)
        bench.tick(490)
    assert bench.trips == set()


def test_an_approach_that_never_finds_the_stack_trips():
    bench = at_work()
    bench.put_pressure(0.0)
    bench.estimate.update(contact=0, stack_pressure_mpa=0.0, stack_pressure_setpoint_mpa=0.0)
    bench.command.hydraulics = lib.PRESS_HYDRAULICS_CLOSE
    assert ticks_to(bench, "pump_no_rise", 510) == 501  # the command is seen one tick later


def test_a_pump_that_runs_on_is_a_mismatch_after_its_time():
    bench = at_work()
    bench.follow = False
    bench.config.limit.readback_s_max = 1e9
    bench.sensor.digital_input_bits &= ~bits(INPUT, "pump_running")
    assert ticks_to(bench, "pump_mismatch") == 200


# ---- latching --------------------------------------------------------------------------------


def test_a_trip_outlives_its_cause_and_only_an_edge_clears_it():
    bench = at_work()
    bench.inputs &= ~bits(INPUT, "estop_a_ok")
    bench.tick()
    bench.inputs |= bits(INPUT, "estop_a_ok")
    bench.tick(50)
    assert bench.trips == {"estop"}
    bench.command.reset = 1
    bench.tick()
    assert bench.trips == set()
    bench.inputs &= ~bits(INPUT, "estop_a_ok")
    bench.tick()
    bench.inputs |= bits(INPUT, "estop_a_ok")
    bench.tick(50)
    assert bench.trips == {"estop"}  # reset still held: no edge


def test_a_reset_with_the_cause_present_clears_nothing():
    bench = at_work()
    bench.inputs &= ~bits(INPUT, "mains_ok")
    bench.tick()
    bench.press_reset()
    assert bench.trips == {"mains"}
    assert bench.outputs == set()


def test_the_first_out_keeps_its_cause_until_its_own_trip_is_cleared():
    bench = at_work()
    bench.inputs &= ~bits(INPUT, "limiter_ok")
    bench.tick()
    bench.inputs &= ~bits(INPUT, "estop_a_ok")
    bench.tick()
    assert bench.seen.first_out_trip == TRIP["limiter"]
    bench.inputs |= bits(INPUT, "limiter_ok")
    bench.tick()
    assert bench.seen.first_out_trip == TRIP["limiter"]
    bench.press_reset()
    assert bench.trips == {"estop"}
    assert bench.seen.first_out_trip == TRIP["estop"]


def test_a_kernel_starts_tripped_and_a_reset_held_since_then_is_no_edge(bench):
    bench.command.reset = 1
    bench.tick(100)
    assert bench.trips == {"boot"}
    bench.press_reset()
    assert bench.trips == set()


@pytest.mark.parametrize("reset", [2, 255, 2**32 - 1])
def test_an_unknown_reset_is_none(bench, reset):
    bench.tick(2)
    bench.command.reset = reset
    bench.tick(5)
    assert bench.trips == {"boot"}


def test_a_reset_without_lease_is_none(bench):
    bench.tick(2)
    bench.lease_ticks = -1
    bench.command.reset = 1
    bench.tick()
    bench.lease_ticks = 20
    bench.tick(5)
    assert bench.trips == {"boot"}


# ---- interlocks ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["oil_level_ok", "oil_filter_ok", "oil_temperature_ok"])
def test_oil_holds_after_a_second_and_clears_itself(armed, name):
    armed.inputs &= ~bits(INPUT, name)
    armed.tick(99)
    assert armed.interlocks == set()
    armed.tick()
    assert armed.interlocks == {"oil_not_ok"}
    assert armed.missing == {"oil_ok"}
    armed.inputs |= bits(INPUT, name)
    armed.tick()
    assert armed.interlocks == set()


def test_water_without_flow_is_shut_after_two_seconds_until_it_is_no_longer_asked_for(armed):
    armed.command.cooling = lib.PRESS_COOLING_WATER
    armed.wanted_bits = bits(OUTPUT, "cooling_water_top")
    armed.tick()
    armed.follow = False
    armed.config.limit.readback_s_max = 1e9
    armed.tick(199)
    assert "cooling_water_top" in armed.outputs
    armed.tick()
    assert armed.interlocks == {"water_no_flow"}
    assert armed.outputs == {"cooling_air"}
    armed.tick(500)
    assert armed.outputs == {"cooling_air"}
    armed.command.cooling = lib.PRESS_COOLING_OFF
    armed.tick(2)
    assert armed.interlocks == set()


def test_change_count_moves_when_something_changes_and_only_then():
    bench = at_work()
    before = bench.seen.change_count
    bench.tick(100)
    assert bench.seen.change_count == before
    bench.sensor.reading_ok[CHANNEL["oil_temperature_c"]] = 0
    bench.tick(10)
    assert bench.seen.change_count == before + 1


# ---- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (lib.press_trip_text, lib.PRESS_TRIP_COUNT),
        (lib.press_interlock_text, lib.PRESS_INTERLOCK_COUNT),
        (lib.press_permissive_text, lib.PRESS_PERMISSIVE_COUNT),
    ],
)
def test_every_row_has_its_own_text_and_an_unknown_row_says_so(text, count):
    texts = [ffi.string(text(row)).decode() for row in range(count)]
    assert len(set(texts)) == count
    assert not any("unknown" in row for row in texts)
    for row in (-1, count, 2**31 - 1, -(2**31)):
        assert ffi.string(text(row)).startswith(b"unknown")


def test_every_trip_takes_something_away_and_an_unknown_one_everything():
    for row in range(lib.PRESS_TRIP_COUNT):
        assert lib.press_trip_action_bits(row) != 0
    assert lib.press_trip_action_bits(-1) == lib.PRESS_ACTION_ALL_OFF
    assert lib.press_trip_action_bits(lib.PRESS_TRIP_COUNT) == lib.PRESS_ACTION_ALL_OFF
