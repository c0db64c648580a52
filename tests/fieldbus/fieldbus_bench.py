"""A wired machine on a loopback port: the real modules over a plant that is only memory."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import SignalNames, Tick
from hil.devices.face import Face
from hil.devices.modbus_tcp import ModbusServer
from hil.devices.module import Module
from hil.devices.pacing import LeaseWatch, Lockstep
from hil.devices.profile import read_profile

CHANNELS = (
    *(f"zone_{i}_temperature_c" for i in range(1, 7)),
    *(f"spare_{i}_temperature_c" for i in range(1, 6)),
    *(f"cylinder_{i}_pressure_bar" for i in range(1, 4)),
    *(f"lvdt_{i}_position_mm" for i in range(1, 5)),
    *(f"heater_{i}_current_a" for i in range(1, 7)),
)
SIGNALS = SignalNames(
    CHANNELS,
    tuple(f"input_{i}" for i in range(14)),
    tuple(f"output_{i}" for i in range(16)),
    ("valve_open_fraction",),
)
POINTS = (
    *(f"ai.rtd_{i}" for i in range(1, 12)),
    *(f"ai.loop_{i}" for i in range(1, 4)),
    *(f"ai.lvdt_{i}" for i in range(1, 5)),
    *(f"ai.ct_{i}" for i in range(1, 7)),
)
WIRING = {
    **dict(zip(CHANNELS, POINTS, strict=True)),
    **{f"input_{i}": f"dio.di_{i + 1}" for i in range(14)},
    **{f"output_{i}": f"dio.do_{i + 1}" for i in range(16)},
    "valve_open_fraction": "ao.ao_1",
}
PROFILES = {"ai": "analogue-in-24", "ao": "analogue-out-4", "dio": "digital-io-16"}


@dataclass(frozen=True)
class Unit:
    """Modules by name in the order of their unit ids, and what is wired to them."""

    profiles: Mapping[str, str]
    wiring: Mapping[str, str]
    signals: SignalNames


PRESS = Unit(PROFILES, WIRING, SIGNALS)


class MemoryPlant:
    """Shows what a test put in and keeps what it was told."""

    def __init__(self) -> None:
        self.readings = array("d", (20.0 + i / 4 for i in range(24)))
        self.input_bits = 0x3FFF
        self.commands: list[tuple[float, ...]] = []  # bits and openings
        self.advance_count = 0

    def command(self, output_bits: int, *open_fractions: float) -> None:
        self.commands = [*self.commands[-7:], (output_bits, *open_fractions)]

    def advance(self) -> None:
        self.advance_count += 1

    def sense(self) -> tuple[array[float], int]:
        return self.readings, self.input_bits


class Frame:
    """Both frames of the kernel in plain memory."""

    def __init__(self, *analogue_outputs: str) -> None:
        self.reading = memoryview(array("d", bytes(8 * 24)))
        self.reading_age_s = memoryview(array("d", bytes(8 * 24)))
        self.reading_ok = memoryview(bytearray(24))
        self.digital_input_bits = 0
        self.digital_age_s = 0.0
        self.digital_ok = False
        self.digital_output_bits_readback = 0
        self.readback_ok = False
        self.lease_lapse_count = 0
        self.digital_output_bits = 0
        for name in analogue_outputs or SIGNALS.analogue_outputs:
            setattr(self, name, 0.0)
            setattr(self, f"{name}_readback", -1.0)


class Machine:
    """Modules on one port, in lockstep."""

    def __init__(self, lease_ms: int = 2000, unit: Unit = PRESS) -> None:
        self.plant = MemoryPlant()
        self.modules = {
            name: Module(name, number, read_profile(profile), lease_ms, time.monotonic)
            for number, (name, profile) in enumerate(unit.profiles.items(), 1)
        }
        self.face = Face(list(self.modules.values()), unit.wiring, unit.signals, self.plant)
        self.pacer = Lockstep(self.face)
        self.server = ModbusServer(self.modules.values())
        self.watch = LeaseWatch(self.face, self.pacer.lapsed, time.monotonic)
        self.port = 0

    async def start(self, port: int = 0) -> None:
        _, self.port = await self.server.start("127.0.0.1", port)
        self.watch.start()

    async def stop(self) -> None:
        self.watch.stop()
        await self.server.stop()


@asynccontextmanager
async def machine(lease_ms: int = 2000, unit: Unit = PRESS) -> AsyncIterator[Machine]:
    running = Machine(lease_ms, unit)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def devices(port: int, lease_ms: int = 2000) -> list[Device]:
    return [
        Device(name, profile, "127.0.0.1", port, unit, lease_ms)
        for unit, (name, profile) in enumerate(PROFILES.items(), 1)
    ]


WALL_LINK = Link(sense_budget_ms=2000, actuate_budget_ms=2000, reconnect_s_max=0.05, open_s_max=2)


def station(port: int, link: Link = WALL_LINK, **changes: object) -> ModbusStation:
    lease_ms = int(changes.pop("lease_ms", 2000))  # type: ignore[call-overload]
    clock = changes.pop("monotonic", time.monotonic)
    wired = devices(port, lease_ms)
    return ModbusStation(wired, WIRING, link, SIGNALS, clock, **changes)  # type: ignore[arg-type]


def now_tick(index: int) -> Tick:
    return Tick(index, time.monotonic(), 0)


async def until(true: object, timeout_s: float = 5.0) -> None:
    """Wait for a condition; the test's own assertion says what was missing."""
    end_s = time.monotonic() + timeout_s
    while not true() and time.monotonic() < end_s:  # type: ignore[operator]  # noqa: ASYNC110
        await asyncio.sleep(0.005)
