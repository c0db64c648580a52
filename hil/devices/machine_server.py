"""A machine file as a running machine: plant, modules, pace, leases and the way to them.

That way is one Modbus TCP port or, with `serial`, one Modbus RTU line. Indicators that talk
by themselves have a pseudo-terminal each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence

from controller.ports import SignalNames
from hil import Machine
from hil.devices.face import Face, Plant
from hil.devices.indicators import indicators_of
from hil.devices.modbus_rtu import BenchFault, RtuServer
from hil.devices.modbus_tcp import ModbusServer
from hil.devices.module import Module
from hil.devices.pacing import LeaseWatch, Lockstep, RealTime
from hil.devices.profile import ProfileError, read_profile
from hil.devices.serial_end import PTY
from hil.devices.serial_line import LINE_ANSWERS, LINE_VERBS
from hil.devices.stall import StallWatch
from hil.devices.wires import WiringError
from hil.faults.bench import Bench
from hil.faults.control import ControlServer
from hil.faults.machine_reach import reach_of
from hil.faults.modules import ModuleFaults
from hil.faults.reach import Reach
from hil.faults.wire import FaultyWire
from hil.plant import face_of

TICK_S = 0.010
LOCKSTEP_LEASE_MS = 2000
INDICATOR_BAUD = 9600


class MachineServer:
    """Raises WiringError when the machine's devices and wiring do not agree.

    `clock` is the modules' monotonic time in seconds, `boot_count` what their boot counters
    stood at before this power-up. In lockstep the leases are the bench's: `lease_ms`, by
    default 2000; in real time the machine file's, or `lease_ms`, until a host writes its own.
    Faults are injected through `bench`, and by other programs over `control_port` of loopback.
    `through` may put something between the plant with its faults and the modules' terminals, such
    as a rig; `rig_verbs` are the faults which that can have itself.
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
        serial: bool = False,
        through: Callable[[Plant, SignalNames], Plant] | None = None,
        rig_verbs: Collection[str] = (),
    ) -> None:
        if not machine.device:
            raise WiringError(f"{machine.name}: the machine has no [[device]] to serve")
        plant = face_of(machine)(machine, seed=seed, start_temperature_c=start_temperature_c)
        signals = plant.signals
        loose = [s for s in machine.wiring if s in signals.channels and s not in plant.fitted]
        if loose:
            raise WiringError(f"wiring.{loose[0]}: the machine has no such instrument")
        if lockstep and lease_ms is None:
            lease_ms = LOCKSTEP_LEASE_MS
        self.machine = machine
        self.lockstep = lockstep
        self.plant = plant
        self.indicators = indicators_of(
            machine.device, machine.wiring, signals.channels, machine.sensor, self._readings,
            lambda name: [BenchFault(active) for active in self.bench.of_device(name)],
        )  # fmt: skip
        self.modules = self._modules(clock, lease_ms, boot_count)
        self.bench = Bench(self._reach(serial, rig_verbs), seed=seed, tick_s=TICK_S)
        self._wire = FaultyWire(plant.wire(signals, tick_s=TICK_S), plant, self.bench)
        wiring = {s: a for s, a in machine.wiring.items() if not self._is_indicator(a)}
        terminals = self._wire if through is None else through(self._wire, signals)
        face = Face(self.modules, wiring, signals, terminals)
        self.pacer = Lockstep(face) if lockstep else RealTime(face, TICK_S, clock)
        self.faults = ModuleFaults(self.bench, self.modules, self.pacer.swallowed, face.drive)
        self.bench.listeners.append(face.sample)
        self._watch = LeaseWatch(face, self.pacer.lapsed, clock)
        self._stall = StallWatch(face, self.faults, self.bench) if lockstep else None
        self._server = ModbusServer(self.modules, self.faults)
        self._line = RtuServer(
            self.modules,
            self.faults,
            lambda: [BenchFault(active) for active in self.bench.of_kind("line")],
            seed=seed,
            now_s=lambda: self.bench.time_s,
        )
        self._control = None if control_port is None else ControlServer(self.bench)
        self._control_port = control_port or 0
        self.host, self.port = "", 0
        self.serial, self.baud = "", 0
        self.indicator_places: dict[str, str] = {}

    def _reach(self, serial: bool, rig_verbs: Collection[str]) -> Reach:
        plant = self.plant
        return reach_of(
            self.machine,
            plant.signals,
            plant.fitted,
            plant.condition_bounds,
            in_process=False,
            line_verbs=LINE_VERBS if serial else (),
            line_answers=LINE_ANSWERS if serial else (),
            rig_verbs=rig_verbs,
        )

    def _modules(
        self, clock: Callable[[], float], lease_ms: int | None, boot_count: int
    ) -> list[Module]:
        modules = []
        for device in self.machine.device:
            if device.name in self.indicators:
                continue
            try:
                profile = read_profile(device.profile)
            except ProfileError as error:
                raise WiringError(f"{self.machine.name}: device '{device.name}': {error}") from None
            module = Module(
                device.name,
                device.unit_id,
                profile,
                device.lease_ms if lease_ms is None else lease_ms,
                clock,
                boot_count=boot_count,
                lease_is_fixed=self.lockstep,
            )
            modules.append(module)
        return modules

    def _is_indicator(self, address: str) -> bool:
        return address.partition(".")[0] in self.indicators

    def _readings(self) -> Sequence[float]:
        return self._wire.sense()[0]

    async def start(self, host: str, port: int) -> None:
        """Listen and let time run. Raises OSError when the address cannot be had."""
        self.host, self.port = await self._server.start(host, port)
        await self._begin()

    async def start_serial(self, path: str, baud: int) -> None:
        """Answer on a serial line and let time run: a port, or "pty" for a pseudo-terminal made
        here, which in real time takes as long for its bytes as a wire of this speed. Raises
        OSError. Line faults need a server built with `serial`."""
        self.serial = await self._line.start(path, baud, paced=not self.lockstep)
        self.baud = baud
        await self._begin()

    async def _begin(self) -> None:
        for name, indicator in self.indicators.items():
            self.indicator_places[name] = await indicator.start(PTY, INDICATOR_BAUD, paced=True)
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
        await self._line.stop()
        for indicator in self.indicators.values():
            await indicator.stop()
        if self._control is not None:
            await self._control.stop()

    def announcement(self) -> str:
        """One line of JSON: where to find what."""
        return json.dumps(
            {
                "listening": {"serial": self.serial, "baud": self.baud}
                if self.serial
                else {"host": self.host, "port": self.port},
                "devices": [
                    {"name": m.name, "profile": m.profile.name, "unit_id": m.unit_id}
                    for m in self.modules
                ],
                "indicators": self.indicator_places,
                "machine": self.machine.name,
                "lockstep": self.lockstep,
                "control_port": None if self._control is None else self._control.port,
            }
        )
