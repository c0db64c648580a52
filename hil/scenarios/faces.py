"""The faces a machine can show to the controller under test: one row each.

A face is a way to stand up a machine for one scenario. What differs is the way between the
controller and the plant; plant, faults and what is measured are the same.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass

from controller.ports import SignalNames, Station
from hil.description import Machine
from hil.devices.face import Plant as Terminals
from hil.devices.indicator_profile import indicator_kind
from hil.devices.machine_server import MachineServer
from hil.faults import Bench
from hil.machine import kind_of, read_machine
from hil.plant import Plant, face_of
from hil.punctual import punctual
from hil.rig_faults import RIG_VERBS, RigFaults, blamed
from hil.rig_link import RigError
from hil.rig_wire import TwinWire, twin_wire
from hil.scenarios.controllers import Controller
from hil.scenarios.model import Scenario
from hil.station import SimulatedStation

BAUD = 115_200
RIG_STALL_MS = 80  # the twin shares this computer with plant and controller
RIG_REPLY_S, RIG_TRIES = 0.025, 3  # a lost rig costs this host their product, once
LATE_S_MAX = 0.1  # half the modules' lease
LATE_RATIO_MAX = 0.01
_TOO_LATE = ("timeout_count", "late_reply_count", "late_read_count", "late_write_count")


class FaceError(ValueError):
    """No such face, or not on this bench. The text names those there are."""


@dataclass(frozen=True, slots=True)
class Rig:
    """One machine on the bench: the controller's station, its faults, and the plant behind."""

    station: Station
    bench: Bench
    plant: Plant
    real_time: bool = False
    invalid: Callable[[], str] = lambda: ""
    """Why what was seen may not be believed; empty: it may. Known only when the run is over."""

    @property
    def output_names(self) -> tuple[str, ...]:
        return self.plant.signals.digital_outputs

    @property
    def keeps_pressure(self) -> bool:
        """A vessel that was aborted keeps its pressure until a person lets it off."""
        return kind_of(self.plant.machine) == "wip"

    def output_bits(self) -> int:
        """What the machine itself feels, behind every fault and wire."""
        return self.plant.output_bits

    def truth(self) -> Mapping[str, float]:
        return self.plant.truth()

    def time_s(self) -> float:
        """The machine's own time."""
        return self.bench.time_s

    def turn_limiter_key(self, *, on: bool) -> None:
        """The limiter takes an edge of its key, and only when it is cool."""
        self.plant.set(limiter_reset=int(on))


Face = Callable[[Scenario, Controller], AbstractAsyncContextManager[Rig]]


def _machine(scenario: Scenario, controller: Controller) -> Machine:
    """The machine with the recipe's workpiece in it. Raises MachineError."""
    return read_machine(scenario.scenario.machine).with_stack(controller.stack)


@asynccontextmanager
async def _sim(scenario: Scenario, controller: Controller) -> AsyncIterator[Rig]:
    """In this process, in virtual time."""
    header = scenario.scenario
    machine = _machine(scenario, controller)
    plant = face_of(machine)(
        machine, seed=header.seed, start_temperature_c=header.start_temperature_c
    )
    station = SimulatedStation(plant, controller.names, tick_s=controller.tick_s, seed=header.seed)
    yield Rig(station, station.bench, plant)


@asynccontextmanager
async def _tcp(scenario: Scenario, controller: Controller) -> AsyncIterator[Rig]:
    """Modbus TCP modules on a loopback port: real frames and the machine's time, in lockstep.

    Where the wire itself is broken a lost answer must cost its time: there in real time.
    """
    real_time = needs_the_wall(scenario)
    server = _server(scenario, controller, lockstep=not real_time)
    with punctual() if real_time else nullcontext():
        await server.start("127.0.0.1", 0)
        try:
            station = controller.modbus_tcp(
                server.host,
                server.port,
                lockstep=not real_time,
                instruments=server.indicator_places,
            )
            server.pacer.start_count()
            yield Rig(
                station, server.bench, server.plant, real_time,
                lambda: "; ".join(_slowness(scenario, server, station)) if real_time else "",
            )  # fmt: skip
        finally:
            await server.stop()


@asynccontextmanager
async def _rtu(scenario: Scenario, controller: Controller) -> AsyncIterator[Rig]:
    """The same modules on a serial line (a pseudo-terminal), else as over TCP."""
    real_time = needs_the_wall(scenario)
    server = _server(scenario, controller, lockstep=not real_time, serial=True)
    with punctual() if real_time else nullcontext():
        await server.start_serial("pty", BAUD)
        try:
            station = controller.modbus_rtu(
                server.serial, BAUD, lockstep=not real_time, instruments=server.indicator_places
            )
            server.pacer.start_count()
            yield Rig(
                station, server.bench, server.plant, real_time,
                lambda: "; ".join(_slowness(scenario, server, station)) if real_time else "",
            )  # fmt: skip
        finally:
            await server.stop()


