"""The kernel's whole tick: pure C, through cffi as the loop calls it, and beside simple-pid.

The kernel does much more than its PID loops (24 readings validated, interlocks, trips, ramps,
the last gate); simple-pid is called once for each of the loops that the tick closes.
"""

from __future__ import annotations

from collections.abc import Callable

from tools.bench import compiled
from tools.bench.harness import ROUNDS_MIN, Metric, Samples, Target, compare, interleave
from tools.bench.pid import simple_pid
from tools.bench.scene import FRAMES, Scene, hot_scene
from tools.bench.timed import per_call_ns

PID_LOOPS = 7  # six zones and the pressure
_REPEATS = 2  # a round of a millisecond is seldom interrupted, so its median is quiet
_STEP_S = 0.01
_C_LOOP = "the same in a C loop"


def _through_cffi(scene: Scene) -> Callable[[], None]:
    """The frames one after another, with the two calls of the control loop."""
    kernel = scene.kernel

    def run() -> None:
        for _ in range(_REPEATS):
            scene.rewind()
            for frame in scene.frames:
                kernel._sensor = frame  # where it lies: no copy, so that nothing else is timed
                kernel.observe()
                kernel.act()

    return run


def _outputs(scene: Scene) -> list[str]:
    """What kernel_loop.c prints after the time, from the frames of this process."""
    seen, out = scene.kernel.observation, scene.kernel.output
    floats = (out.valve_open_fraction, seen.stack_temperature_c_estimate)
    bits = (out.digital_output_bits, seen.trip_bits)
    return [*(str(number) for number in bits), *(f"{number:.17g}" for number in floats)]


def _c_tick(scene: Scene, said: list[str]) -> Callable[[], float]:
    program, frames = compiled.program("kernel_loop", kernel=True), scene.packed()

    def run() -> float:
        ns, *said[:] = compiled.run(program, "tick", stdin=frames).decode().split()
        return float(ns)

    return run


def _simple_pids() -> None:
    loops = [simple_pid() for _ in range(PID_LOOPS)]
    for i in range(FRAMES):
        for pid in loops:
            pid(99.0 + (i & 7) * 0.1)


def _parts(scene: Scene, whole_ns: float, rounds: int) -> dict[str, Metric]:
    """Each stage's share of the C tick."""
    program, frames = compiled.program("kernel_loop", kernel=True), scene.packed()
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for line in compiled.run(program, "parts", stdin=frames).decode().splitlines():
            name, ns = line.split()
            taken.setdefault(name, []).append(float(ns))
    whole = Samples((whole_ns,))
    return {
        f"part_{name}": compare(Samples(tuple(ns)), whole, "the whole tick in C", "ns")
        for name, ns in taken.items()
    }


def measure(quick: bool) -> dict[str, Metric]:
    rounds = ROUNDS_MIN if quick else 41
    scene, said = hot_scene(), list[str]()
    ticks = FRAMES * _REPEATS
    taken = interleave(
        {
            "c": _c_tick(scene, said),
            "cffi": per_call_ns(ticks, _through_cffi(scene)),
            "simple": per_call_ns(FRAMES, _simple_pids),
        },
        rounds,
    )
    _through_cffi(scene)()
    if said != _outputs(scene):
        raise RuntimeError(f"C said {said} and cffi {_outputs(scene)}: not the same work")
    cffi = taken["cffi"]
    simple = f"{PID_LOOPS} simple-pid calls"
    return {
        "tick_cffi": compare(cffi, taken["c"], _C_LOOP, "ns", Target("ratio", "<=", 2.0)),
        "tick_cffi_beside_simple_pid": compare(
            cffi, taken["simple"], simple, "ns", Target("ratio", "<=", 0.05)
        ),
        "tick_c_beside_simple_pid": compare(taken["c"], taken["simple"], simple, "ns"),
        **_parts(scene, taken["c"].median, rounds),
    }
