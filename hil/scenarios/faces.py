"""The faces a machine can show to the controller under test: one row each.

A face is a way to stand up a machine for one scenario. What differs is the way between the
controller and the plant; plant, faults and what is measured are the same.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from controller.ports import Station, Tick
from hil.description import Machine
from hil.devices.machine_server import MachineServer
from hil.faults import Bench
from hil.machine import read_machine
from hil.plant import DIGITAL_OUTPUTS, Plant
from hil.scenarios.controllers import Controller
from hil.scenarios.model import Scenario
from hil.station import SimulatedStation


class FaceError(ValueError):
    """No such face, or not on this bench. The text names those there are."""


@dataclass(frozen=True, slots=True)
class Rig:
    """One machine on the bench: the controller's station, its faults, and the plant behind."""

    station: Station
    bench: Bench
    plant: Plant

    @property
    def output_names(self) -> tuple[str, ...]:
        return DIGITAL_OUTPUTS

    def output_bits(self) -> int:
        """What the press itself feels, behind every fault and wire."""
        return self.plant.output_bits

    def truth(self) -> Mapping[str, float]:
        return self.plant.truth()

    def time_s(self, tick: Tick) -> float:
        """The machine's time at this tick."""
        return tick.monotonic_s

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
    plant = Plant(
        _machine(scenario, controller),
        seed=header.seed,
        start_temperature_c=header.start_temperature_c,
    )
    station = SimulatedStation(plant, controller.names, tick_s=controller.tick_s, seed=header.seed)
    yield Rig(station, station.bench, plant)


@asynccontextmanager
async def _tcp(scenario: Scenario, controller: Controller) -> AsyncIterator[Rig]:
    """Modbus TCP modules on a loopback port, in lockstep: real frames, the machine's time."""
    header = scenario.scenario
    server = MachineServer(
        _machine(scenario, controller),
        time.monotonic,
        seed=header.seed,
        lockstep=True,
        start_temperature_c=header.start_temperature_c,
    )
    await server.start("127.0.0.1", 0)
    try:
        station = controller.modbus_tcp(server.host, server.port, lockstep=True)
        yield Rig(station, server.bench, server.plant)
    finally:
        await server.stop()


# The serial face comes with the Modbus RTU devices, the rig with hil/bench.py.
FACES: Mapping[str, Face] = {"sim": _sim, "tcp": _tcp}


def open_face(
    name: str, scenario: Scenario, controller: Controller
) -> AbstractAsyncContextManager[Rig]:
    """Raises FaceError when this bench has no such face or the scenario is not for it."""
    if name not in FACES:
        raise FaceError(f"no face {name!r} on this bench; there are: {', '.join(FACES)}")
    return FACES[name](scenario, controller)
