"""The wire: one read, and the whole traffic of a tick, by wall clock and by CPU time.

Against the simulated machine in a process of its own, in lockstep, over loopback. Everybody
runs on the same event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from controller.cli.machine import simulated_machine
from controller.config.model import load_station
from controller.kernel import PRESS
from tools.bench.event_loop import EVENT_LOOP, new_event_loop
from tools.bench.harness import ROUNDS_MIN, Metric, Samples, compare, interleave
from tools.bench.scene import MACHINE, STATION
from tools.bench.wire import Master, OurMaster, PymodbusMaster, SocketMaster, devices_at

_REFERENCES = {"pymodbus": f"bare pymodbus on {EVENT_LOOP}", "socket": "a blocking socket"}
_READS, _TICKS = 200, 60


async def _batch(
    step: Callable[[], Awaitable[None]], count: int, clock: Callable[[], int]
) -> float:
    """µs of `clock` a step."""
    begun_ns = clock()
    for _ in range(count):
        await step()
    return (clock() - begun_ns) / count / 1e3


def _rounds(
    runner: asyncio.Runner, masters: dict[str, Master], step: str, cpu: bool, rounds: int
) -> dict[str, Samples]:
    clock = time.process_time_ns if cpu else time.perf_counter_ns
    count = _READS if step == "read" else _TICKS

    def round_of(master: Master) -> float:
        return runner.run(_batch(getattr(master, step), count, clock))

    return interleave({name: partial(round_of, master) for name, master in masters.items()}, rounds)


def _metrics(name: str, taken: dict[str, Samples]) -> dict[str, Metric]:
    return {
        f"{name}_beside_{key}": compare(taken["ours"], taken[key], _REFERENCES[key], "us")
        for key in _REFERENCES
    }


def measure(quick: bool) -> dict[str, Metric]:
    station, _ = load_station(STATION, {"press": PRESS.names})
    rounds = ROUNDS_MIN if quick else 15
    with (
        simulated_machine(MACHINE, seed=1) as machine,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        devices = devices_at(station, machine.host, machine.port)
        ours = OurMaster(station, devices)
        masters: dict[str, Master] = {
            "ours": ours,
            "pymodbus": PymodbusMaster(machine.host, machine.port, devices),
            "socket": SocketMaster(machine.host, machine.port, devices),
        }
        take = partial(_rounds, runner, masters)
        try:
            for master in masters.values():
                runner.run(master.open())
            metrics = _metrics("read_round_trip", take("read", cpu=False, rounds=rounds))
            metrics |= _metrics("tick_round_trips", take("tick", cpu=False, rounds=rounds))
            metrics |= _metrics("tick_cpu", take("tick", cpu=True, rounds=rounds))
            if not ours.answered():
                raise RuntimeError("our station's readings were bad: nothing was measured")
        finally:
            for master in masters.values():
                runner.run(master.close())
    return metrics
