"""The jerk-limited setpoint ramp beside ruckig with one degree of freedom.

Two comparisons: as Python calls either (cffi beside ruckig's bindings: mostly the price of
the crossing), and the arithmetic alone, as the kernel's tick does it (a C loop beside
ruckig's call less empty calls of ruckig). End times must agree: both claim the shortest move.
"""

from __future__ import annotations

from collections.abc import Callable

from ruckig import OutputParameter, Ruckig, Trajectory

from controller.kernel import lib
from tools.bench import compiled
from tools.bench.harness import ROUNDS_MIN, Metric, Samples, Target, compare, interleave
from tools.bench.moves import LONG, Move, packed, random_moves
from tools.bench.timed import per_call_ns, printed_ns

_STEP_S = 0.01
_AGREEMENT = 1e-6
_TIMED_MOVES = 2000
_STEP_TARGET = Target("ratio", "<=", 0.2)


def end_time_difference(move: Move) -> float:
    """Relative difference of the two end times."""
    trajectory = Trajectory(1)
    Ruckig(1).calculate(move.for_ruckig(), trajectory)
    ours_s = move.planned().duration_s
    return float(abs(ours_s - trajectory.duration) / max(trajectory.duration, 1e-9))


def _steps(move: Move) -> int:
    return int(move.planned().duration_s / _STEP_S)


def _step_cffi() -> None:
    """A step and a look at where it led, as _step_ruckig does."""
    ramp, step = LONG.planned(), lib.press_ramp_step
    for _ in range(_steps(LONG)):
        step(ramp, _STEP_S)
        _ = ramp.position_unit


def _step_ruckig() -> None:
    ruckig, asked, given = Ruckig(1, _STEP_S), LONG.for_ruckig(), OutputParameter(1)
    for _ in range(_steps(LONG)):
        ruckig.update(asked, given)
        given.pass_to_input(asked)
        _ = given.new_position


def _step_ruckig_unread() -> None:
    ruckig, asked, given = Ruckig(1, _STEP_S), LONG.for_ruckig(), OutputParameter(1)
    for _ in range(_steps(LONG)):
        ruckig.update(asked, given)
        given.pass_to_input(asked)


def _empty_ruckig() -> None:
    """Two calls that do next to nothing, as an unread step makes two."""
    ruckig = Ruckig(1, _STEP_S)
    for _ in range(_steps(LONG)):
        ruckig.reset()
        ruckig.reset()


def _plan_cffi(moves: list[Move]) -> Callable[[], None]:
    work = [(move.planned(), *move.request()) for move in moves]

    def plan() -> None:
        for arguments in work:
            lib.press_ramp_plan(*arguments)

    return plan


def _plan_ruckig(moves: list[Move]) -> Callable[[], None]:
    ruckig, trajectory = Ruckig(1), Trajectory(1)
    work = [move.for_ruckig() for move in moves]

    def plan() -> None:
        for asked in work:
            ruckig.calculate(asked, trajectory)

    return plan


def measure(quick: bool) -> dict[str, Metric]:
    every_move = random_moves(1000 if quick else 10_000, seed=1)
    moves = every_move[:_TIMED_MOVES]
    program, steps = compiled.program("ramp_loop", kernel=True), _steps(LONG)
    taken = interleave(
        {
            "step_c": printed_ns(program, "step", stdin=packed([LONG])),
            "step_cffi": per_call_ns(steps, _step_cffi),
            "step_ruckig": per_call_ns(steps, _step_ruckig),
            "unread_ruckig": per_call_ns(steps, _step_ruckig_unread),
            "empty_ruckig": per_call_ns(steps, _empty_ruckig),
            "plan_c": printed_ns(program, "plan", stdin=packed(moves)),
            "plan_cffi": per_call_ns(len(moves), _plan_cffi(moves)),
            "plan_ruckig": per_call_ns(len(moves), _plan_ruckig(moves)),
        },
        ROUNDS_MIN if quick else 31,
    )
    bare_step = taken["unread_ruckig"].less(taken["empty_ruckig"])
    half = Samples(tuple(ns / 2 for ns in taken["empty_ruckig"].rounds))
    bare_plan = taken["plan_ruckig"].less(half)
    update, calculate = "ruckig update", "ruckig calculate"
    worst = max(end_time_difference(move) for move in every_move)
    return {
        "step_cffi": compare(
            taken["step_cffi"], taken["step_ruckig"], f"{update}, position read", "ns"
        ),
        "step_c_loop": compare(
            taken["step_c"], bare_step, f"{update}, less two empty calls", "ns", _STEP_TARGET
        ),
        "plan_cffi": compare(taken["plan_cffi"], taken["plan_ruckig"], calculate, "ns"),
        "plan_c_loop": compare(
            taken["plan_c"], bare_plan, f"{calculate}, less an empty call", "ns"
        ),
        "end_time_difference_max": Metric(
            worst,
            _AGREEMENT,
            "allowed relative difference of ruckig's end time",
            "1",
            Target("ours", "<=", _AGREEMENT),
            samples=len(every_move),
        ),
    }
