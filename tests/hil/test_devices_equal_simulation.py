"""The wire adds nothing: the same machine over Modbus in lockstep and in this process."""

import asyncio
import itertools
import time
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import SignalNames, Tick
from hil import plant, read_machine, vessel
from hil.devices.machine_server import MachineServer
from hil.station import open_simulation

PRESS = SignalNames(
    plant.READINGS, plant.DIGITAL_INPUTS, plant.DIGITAL_OUTPUTS, plant.ANALOGUE_OUTPUTS
)
WIP = vessel.SIGNALS
TICK_S = 0.010
BAUD = 921_600
LINK = Link(
    sense_budget_ms=5000, actuate_budget_ms=5000, open_s_max=5, serial_reply_ms=500, serial_gap_ms=0
)


class Frame:
    def __init__(self, signals: SignalNames) -> None:
        count = len(signals.channels)
        self.reading = memoryview(array("d", bytes(8 * count)))
        self.reading_age_s = memoryview(array("d", bytes(8 * count)))
        self.reading_ok = memoryview(bytearray(count))
        self.digital_output_bits = 0
        for name in signals.analogue_outputs:
            setattr(self, name, 0.0)

    def seen(self) -> dict[str, object]:
        return {
            name: found.tolist() if isinstance(found, memoryview) else found
            for name, found in vars(self).items()
        }

    def ask(self, **outputs: float) -> None:
        for name, number in outputs.items():
            setattr(self, name, number)


def pressing(tick: int) -> dict[str, float]:
    """Contactors, heaters in turn, approach, pump with a rising valve, then let go."""
    bits = 0x00C0 | 1 << tick // 20 % 6 | (tick & 1) << 15
    if 100 <= tick < 700:
        bits |= 0x0B00 if tick < 300 else 0x0300
    opening = round(min(max(tick - 300, 0) / 1000, 0.4), 4)
    return {"digital_output_bits": bits, "valve_open_fraction": opening}


def pumping(tick: int) -> dict[str, float]:
    """Heater in turns, strokes both ways with a rising speed, then out through the needle."""
    on = {"contactor_jacket", "jacket_heater_ssr"} if tick // 20 % 2 else {"contactor_jacket"}
    on |= {"pump"} if tick < 200 else {"decompression_valve"}
    on |= {"intensifier_direction"} if tick // 50 % 2 else set()
    on |= {"watchdog"} if tick & 1 else set()
    return {
        "digital_output_bits": sum(1 << WIP.digital_outputs.index(name) for name in on),
        "needle_open_fraction": round(min(tick / 500, 0.6), 4),
        "pump_speed_fraction": round(min(tick / 100, 0.9), 4),
    }


@asynccontextmanager
async def wired(
    machine: str, signals: SignalNames, *, serial: bool, clock: Callable[[], float], **options: Any
) -> AsyncIterator[tuple[MachineServer, ModbusStation]]:
    """The machine's modules, served in lockstep, and the controller's station over them."""
    description = read_machine(machine)
    server = MachineServer(
        description, options.pop("lease_clock", time.monotonic), lockstep=True, serial=serial,
        **options,
    )  # fmt: skip
    if serial:
        await server.start_serial("pty", BAUD)
        place: dict[str, Any] = {"serial": server.serial, "baud": BAUD}
    else:
        await server.start("127.0.0.1", 0)
        place = {"host": server.host, "port": server.port}
    devices = [Device(d.name, d.profile, unit_id=d.unit_id, **place) for d in description.device]
    station = ModbusStation(devices, description.wiring, LINK, signals, clock)
    try:
        await station.open()
        yield server, station
    finally:
        await station.close()
        await server.stop()


async def compare(
    machine: str,
    signals: SignalNames,
    outputs: Callable[[int], dict[str, float]],
    ticks: int,
    *,
    serial: bool,
    begin: Callable[[Any], None] = lambda plant: None,
) -> dict[str, float]:
    """Every frame of both; what is true at the end."""
    now = [0.0]
    async with wired(machine, signals, serial=serial, clock=lambda: now[0], seed=11) as (
        server,
        station,
    ):
        near = open_simulation(machine, signals, seed=11, tick_s=TICK_S)
        await near.open()
        begin(server.plant)
        begin(near.plant)
        over_wire: Any = Frame(signals)
        in_process: Any = Frame(signals)
        for index in itertools.count():
            now[0] = index * TICK_S
            tick = Tick(index, now[0], 0)
            await station.sense(tick, over_wire)
            await near.sense(tick, in_process)
            assert over_wire.seen() == in_process.seen(), f"tick {index}"
            if index == ticks:
                break
            for frame in (over_wire, in_process):
                frame.ask(**outputs(index))
            await station.actuate(tick, over_wire)
            await near.actuate(tick, in_process)
        truth = dict(near.truth())
        assert server.plant.truth() == truth
        return truth


async def test_every_frame_of_a_pressing_is_the_same_bytes() -> None:
    truth = await compare("press-500kN", PRESS, pressing, 1000, serial=False)
    assert truth["cylinder_pressure_bar"] > 5.0, "nothing was pressed, nothing was shown"


def at_pressure(wip: Any) -> None:
    wip.preset(pressure_mpa=300.0, fluid_c=80.0, wall_c=80.0)


@pytest.mark.parametrize(("serial", "ticks"), [(False, 500), (True, 250)])
async def test_every_frame_of_a_wip_is_the_same_bytes(serial: bool, ticks: int) -> None:
    """Five modules: inputs on two of them, both analogue outputs on one."""
    truth = await compare("wip-500MPa", WIP, pumping, ticks, serial=serial, begin=at_pressure)
    assert truth["delivered_ml"] > 1.0
    assert truth["needle_open_fraction"] > 0.1
    assert truth["fluid_outflow_ml_per_s"] > 0.0


@pytest.mark.parametrize("serial", [False, True])
async def test_the_leases_of_a_silent_host_end_needle_and_pump(serial: bool) -> None:
    clock_s = [0.0]
    outputs = pumping(120)
    async with wired(
        "wip-500MPa", WIP, serial=serial, clock=time.monotonic, lease_clock=lambda: clock_s[0]
    ) as (server, station):
        frame: Any = Frame(WIP)
        frame.ask(**outputs)
        await station.actuate(Tick(0, time.monotonic(), 0), frame)
        await station.sense(Tick(1, time.monotonic(), 0), frame)
        assert frame.readback_ok
        assert frame.digital_output_bits_readback == outputs["digital_output_bits"]
        assert frame.needle_open_fraction_readback == outputs["needle_open_fraction"]
        assert frame.pump_speed_fraction_readback == outputs["pump_speed_fraction"]
        clock_s[0] += 2.0  # the lease of the bench
        end_s = time.monotonic() + 10.0
        while frame.lease_lapse_count < 2 and time.monotonic() < end_s:
            await asyncio.sleep(0.01)
            await station.sense(Tick(2, time.monotonic(), 0), frame)
        assert frame.lease_lapse_count == 2, "of the modules with outputs: ao and dio"
        assert frame.digital_output_bits_readback == 0
        assert frame.needle_open_fraction_readback == frame.pump_speed_fraction_readback == 0.0
        assert server.bench.tick == 1, "time stood still"
        await station.actuate(Tick(3, time.monotonic(), 0), frame)
        assert server.bench.tick == 3, "and a tick without outputs was owed"