@asynccontextmanager
async def _rig(scenario: Scenario, controller: Controller) -> AsyncIterator[Rig]:
    """As over TCP in real time, but every signal passes the terminals of the rig's twin: its
    firmware in a process of its own. Raises FaceError when it does not start."""
    machine = _machine(scenario, controller)
    twins: list[TwinWire] = []
    with punctual(), ExitStack() as stack:

        def through(wire: Terminals, signals: SignalNames) -> Terminals:
            twin = twin_wire(
                wire, _on_modules(scenario, machine), signals, time.monotonic,
                stall_ms=RIG_STALL_MS, reply_timeout_s=RIG_REPLY_S, try_count=RIG_TRIES,
            )  # fmt: skip
            twins.append(stack.enter_context(twin))
            return twins[-1]

        try:
            server = _server(scenario, controller, lockstep=False, through=through)
            RigFaults(server.bench, twins[0])
        except RigError as error:
            raise FaceError(f"the rig's twin did not start: {error}") from None
        await server.start("127.0.0.1", 0)
        try:
            station = controller.modbus_tcp(
                server.host, server.port, lockstep=False, instruments=server.indicator_places
            )
            server.pacer.start_count()  # what was loaded until here is not the run's affair
            yield Rig(
                station, server.bench, server.plant, True,
                lambda: "; ".join(_doubts(scenario, twins[0], server, station)),
            )  # fmt: skip
        finally:
            await server.stop()


def _doubts(
    scenario: Scenario, twin: TwinWire, server: MachineServer, station: Station
) -> Iterator[str]:
    """What the rig objects to, and a host too slow for its machine."""
    tested = blamed(injection.fault for injection in scenario.fault)
    yield from (objection.text for objection in twin.bench.verdict(tested).objections)
    yield from _slowness(scenario, server, station)


def _slowness(scenario: Scenario, server: MachineServer, station: Station) -> Iterator[str]:
    """Of this host, in real time: leases fall by it alone, and late answers are lost I/O."""
    late_s = server.pacer.lateness_s_max
    if late_s > LATE_S_MAX:
        yield f"this host kept the machine waiting for {late_s:.2f} s"
    if breaks_the_wire(scenario):
        return
    counts = station.statistics()
    late = sum(counts[name] for name in _TOO_LATE)
    if late > LATE_RATIO_MAX * counts["request_count"]:
        yield f"this host was too slow for {late:.0f} of {counts['request_count']:.0f} answers"
    if lapses := sum(module.lease.lapse_count for module in server.modules):
        yield f"this host was too slow to renew an output's lease, {lapses} times"


def _server(
    scenario: Scenario,
    controller: Controller,
    *,
    lockstep: bool,
    serial: bool = False,
    through: Callable[[Terminals, SignalNames], Terminals] | None = None,
) -> MachineServer:
    header = scenario.scenario
    return MachineServer(
        _machine(scenario, controller),
        time.monotonic,
        seed=header.seed,
        lockstep=lockstep,
        serial=serial,
        through=through,
        rig_verbs=() if through is None else RIG_VERBS,
        start_temperature_c=header.start_temperature_c,
    )


def breaks_the_wire(scenario: Scenario) -> bool:
    """A fault of a module or a line, which only shows in the time that a wire takes."""
    points = {injection.fault.point for injection in scenario.fault}
    own = {f"io.{name}" for name in _indicators(scenario)}
    return any(point.startswith("io.") or point == "line" for point in points - own)


def _indicators(scenario: Scenario) -> set[str]:
    machine = read_machine(scenario.scenario.machine)
    return {device.name for device in machine.device if indicator_kind(device.profile)}


def needs_the_wall(scenario: Scenario) -> bool:
    """Time that only the wall has: that of a broken wire, and that of an indicator, which talks
    by itself."""
    return breaks_the_wire(scenario) or bool(_indicators(scenario))


def _on_modules(scenario: Scenario, machine: Machine) -> dict[str, str]:
    """Wires that end at a module: an indicator has none at the rig, its line is the host's."""
    own = _indicators(scenario)
    return {s: at for s, at in machine.wiring.items() if at.partition(".")[0] not in own}


@dataclass(frozen=True, slots=True)
class FaceKind:
    """How a face is stood up, and whether a scenario runs by the wall clock there."""

    open: Face
    real_time: Callable[[Scenario], bool]


FACES: Mapping[str, FaceKind] = {
    "sim": FaceKind(_sim, lambda scenario: False),
    "tcp": FaceKind(_tcp, needs_the_wall),
    "rtu": FaceKind(_rtu, needs_the_wall),
    "rig": FaceKind(_rig, lambda scenario: True),
}


def face_named(name: str) -> FaceKind:
    """Raises FaceError when this bench has no such face."""
    if name not in FACES:
        raise FaceError(f"no face {name!r} on this bench; there are: {', '.join(FACES)}")
    return FACES[name]
