"""The wired machine of `fieldbus_bench` on a pseudo-terminal, with a line that can be unwell."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fieldbus_bench import PROFILES, SIGNALS, WIRING, MemoryPlant

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from hil.devices.face import Face
from hil.devices.modbus_rtu import RtuServer
from hil.devices.module import Module
from hil.devices.pacing import LeaseWatch, Lockstep
from hil.devices.profile import read_profile
from hil.devices.serial_line import Acting, LineFault

BAUD = 921_600
# No wire, so no silence is needed between good frames; patience for a busy computer.
PTY_LINK = Link(
    sense_budget_ms=2000,
    actuate_budget_ms=2000,
    reconnect_s_max=0.05,
    open_s_max=2,
    serial_reply_ms=200,
    serial_gap_ms=0,
)


class SerialMachine:
    """Three modules on one line, in lockstep. `faults` act on the line."""

    def __init__(self, lease_ms: int = 2000, seed: int = 1) -> None:
        self.plant = MemoryPlant()
        self.modules = {
            name: Module(name, unit, read_profile(profile), lease_ms, time.monotonic)
            for unit, (name, profile) in enumerate(PROFILES.items(), 1)
        }
        self.face = Face(list(self.modules.values()), WIRING, SIGNALS, self.plant)
        self.pacer = Lockstep(self.face)
        self.faults: list[Acting] = []
        self.server = RtuServer(
            self.modules.values(), None, self._acting, seed=seed, now_s=time.monotonic
        )
        self.watch = LeaseWatch(self.face, self.pacer.lapsed, time.monotonic)
        self.path = ""

    def _acting(self) -> Sequence[Acting]:
        return self.faults

    def fault(self, verb: str, handle: int = 1, **parameters: float | str) -> None:
        self.faults.append(LineFault(verb, parameters, handle))

    async def start(self, *, paced: bool = False, baud: int = BAUD) -> None:
        self.path = await self.server.start("pty", baud, paced=paced)
        self.watch.start()

    async def stop(self) -> None:
        self.watch.stop()
        await self.server.stop()


@asynccontextmanager
async def serial_machine(
    lease_ms: int = 2000, *, seed: int = 1, paced: bool = False, baud: int = BAUD
) -> AsyncIterator[SerialMachine]:
    running = SerialMachine(lease_ms, seed)
    await running.start(paced=paced, baud=baud)
    try:
        yield running
    finally:
        await running.stop()


def serial_devices(path: str, lease_ms: int = 2000, baud: int = BAUD) -> list[Device]:
    return [
        Device(name, profile, unit_id=unit, lease_ms=lease_ms, serial=path, baud=baud)
        for unit, (name, profile) in enumerate(PROFILES.items(), 1)
    ]


def serial_station(
    path: str, link: Link = PTY_LINK, *, lease_ms: int = 2000, baud: int = BAUD
) -> ModbusStation:
    devices = serial_devices(path, lease_ms, baud)
    return ModbusStation(devices, WIRING, link, SIGNALS, time.monotonic)
