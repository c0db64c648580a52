"""The three actuators: what one analogue output does to the oil, by closed form."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plant_bench import PRESS, RIGID, close_daylight, machine_with, quiet_press

from hil import Machine, Plant
from hil.hydraulic import Directional, PumpSpeed
from hil.machine import parse_machine

PA_PER_BAR = 1e5
ML_PER_MIN = 1e-6 / 60.0
NO_VALVE_ERROR = {"valve_hysteresis_fraction": 0.0, "valve_deadband_fraction": 0.0}
DIRECTIONAL = Directional(
    overlap_fraction=0.05, flow_m3_per_s=2e-5, flow_drop_bar=35.0, supply_bar=250.0
)
PUMP = PumpSpeed(ramp_s=0.5, speed_fraction_min=0.02, slip_m3_per_s_pa=4e-14)
OPTIONS = {
    "relief": {},
    "directional": {"actuator": "directional", "directional": DIRECTIONAL},
    "pump_speed": {"actuator": "pump_speed", "pump_speed": PUMP},
}


def _press(option: str, **hydraulic: float) -> Machine:
    """With a workpiece that neither flows nor springs, to see the oil alone."""
    fields = {**OPTIONS[option], **NO_VALVE_ERROR, "leak_m3_per_s_pa": 0.0, **hydraulic}
    return machine_with(hydraulic=fields, stack=RIGID)


def _closed(option: str, **hydraulic: float) -> Plant:
    """Closed on the stack; a directional valve centred, a pump at rest."""
    press = close_daylight(quiet_press(_press(option, **hydraulic)))
    press.set(valve_open_fraction=0.5 if option == "directional" else 0.0)
    press.step(0.5)
    return press


def _bar(press: Plant) -> float:
    return press.truth()["cylinder_pressure_bar"]


def test_a_directional_valve_integrates():
    """Twice the opening, twice the rate of pressure; centred, the pressure stays."""
    press = _closed("directional")
    press.set(valve_open_fraction=0.65)
    press.step(3.0)
    held_bar = _bar(press)
    press.set(valve_open_fraction=0.5)
    press.step(0.5)
    rest_bar = _bar(press)
    press.step(30.0)
    assert held_bar > 50.0
    assert _bar(press) == pytest.approx(rest_bar, abs=0.2)

    rates = []
    for opening in (0.02, 0.04):
        press.set(valve_open_fraction=0.5 + 0.5 * (0.05 + 0.95 * opening))
        press.step(0.2)
        before_bar = _bar(press)
        press.step(0.3)
        rates.append((_bar(press) - before_bar) / 0.3)
    assert rates[1] == pytest.approx(2.0 * rates[0], rel=0.1)


@pytest.mark.parametrize("opening", [0.1, 0.3])
def test_the_directional_valves_flow_is_that_of_its_edge(opening):
    """Q = Q_N x sqrt((p_supply - p) / dp_N)."""
    press = _closed("directional", pump_m3_per_s=1e-4)
    press.set(valve_open_fraction=0.5 + 0.5 * (0.05 + 0.95 * opening))
    press.step(0.3)
    truth = press.truth()
    drop_bar = 250.0 - truth["cylinder_pressure_bar"]
    expected = 2e-5 * opening * math.sqrt(drop_bar / 35.0)
    assert truth["cylinder_inflow_m3_per_s"] == pytest.approx(expected, rel=0.02)


def test_the_directional_valve_lets_out_below_its_centre_and_never_in():
    press = _closed("directional")
    press.set(valve_open_fraction=0.7)
    press.step(8.0)
    before_bar = _bar(press)
    press.set(valve_open_fraction=0.4)
    press.step(0.5)
    truth = press.truth()
    assert truth["cylinder_pressure_bar"] < before_bar - 5.0
    assert truth["cylinder_inflow_m3_per_s"] < 0.0
    assert truth["valve_spool_fraction"] == pytest.approx(-0.2, abs=1e-3)
    press.step(60.0)
    assert _bar(press) < 5.0


def test_within_the_overlap_only_the_spools_leak_passes():
    leaking = msgspec.structs.replace(DIRECTIONAL, spool_leak_m3_per_s_pa=1e-14)
    press = _closed("directional", directional=leaking)
    press.set(valve_open_fraction=0.6)
    press.step(10.0)
    press.set(valve_open_fraction=0.5 + 0.5 * 0.04)
    press.step(1.0)
    truth = press.truth()
    expected = -1e-14 * truth["cylinder_pressure_bar"] * PA_PER_BAR
    assert truth["cylinder_inflow_m3_per_s"] == pytest.approx(expected, rel=1e-3)


def test_shut_load_holding_keeps_the_pressure_wherever_the_spool_is():
    press = _closed("directional")
    press.set(valve_open_fraction=0.7)
    press.step(8.0)
    press.set(load_holding_valve_open=0, valve_open_fraction=0.0)
    before_bar = _bar(press)
    press.step(30.0)
    assert before_bar > 100.0
    assert _bar(press) == pytest.approx(before_bar, rel=0.01)


def test_a_pumps_speed_ends_at_a_pressure():
    """At rest the pump's flow is its slip: p = n Q / slip."""
    slip = 1e-13
    press = _closed("pump_speed", pump_speed=msgspec.structs.replace(PUMP, slip_m3_per_s_pa=slip))
    press.set(valve_open_fraction=0.1)
    press.step(150.0)
    assert _bar(press) == pytest.approx(0.1 * 1e-5 / slip / PA_PER_BAR, rel=0.01)


