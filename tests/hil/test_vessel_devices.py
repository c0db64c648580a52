"""The WIP on its I/O modules, in process and under faults: terminals add nothing."""

from array import array

import pytest
from vessel_bench import WIP

from controller.ports import Tick
from hil.devices.face import Face
from hil.devices.machine_server import MachineServer
from hil.devices.module import Module
from hil.devices.profile import read_profile
from hil.faults.model import Fault, FaultError
from hil.station import open_simulation
from hil.vessel import DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS, SIGNALS, Vessel

TICK_S = 0.010
OUTPUTS = ("pump", "contactor_jacket", "decompression_valve")


def started() -> Vessel:
    wip = Vessel(WIP, seed=4)
    wip.preset(pressure_mpa=100.0, fluid_c=80.0, wall_c=80.0)
    return wip


def _word(module: Module, register: int) -> int:
    return int.from_bytes(module.sense.memory[2 * register : 2 * register + 2], "big")


def test_terminals_carry_both_openings_and_every_input():
    on_modules, by_name = started(), started()
    modules = [
        Module(d.name, d.unit_id, read_profile(d.profile), 200, lambda: 0.0) for d in WIP.device
    ]
    face = Face(modules, WIP.wiring, SIGNALS, on_modules.wire(tick_s=TICK_S))
    ai, ao, dio, loops, dio_2 = modules
    ao.actuate.memory[0:4] = (2500).to_bytes(2, "big") + (7500).to_bytes(2, "big")
    bits = sum(1 << DIGITAL_OUTPUTS.index(name) for name in OUTPUTS)
    dio.actuate.memory[0:2] = bits.to_bytes(2, "big")
    by_name.set(needle_open_fraction=0.25, pump_speed_fraction=0.75, **dict.fromkeys(OUTPUTS, 1))
    face.drive()
    for _ in range(300):
        face.advance()
        by_name.step(TICK_S)
    assert on_modules.state_bytes() == by_name.state_bytes()
    assert _word(ai, 16) == round(1000 * by_name.reading("vessel_a_pressure_mpa"))
    assert _word(loops, 5) == round(1000 * by_name.reading("intensifier_oil_pressure_bar"))
    inputs = by_name.digital_inputs()
    found = _word(dio, 5) | (_word(dio_2, 5) & 0xF) << 16
    assert found == sum(inputs[name] << i for i, name in enumerate(DIGITAL_INPUTS))


def test_a_server_serves_it():
    server = MachineServer(WIP, lambda: 0.0, lockstep=True)
    assert isinstance(server.plant, Vessel)
    assert [module.name for module in server.modules] == [device.name for device in WIP.device]


class Frame:
    def __init__(self) -> None:
        self.reading = memoryview(array("d", bytes(8 * len(READINGS))))
        self.reading_age_s = memoryview(array("d", bytes(8 * len(READINGS))))
        self.reading_ok = memoryview(bytearray(len(READINGS)))
        self.needle_open_fraction = self.pump_speed_fraction = 0.0
        self.digital_output_bits = 0


async def _live(station, frame: Frame, ticks: range) -> None:
    for index in ticks:
        tick = Tick(index, index * TICK_S, 0)
        await station.sense(tick, frame)
        await station.actuate(tick, frame)


async def test_a_station_runs_it_and_faults_reach_it():
    station = open_simulation("wip-500MPa", SIGNALS, seed=4, tick_s=TICK_S)
    frame = Frame()
    station.plant.preset(pressure_mpa=200.0, fluid_c=80.0, wall_c=80.0)
    frame.digital_output_bits = 1 << DIGITAL_OUTPUTS.index("pump")
    frame.pump_speed_fraction, frame.needle_open_fraction = 0.5, 0.3
    await _live(station, frame, range(200))
    risen_mpa = station.truth()["vessel_pressure_mpa"]
    assert risen_mpa > 205.0
    assert station.truth()["needle_open_fraction"] == pytest.approx(0.3, abs=0.01)
    at = READINGS.index("vessel_a_pressure_mpa")
    assert frame.reading[at] == pytest.approx(4.0 + 16.0 * risen_mpa / 700.0, abs=0.06)
    handle = station.bench.inject(
        Fault(point="plant.vessel_leak_ml_per_min", verb="stuck", parameters={"to": 600.0})
    )
    frame.digital_output_bits = 0
    await _live(station, frame, range(200, 1200))
    assert station.truth()["vessel_pressure_mpa"] < risen_mpa - 50.0
    station.bench.clear(handle)
    with pytest.raises(FaultError):
        station.bench.inject(Fault(point="plant.heater_1_ssr_welded", verb="stuck"))
