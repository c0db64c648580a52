"""The Python face: names, bounds, and that a refusal changes nothing."""

import math

import pytest
from plant_bench import PRESS, machine_with, quiet_press

from controller.ports import SignalNames
from hil import Plant
from hil.physics import HEADER_SHA256
from hil.plant import (
    CONDITION_BOUNDS,
    CONDITIONS,
    DIGITAL_INPUTS,
    DIGITAL_OUTPUTS,
    READINGS,
)


def test_ten_lines_are_enough():
    press = Plant.from_machine("press-500kN", seed=7)
    press.set(contactor_top=True, contactor_bottom=True, heater_1_ssr=True)
    press.step(60.0)
    assert press.time_s == 60.0
    assert press.reading("zone_1_temperature_c") > 30.0
    assert press.truth()["zone_1_temperature_c"] > press.truth()["zone_2_temperature_c"]
    assert press.digital_inputs()["contactor_top_closed"]
    assert set(press.readings()) == set(READINGS)


def test_names_come_from_the_header():
    assert READINGS[0] == "zone_1_temperature_c"
    assert DIGITAL_INPUTS[4] == "safety_relay_ok"
    assert DIGITAL_OUTPUTS[9] == "load_holding_valve_open"
    assert "heater_3_break_fraction" in CONDITIONS
    assert len(HEADER_SHA256) == 64


@pytest.mark.parametrize("name", ["zone_1_temperature_c", "heater_7_ssr", "", "valve"])
def test_an_unknown_input_is_named_and_changes_nothing(name):
    press = quiet_press()
    before = press.state_bytes()
    with pytest.raises(KeyError, match="no input"):
        press.set(heater_1_ssr=1, **{name: 1})
    assert press.state_bytes() == before


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("valve_open_fraction", 1.01),
        ("valve_open_fraction", math.nan),
        ("mains_voltage_v", -1.0),
        ("ambient_temperature_c", math.inf),
        ("heater_1_break_fraction", 2.0),
        ("pump", 2),
        ("estop_a_ok", -1),
    ],
)
def test_a_number_out_of_bounds_is_refused_and_changes_nothing(name, number):
    press = quiet_press()
    before = press.state_bytes()
    with pytest.raises(ValueError, match=name):
        press.set(heater_1_ssr=1, **{name: number})
    assert press.state_bytes() == before


@pytest.mark.parametrize("name", quiet_press().inputs)
def test_every_input_can_be_set_and_taken_back(name):
    press = quiet_press()
    low, high, _ = CONDITION_BOUNDS.get(name, (0, 1, True))
    for number in (high, low):
        press.set(**{name: number})
        press.step(0.001)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf, 1e9])
def test_time_goes_forward_by_a_finite_amount(seconds):
    with pytest.raises(ValueError, match="seconds"):
        quiet_press().step(seconds)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_bounds(seed):
    with pytest.raises(ValueError, match="seed"):
        Plant(PRESS, seed=seed)


def test_an_instrument_that_is_not_fitted_has_no_reading():
    sensors = tuple(s for s in PRESS.sensor if "stack_temperature_c" not in s.points)
    press = quiet_press(type(PRESS)(**{**_fields(PRESS), "sensor": sensors}))
    with pytest.raises(KeyError, match="stack_temperature_c"):
        press.reading("stack_temperature_c")
    assert "stack_temperature_c" not in press.readings()
    assert "stack_temperature_c" in press.truth()


def _fields(machine):
    return {name: getattr(machine, name) for name in machine.__struct_fields__}


def test_a_press_with_two_zones_is_another_file_not_another_program():
    edges = [z for z in PRESS.zone if z.contact_weight_ratio > 0.5]
    zones = tuple(type(z)(**{**_fields(z), "contact_weight_ratio": 1.0}) for z in edges)
    electrical = machine_with(electrical={"limiter_zone_top": 1, "limiter_zone_bottom": 2})
    machine = type(PRESS)(
        **{**_fields(electrical), "zone": zones, "name": "two-zones", "device": (), "wiring": {}}
    )
    press = quiet_press(machine)
    press.set(contactor_bottom=1, heater_2_ssr=1)
    press.step(100.0)
    truth = press.truth()
    assert truth["zone_2_temperature_c"] > 40.0 > truth["zone_1_temperature_c"]
    assert "zone_3_temperature_c" not in truth
    assert truth["energy_in_j"] == pytest.approx(1000.0 * 99.97, rel=1e-3)


def test_wire_follows_any_order_and_ignores_points_it_does_not_have():
    names = SignalNames(
        channels=("heater_1_current_a", "vessel_pressure_mpa", "zone_2_temperature_c"),
        digital_inputs=("contactor_top_closed", "lid_locked", "mains_ok"),
        digital_outputs=("heater_1_ssr", "vacuum_pump", "contactor_top"),
        analogue_outputs=("valve_open_fraction",),
    )
    press = quiet_press()
    wire = press.wire(names)
    assert list(wire.readings_ok) == [1, 0, 1]
    wire.command(0b111, 0.25)
    for _ in range(10):
        wire.advance()
    readings, input_bits = wire.sense()
    assert list(readings) == pytest.approx([1000.0 / 230.0, 0.0, 22.0], abs=0.01)
    assert input_bits == 0b101
    assert press.time_s == pytest.approx(0.1)


@pytest.mark.parametrize("tick_s", [0.0005, 0.0105, 0.0, -1.0, math.nan])
def test_a_tick_is_a_whole_number_of_milliseconds(tick_s):
    names = SignalNames((), (), (), ())
    with pytest.raises(ValueError, match="tick_s"):
        quiet_press().wire(names, tick_s=tick_s)
