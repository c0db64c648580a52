"""A machine file as a running machine: plant, modules, pace, leases and one Modbus TCP port."""

from __future__ import annotations

import json
from collections.abc import Callable

from hil import Machine
from hil.devices.face import Face
from hil.devices.modbus_tcp import ModbusServer
from hil.devices.module import Module
from hil.devices.pacing import LeaseWatch, Lockstep, RealTime
from hil.devices.profile import ProfileError, read_profile
from hil.devices.stall import StallWatch
from hil.devices.wires import WiringError
from hil.faults.bench import Bench
from hil.faults.control import ControlServer
from hil.faults.machine_reach import reach_of
from hil.faults.modules import ModuleFaults
from hil.faults.wire import FaultyWire
from hil.plant import Plant

TICK_S = 0.010
LOCKSTEP_LEASE_MS = 2000


class MachineServer:
    """Raises WiringError when the machine's devices and wiring do not agree.

    `clock` is the modules' monotonic time in seconds, `boot_count` what their boot counters
    stood at before this power-up. In lockstep the leases are the bench's: `lease_ms`, by
    default 2000; in real time the machine file's, or `lease_ms`, until a host writes its own.
    Faults are injected through `bench`, and by other programs over `control_port` of loopback.
    """

    def __init__(
        self,
        machine: Machine,
        clock: Callable[[], float],
        *,
        seed: int = 0,
        lockstep: bool = False,
        lease_ms: int | None = None,
        boot_count: int = 0,
        start_temperature_c: float | None = None,
        control_port: int | None = None,
    ) -> None:
        if not machine.device:
            raise WiringError(f"{machine.name}: the machine has no [[device]] to serve")
        plant = Plant(machine, seed=seed, start_temperature_c=start_temperature_c)
        signals = plant.signals
        loose = [s for s in machine.wiring if s in signals.channels and s not in plant.fitted]
        if loose:
            raise WiringError(f"wiring.{loose[0]}: the machine has no such instrument")
        if lockstep and lease_ms is None:
            lease_ms = LOCKSTEP_LEASE_MS
        self.machine = machine
        self.lockstep = lockstep
        self.plant = plant
        self.modules: list[Module] = []
        for device in machine.device:
            try:
                profile = read_profile(device.profile)
            except ProfileError as error:
                raise WiringError(f"{machine.name}: device '{device.name}': {error}") from None
            module = Module(
                device.name,
                device.unit_id,
                profile,
                device.lease_ms if lease_ms is None else lease_ms,
                clock,
                boot_count=boot_count,
                lease_is_fixed=lockstep,
            )
            self.modules.append(module)
        reach = reach_of(machine, signals, plant.fitted, plant.condition_bounds, in_process=False)
        self.bench = Bench(reach, seed=seed, tick_s=TICK_S)
        wire = FaultyWire(plant.wire(signals, tick_s=TICK_S), plant, self.bench)
        face = Face(self.modules, machine.wiring, signals, wire)
        self.pacer = Lockstep(face) if lockstep else RealTime(face, TICK_S, clock)
        self.faults = ModuleFaults(self.bench, self.modules, self.pacer.swallowed, face.drive)
        self.bench.listeners.append(face.sample)
        self._watch = LeaseWatch(face, self.pacer.lapsed, clock)
        self._stall = StallWatch(face, self.faults, self.bench) if lockstep else None
        self._server = ModbusServer(self.modules, self.faults)
        self._control = None if control_port is None else ControlServer(self.bench)
        self._control_port = control_port or 0
        self.host, self.port = "", 0

    async def start(self, host: str, port: int) -> None:
        """Listen and let time run. Raises OSError when the address cannot be had."""
        self.host, self.port = await self._server.start(host, port)
        if self._control is not None:
            await self._control.start(self._control_port)
        self.pacer.start()
        self._watch.start()
        if self._stall is not None:
            self._stall.start()

    async def stop(self) -> None:
        self._watch.stop()
        if self._stall is not None:
            self._stall.stop()
        self.pacer.stop()
        await self._server.stop()
        if self._control is not None:
            await self._control.stop()

    def announcement(self) -> str:
        """One line of JSON: where to find what."""
        return json.dumps(
            {
                "listening": {"host": self.host, "port": self.port},
                "devices": [
                    {"name": m.name, "profile": m.profile.name, "unit_id": m.unit_id}
                    for m in self.modules
                ],
                "machine": self.machine.name,
                "lockstep": self.lockstep,
                "control_port": None if self._control is None else self._control.port,
            }
        )
