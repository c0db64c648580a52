"""The shipped recipe as a batch for closed_loop.c: what to start from, and what was commanded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from controller.cli.simulate import UTC_START_NS, simulated_station
from controller.clocks import VirtualClock
from controller.composition import run_batch
from controller.config.stack import Batch
from controller.kernel import PRESS, ffi
from controller.ports import Tick
from controller.press_plan import PressPlan
from controller.recipe.procedure import Procedure, Transition
from controller.timing import LoopTiming
from hil.physics import ffi as plant_ffi
from hil.plant import Plant
from tools.bench import compiled


@dataclass
class Recorder:
    """A procedure that keeps each command it gave."""

    procedure: Procedure
    commands: list[bytes] = field(default_factory=list)

    @property
    def phase(self) -> str:
        return self.procedure.phase

    @property
    def finished(self) -> bool:
        return self.procedure.finished

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Transition, ...]:
        moves = self.procedure.step(tick, observation, command)
        self.commands.append(ffi.buffer(command)[:])
        return moves


def _begin(plan: PressPlan, batch: Batch, machine: str, seed: int) -> list[bytes]:
    """Kernel and plant before the first tick, as simulate builds them."""
    kernel = plan.kernel(batch)
    plant = simulated_station(machine, plan, batch, seed).plant  # type: ignore[attr-defined]
    wire = plant.wire(PRESS.names, tick_s=plan.station.station.tick_s)
    return [
        *(ffi.buffer(part)[:] for part in (kernel._config, kernel._state)),
        *(plant_ffi.buffer(part)[:] for part in (plant._config, plant._state, wire._wiring)),
        wire.readings_ok,
    ]


def c_loop(plan: PressPlan, batch: Batch, machine: str, seed: int) -> Callable[[], float]:
    """A run of the batch in C; process seconds a wall second.

    Runs it in Python first. Raises RuntimeError when C does not end where Python did.
    """
    begin = _begin(plan, batch, machine, seed)
    recorder = Recorder(plan.procedure())
    plant = _run_in_python(plan, batch, machine, seed, recorder)
    truth = plant.truth()
    ended = [str(plant._state.step)]
    ended += [f"{truth[name]:.17g}" for name in ("density_ratio", "stack_temperature_c")]
    program = compiled.program("closed_loop", kernel=True, plant=True)
    batch_bytes = b"".join([*begin, *recorder.commands])

    def run() -> float:
        factor, *said = compiled.run(program, stdin=batch_bytes).decode().split()
        if said != ended:
            raise RuntimeError(f"the C loop pressed another batch: {said}, not {ended}")
        return float(factor)

    return run


def _run_in_python(
    plan: PressPlan, batch: Batch, machine: str, seed: int, recorder: Recorder
) -> Plant:
    station = simulated_station(machine, plan, batch, seed)
    clock = VirtualClock(plan.station.station.tick_s, utc_start_ns=UTC_START_NS)
    asyncio.run(
        run_batch(
            station,
            clock,
            plan.kernel(batch),
            recorder,
            [],
            stopping=lambda: False,
            stopwatch_s=perf_counter,
            timing=LoopTiming(plan.station.station.tick_s),
        )
    )
    plant: Plant = station.plant  # type: ignore[attr-defined]
    return plant
