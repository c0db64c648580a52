"""The shipped machines through one Python face, and the ten lines of the README."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from hil import Plant, read_machine
from hil.devices.machine_server import MachineServer
from hil.machine import kind_of, shipped_machines

README = Path(__file__).parents[2] / "hil" / "README.md"
PRESSES = ("lab-press", "press-500kN", "vacuum-hot-press")


EXAMPLES = re.findall(
    r"```python\n(.*?)```.*?```text\n(.*?)```", README.read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_the_ten_lines_of_the_readme_print_what_it_says(code, printed):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, "hil/README.md", "exec"), {})
    assert shown.getvalue() == printed
    assert len(code.splitlines()) <= 10


def test_the_readme_shows_a_press_and_a_vessel():
    assert ["press-500kN" in code for code, _ in EXAMPLES] == [True, False]
    assert ["wip-500MPa" in code for code, _ in EXAMPLES] == [False, True]


def test_these_machines_are_shipped():
    assert {*PRESSES, "lab-press-indicator", "wip-500MPa"} == set(shipped_machines())


@pytest.mark.parametrize("name", shipped_machines())
def test_every_machine_has_the_same_face(name):
    plant = Plant.from_machine(name, seed=3)
    plant.step(1.0)
    assert plant.time_s == pytest.approx(1.0)
    assert set(plant.readings()) == set(plant.fitted) <= set(plant.signals.channels)
    assert set(plant.digital_inputs()) == set(plant.signals.digital_inputs)
    assert {"time_s", "hard_protection_demands"} <= set(plant.truth())
    wired = {*plant.signals.digital_outputs, *plant.signals.analogue_outputs}
    assert wired <= set(plant.inputs)
    with pytest.raises(KeyError):
        plant.set(no_such_input=1)
    with pytest.raises(KeyError):
        plant.reading("no_such_reading")


@pytest.mark.parametrize("name", shipped_machines())
def test_the_seed_is_that_of_noise_and_never_of_the_truth(name):
    plants = [Plant.from_machine(name, seed=seed, noise=noise) for seed, noise in
              ((1, True), (1, True), (2, True), (1, False), (2, False))]  # fmt: skip
    for plant in plants:
        plant.step(0.5)
    again, same, other, ideal, ideal_other = (plant.readings() for plant in plants)
    assert again == same != other
    assert ideal == ideal_other
    assert all(plant.truth() == plants[0].truth() for plant in plants)


@pytest.mark.parametrize("name", PRESSES)
def test_everything_a_press_has_is_wired_to_a_module(name):
    plant = Plant.from_machine(name)
    machine = read_machine(name)
    assert kind_of(machine) == "press"
    instruments = {signal for signal in machine.wiring if signal in plant.signals.channels}
    assert instruments == set(plant.fitted)
    assert set(plant.signals.digital_inputs) <= set(machine.wiring)
    MachineServer(machine, lambda: 0.0)


def test_the_small_press_heats_and_presses_within_its_size():
    press = Plant.from_machine("lab-press", noise=False)
    press.set(contactor_top=1, contactor_bottom=1, heater_1_ssr=1, heater_2_ssr=1)
    press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
    press.step(8.0)
    assert press.truth()["daylight_mm"] == 0.0
    press.set(approach_valve=0, valve_open_fraction=0.55)
    press.step(232.0)
    truth = press.truth()
    assert truth["zone_1_temperature_c"] == pytest.approx(truth["zone_2_temperature_c"], abs=2.0)
    assert 80.0 < truth["zone_1_temperature_c"] < 120.0
    assert 90.0 < truth["stack_pressure_mpa"] < 125.0
    assert truth["force_kn"] < 60.0
    assert truth["hard_protection_demands"] == 0.0
    assert "zone_3_temperature_c" not in truth
    assert len([name for name in press.readings() if name.startswith("zone")]) == 2


def test_the_small_press_has_its_own_limits():
    """Full duty for ever: the independent limiter ends it at its own setting."""
    press = Plant.from_machine("lab-press", noise=False)
    press.set(contactor_top=1, contactor_bottom=1, heater_1_ssr=1, heater_2_ssr=1)
    press.step(900.0)
    truth = press.truth()
    assert truth["limiter_demands"] == 1.0
    assert not press.digital_inputs()["limiter_ok"]
    assert truth["heater_1_power_w"] == 0.0


def test_the_vacuum_press_dries_and_then_presses():
    """Recipe of the field: vacuum, warm, until the rise is small; then load."""
    press = Plant.from_machine("vacuum-hot-press", noise=False, start_temperature_c=80.0)
    press.set(vacuum_pump=1, vacuum_valve=1)
    press.step(2400.0)
    dry = press.truth()
    assert dry["chamber_pressure_mbar"] < 0.1
    assert dry["moisture_g"] < 0.01
    press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
    press.step(3.0)
    press.set(approach_valve=0, valve_open_fraction=0.5)
    press.step(10.0)
    truth = press.truth()
    assert truth["stack_pressure_mpa"] > 80.0
    assert truth["chamber_pressure_mbar"] < 0.1
    assert truth["hard_protection_demands"] == 0.0
