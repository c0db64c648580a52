"""A shipped recipe as a batch for closed_loop.h: what to start from, and what was commanded."""

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
from controller.kernel import ffi
from controller.plan import Plan
from controller.ports import Tick
from controller.recipe.procedure import Procedure, Transition
from controller.timing import LoopTiming
from hil.physics import ffi as plant_ffi
from tools.bench import compiled

# Of the truth, by class of unit: what the C prints of the plant at the end.
_ENDED = {
    "press": ("density_ratio", "stack_temperature_c"),
    "wip": ("layer_1_density_ratio", "fluid_temperature_c"),
}


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


def _begin(plan: Plan, batch: Batch, machine: str, seed: int) -> list[bytes]:
    """Kernel and plant before the first tick, as simulate builds them."""
    kernel = plan.kernel(batch)
    plant = simulated_station(machine, plan, batch, seed).plant  # type: ignore[attr-defined]
    wire = plant.wire(plan.unit_class.names, tick_s=plan.station.station.tick_s)
    return [
        *(ffi.buffer(part)[:] for part in (kernel._config, kernel._state)),
        *(plant_ffi.buffer(part)[:] for part in (plant._config, plant._state, wire._wiring)),
        wire.readings_ok,
    ]


def c_loop(plan: Plan, batch: Batch, machine: str, seed: int) -> Callable[[], float]:
    """A run of the batch in C; process seconds a second of CPU.

    Runs it in Python first. Raises RuntimeError when C does not end where Python did.
    """
    begin = _begin(plan, batch, machine, seed)
    recorder = Recorder(plan.procedure())
    plant = _run_in_python(plan, batch, machine, seed, recorder)
    truth = plant.truth()
    ended = [str(plant._state.step)]
    unit = plan.unit_class.name
    ended += [f"{truth[name]:.17g}" for name in _ENDED[unit]]
    program = compiled.program(f"closed_loop_{unit}", kernel=True, plant=True)
    batch_bytes = b"".join([*begin, *recorder.commands])

    def run() -> float:
        factor, *said = compiled.run(program, stdin=batch_bytes).decode().split()
        if said != ended:
            raise RuntimeError(f"the C loop pressed another batch: {said}, not {ended}")
        return float(factor)

    return run


def _run_in_python(plan: Plan, batch: Batch, machine: str, seed: int, recorder: Recorder) -> Any:
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
    return station.plant  # type: ignore[attr-defined]