def test_a_standing_pump_lets_pressure_sink_through_its_slip():
    press = _closed("pump_speed")
    press.set(valve_open_fraction=1.0)
    press.step(4.0)
    press.set(valve_open_fraction=0.0)
    press.step(1.0)
    truth = press.truth()
    expected = -4e-14 * truth["cylinder_pressure_bar"] * PA_PER_BAR
    assert truth["cylinder_pressure_bar"] > 100.0
    assert truth["cylinder_inflow_m3_per_s"] == pytest.approx(expected, rel=1e-3)


def test_the_converter_ramps_and_has_a_least_speed():
    press = _closed("pump_speed")
    press.set(valve_open_fraction=1.0)
    press.step(0.25)
    assert press.truth()["valve_spool_fraction"] == pytest.approx(0.5, abs=1e-3)
    press.step(0.25)
    assert press.truth()["valve_spool_fraction"] == pytest.approx(1.0, abs=1e-3)
    press.set(valve_open_fraction=0.019)
    press.step(1.0)
    assert press.truth()["valve_spool_fraction"] == 0.0
    press.set(pump=0, valve_open_fraction=1.0)
    press.step(1.0)
    assert press.truth()["valve_spool_fraction"] == 0.0


def test_the_relief_sets_a_pressure():
    press = _closed("relief")
    press.set(valve_open_fraction=0.4)
    press.step(10.0)
    assert _bar(press) == pytest.approx(100.0, rel=0.01)


@settings(max_examples=30, deadline=None)
@given(
    option=st.sampled_from(sorted(OPTIONS)),
    moves=st.lists(
        st.tuples(st.floats(0.0, 1.0), st.integers(0, 7), st.floats(0.05, 1.0)),
        min_size=1,
        max_size=6,
    ),
)
def test_any_actuator_under_any_command_is_finite_and_below_the_relief(option, moves):
    press = close_daylight(quiet_press(_press(option)))
    for opening, bits, seconds in moves:
        press.set(
            valve_open_fraction=opening,
            pump=bits & 1,
            load_holding_valve_open=bits >> 1 & 1,
            approach_valve=bits >> 2 & 1,
        )
        press.step(seconds)
        assert all(math.isfinite(number) for number in press.truth().values())
        assert -1.0 <= _bar(press) < 285.0


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"actuator": "directional"}, "directional"),
        ({"actuator": "relief", "pump_speed": PUMP}, "pump_speed"),
        ({"actuator": "pump_speed", "directional": DIRECTIONAL}, "directional"),
        (
            {
                "actuator": "directional",
                "directional": msgspec.structs.replace(DIRECTIONAL, supply_bar=300.0),
            },
            "supply_bar must not exceed relief_crack_bar",
        ),
        ({"actuator": "steam"}, "actuator"),
    ],
)
def test_an_actuator_and_its_table_come_together(table, reason):
    fields = {**msgspec.to_builtins(PRESS.hydraulic), **msgspec.to_builtins(table)}
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert(fields, type(PRESS.hydraulic))


def test_the_actuator_is_a_line_in_the_machine_file():
    from importlib import resources

    text = (resources.files("hil") / "machines" / "press-500kN.toml").read_text("utf-8")
    text = text.replace("[hydraulic]\n", '[hydraulic]\nactuator = "pump_speed"\n')
    with pytest.raises(Exception, match=r"mine\.toml: hydraulic: .*pump_speed"):
        parse_machine(text, "mine.toml")
    text += "\n[hydraulic.pump_speed]\nramp_s = 0.5\nspeed_fraction_min = 0.02\n"
    machine = parse_machine(text + "slip_m3_per_s_pa = 4e-14\n", "mine.toml")
    assert machine.hydraulic.pump_speed == PUMP


def test_what_a_load_holding_valve_leaks():
    """60 mL/min at 200 bar, back through the shut valve, in proportion to the pressure."""
    press = _closed("relief")
    press.set(valve_open_fraction=0.4)
    press.step(10.0)
    press.set(load_holding_valve_open=0, load_holding_leak_ml_per_min=60.0)
    press.step(0.1)
    truth = press.truth()
    expected = -60.0 * ML_PER_MIN * truth["cylinder_pressure_bar"] / 200.0
    assert truth["cylinder_inflow_m3_per_s"] == pytest.approx(expected, rel=1e-2)
