"""Contactors in series: one welded is found and harmless, two are a broken machine."""

import msgspec
import pytest
from plant_bench import SSRS, machine_with, quiet_press

from hil import Plant, read_machine

SINGLE = machine_with(electrical={"contactors_in_series": 1})
LOADS = {
    "contactor_top": ("contactor_top_closed", "contactor_top"),
    "contactor_bottom": ("contactor_bottom_closed", "contactor_bottom"),
    "pump": ("pump_running", "pump_contactor"),
}
ON = dict.fromkeys((*SSRS, *LOADS), 1)


def energised(machine=None):
    press = quiet_press() if machine is None else quiet_press(machine)
    press.set(**ON)
    press.step(1.0)
    assert drawn(press) == dict.fromkeys(LOADS, True)
    return press


def drawn(press):
    """Which of the loads has power."""
    truth = press.truth()
    return {
        "contactor_top": truth["heater_2_power_w"] > 0.0,
        "contactor_bottom": truth["heater_5_power_w"] > 0.0,
        "pump": valve_carries(press),
    }


def valve_carries(press):
    """A running pump warms its oil."""
    before_c = press.truth()["oil_temperature_c"]
    press.step(0.1)
    return press.truth()["oil_temperature_c"] > before_c


def welds(stem, count):
    return dict.fromkeys((f"{stem}_welded", f"{stem}_second_welded")[:count], 1)


@pytest.mark.parametrize("which", ["", "_second"])
@pytest.mark.parametrize("load", LOADS)
def test_either_of_the_pair_takes_the_power_at_an_estop_and_the_mirrors_tell(load, which):
    told, stem = LOADS[load]
    press = energised()
    press.set(**{f"{stem}{which}_welded": 1})
    press.set(estop_a_ok=0)
    press.step(0.05)
    assert drawn(press) == dict.fromkeys(LOADS, False)
    inputs = press.digital_inputs()
    assert [inputs[name] for name, _ in LOADS.values()] == [n == told for n, _ in LOADS.values()]
    assert press.truth()["safety_relay_demands"] == 1.0


@pytest.mark.parametrize("load", LOADS)
def test_both_welded_defeat_the_estop(load):
    told, stem = LOADS[load]
    press = energised()
    press.set(estop_a_ok=0, **welds(stem, 2))
    press.step(0.5)
    assert drawn(press) == {name: name == load for name in LOADS}
    assert press.digital_inputs()[told]
    press.set(**dict.fromkeys(welds(stem, 2), 0))
    press.step(0.05)
    assert not any(drawn(press).values())
    assert not press.digital_inputs()[told]


@pytest.mark.parametrize("load", LOADS)
def test_one_alone_that_welds_defeats_it_where_there_is_but_one(load):
    _, stem = LOADS[load]
    press = energised(SINGLE)
    press.set(estop_a_ok=0, **welds(stem, 1))
    press.step(0.5)
    assert drawn(press)[load]


def test_the_relay_does_not_close_onto_a_welded_contactor():
    press = energised()
    press.set(contactor_bottom_welded=1, guard_a_closed=0)
    press.step(0.2)
    press.set(guard_a_closed=1)
    press.step(1.0)
    assert not press.digital_inputs()["safety_relay_ok"]
    assert not any(drawn(press).values())
    press.set(contactor_bottom_welded=0)  # a new one was fitted
    press.step(0.2)
    assert press.digital_inputs()["safety_relay_ok"]
    assert all(drawn(press).values())


def test_a_weld_without_its_coil_heats_nothing():
    press = quiet_press()
    press.set(contactor_top_welded=1, heater_2_ssr=1)
    press.step(1.0)
    assert press.truth()["heater_2_power_w"] == 0.0
    assert press.digital_inputs()["contactor_top_closed"], "not proven open"


def test_a_machine_with_one_contactor_has_no_second_to_weld():
    alone, pair = Plant(SINGLE), quiet_press()
    lost = set(pair.conditions) - set(alone.conditions)
    assert lost == {f"{stem}_second_welded" for _, stem in LOADS.values()}
    with pytest.raises((KeyError, ValueError), match="contactor_top_second_welded"):
        alone.set(contactor_top_second_welded=1)


def test_a_file_that_does_not_say_two_has_one():
    press = read_machine("press-500kN")
    assert press.electrical.contactors_in_series == 2
    said = msgspec.to_builtins(press.electrical)
    del said["contactors_in_series"]
    assert msgspec.convert(said, type(press.electrical)).contactors_in_series == 1
