"""Hard protection under injected faults: it acts, it counts, and no fault of the wire fools it."""

import msgspec
import pytest
from faults_bench import SIGNALS, TICK_S, Bedside, Frame, bits

from hil import Plant, read_machine
from hil.faults.catalogue import faults_of, row_named
from hil.station import SimulatedStation

HEATING = bits("contactor_top", "contactor_bottom", *(f"heater_{n}_ssr" for n in range(1, 7)))


def bedside(plant: Plant) -> Bedside:
    press = Bedside()
    press.station = SimulatedStation(plant, SIGNALS, tick_s=TICK_S)
    press.bench = press.station.bench
    press.frame = Frame()
    return press


def hot(start_c: float = 113.5) -> Bedside:
    """Near the independent limiter's 115 °C."""
    plant = Plant.from_machine("press-500kN", noise=False, start_temperature_c=start_c)
    return bedside(plant)


def weak_relief() -> Bedside:
    """The relief cracks at 60 bar: within what the pressure valve can do."""
    press = read_machine("press-500kN")
    hydraulic = msgspec.structs.replace(press.hydraulic, relief_crack_bar=60.0)
    return bedside(Plant(msgspec.structs.replace(press, hydraulic=hydraulic), noise=False))


async def limited(press: Bedside) -> dict[str, float]:
    press.frame.digital_output_bits = bits("contactor_top", "contactor_bottom")
    await press.tick(6000)
    return dict(press.station.truth())


async def test_a_welded_ssr_is_a_demand_on_the_limiter_and_its_heat_ends() -> None:
    press = hot()
    press.inject("plant.heater_2_ssr_welded", "stuck")
    truth = await limited(press)
    assert truth["limiter_demands"] == truth["hard_protection_demands"] == 1.0
    assert truth["heater_2_power_w"] == 0.0
    assert truth["zone_2_temperature_c"] < 117.0
    assert not press.frame.sees("limiter_ok")


async def test_the_limiter_is_a_layer_of_its_own_when_both_contactors_are_welded_too() -> None:
    """A02: the demand is expected; the heat ends all the same."""
    press = hot()
    for fault, _ in faults_of(row_named("A02"), press.bench.reach):
        press.bench.inject(fault)
    press.inject("plant.heater_2_ssr_welded", "stuck")
    truth = await limited(press)
    assert press.frame.sees("contactor_top_closed")
    assert truth["limiter_demands"] == 1.0
    assert truth["heater_2_power_w"] == 0.0
    assert truth["zone_2_temperature_c"] < 117.0


async def test_no_fault_of_a_wire_reaches_the_limiter() -> None:
    """It has its own sensors: what the controller is told of them changes nothing, either way."""
    press = hot(start_c=60.0)
    for platen in ("top", "bottom"):
        press.inject(f"limiter_{platen}_temperature_c", "stuck", to_c=200.0)
    await press.tick(100)
    assert press.station.truth()["limiter_demands"] == 0.0
    press = hot()
    press.inject("limiter_top_temperature_c", "stuck", to_c=20.0)
    press.inject("limiter_ok", "stuck", to_state=1.0)
    press.inject("plant.heater_2_ssr_welded", "stuck")
    truth = await limited(press)
    assert truth["limiter_demands"] == 1.0
    assert press.frame.sees("limiter_ok"), "so it is told"


async def pressed(press: Bedside, opening: float = 0.5) -> dict[str, float]:
    press.frame.digital_output_bits = bits("pump", "load_holding_valve_open", "approach_valve")
    await press.tick(300)
    press.frame.digital_output_bits = bits("pump", "load_holding_valve_open")
    press.frame.valve_open_fraction = opening
    await press.tick(1500)
    return dict(press.station.truth())


async def test_a_runaway_valve_is_a_demand_on_the_relief_which_holds_the_pressure() -> None:
    press = weak_relief()
    press.inject("valve_open_fraction", "stuck", to_fraction=1.0)
    truth = await pressed(press, 0.1)
    assert truth["relief_demands"] == truth["hard_protection_demands"] == 1.0
    assert 60.0 < truth["cylinder_pressure_bar"] < 71.0


async def test_a_relief_that_does_not_lift_was_asked_to_all_the_same() -> None:
    press = weak_relief()
    press.inject("plant.relief_stuck_shut", "stuck")
    truth = await pressed(press)
    assert truth["relief_demands"] == 1.0
    assert truth["cylinder_pressure_bar"] > 100.0


async def test_no_fault_of_a_wire_reaches_the_relief() -> None:
    press = weak_relief()
    for pair in ("a", "b"):
        press.inject(f"cylinder_{pair}_pressure_bar", "stuck", to_bar=0.0)
    truth = await pressed(press)
    assert truth["relief_demands"] == 1.0
    assert truth["cylinder_pressure_bar"] < 71.0


@pytest.mark.parametrize("cause", ["estop_a_ok", "estop_b_ok", "guard_a_closed", "guard_b_closed"])
async def test_the_chain_acts_whatever_the_controller_is_told_and_asks(cause: str) -> None:
    """P10, P11: no heater current 0.1 s after it, though inputs lie and outputs are welded on."""
    press = Bedside()
    press.frame.digital_output_bits = HEATING | bits("pump")
    await press.tick(20)
    assert press.station.truth()["heater_1_power_w"] > 900.0
    press.inject(cause, "stuck", to_state=1.0)
    press.inject("safety_relay_ok", "stuck", to_state=1.0)
    press.inject("contactor_top", "stuck", to_state=1.0)
    press.inject("heater_1_ssr", "stuck", to_state=1.0)
    press.inject(f"plant.{cause}", "off")
    frame = await press.tick(10)
    assert frame.sees(cause)
    assert frame.sees("safety_relay_ok")
    truth = press.station.truth()
    assert [truth[f"heater_{n}_current_a"] for n in range(1, 7)] == [0.0] * 6
    assert truth["safety_relay_demands"] == truth["hard_protection_demands"] == 1.0
    press.bench.clear()
    await press.tick(10)
    assert press.station.truth()["hard_protection_demands"] == 1.0


async def test_a_healthy_press_makes_no_demand_under_faults_of_its_wires() -> None:
    press = Bedside()
    for point in ("zone_1_temperature_c", "load_cell_force_kn", "guard_a_closed"):
        press.inject(point, "garbage")
    press.frame.digital_output_bits = HEATING
    await press.tick(500)
    assert press.station.truth()["hard_protection_demands"] == 0.0
