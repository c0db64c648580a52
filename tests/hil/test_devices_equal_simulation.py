"""The wire adds nothing: the same press over Modbus TCP in lockstep and in this process."""

import asyncio
import itertools
import time
from array import array

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import SignalNames, Tick
from hil import read_machine
from hil.devices.machine_server import MachineServer
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS
from hil.station import open_simulation

SIGNALS = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
TICK_S = 0.010


class Frame:
    def __init__(self) -> None:
        self.reading = memoryview(array("d", bytes(8 * 24)))
        self.reading_age_s = memoryview(array("d", bytes(8 * 24)))
        self.reading_ok = memoryview(bytearray(24))
        self.valve_open_fraction = 0.0
        self.digital_output_bits = 0

    def seen(self) -> dict[str, object]:
        return {
            name: found.tolist() if isinstance(found, memoryview) else found
            for name, found in vars(self).items()
        }


def outputs(tick: int) -> tuple[int, float]:
    """Contactors, heaters in turn, approach, pump with a rising valve, then let go."""
    bits = 0x00C0 | 1 << tick // 20 % 6 | (tick & 1) << 15
    if 100 <= tick < 700:
        bits |= 0x0B00 if tick < 300 else 0x0300
    return bits, round(min(max(tick - 300, 0) / 1000, 0.4), 4)


async def test_every_frame_of_a_pressing_is_the_same_bytes() -> None:
    machine = read_machine("press-500kN")
    server = MachineServer(machine, time.monotonic, seed=11, lockstep=True)
    await server.start("127.0.0.1", 0)
    clock = [0.0]
    wired = ModbusStation(
        [Device(d.name, d.profile, "127.0.0.1", server.port, d.unit_id) for d in machine.device],
        machine.wiring,
        Link(sense_budget_ms=5000, actuate_budget_ms=5000),
        SIGNALS,
        lambda: clock[0],
    )
    near = open_simulation("press-500kN", SIGNALS, seed=11, tick_s=TICK_S)
    await asyncio.gather(wired.open(), near.open())
    over_wire, in_process = Frame(), Frame()
    for index in itertools.count():
        clock[0] = index * TICK_S
        tick = Tick(index, clock[0], 0)
        await wired.sense(tick, over_wire)
        await near.sense(tick, in_process)
        assert over_wire.seen() == in_process.seen(), f"tick {index}"
        if index == 1000:
            break
        for frame in (over_wire, in_process):
            frame.digital_output_bits, frame.valve_open_fraction = outputs(index)
        await wired.actuate(tick, over_wire)
        await near.actuate(tick, in_process)
    assert server.plant.truth() == near.truth()
    assert near.truth()["cylinder_pressure_bar"] > 5.0, "nothing was pressed, nothing was shown"
    await wired.close()
    await server.stop()
