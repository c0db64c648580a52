"""One PID update: our C in a C loop and through cffi, beside simple-pid."""

from __future__ import annotations

from simple_pid import PID

from controller.kernel import ffi, lib
from tools.bench import compiled
from tools.bench.harness import ROUNDS_MIN, Metric, compare, interleave
from tools.bench.timed import per_call_ns, printed_ns

# The same readings and the same settings for everyone (pid_loop.c has them in C).
_MEASUREMENTS_C = tuple(99.0 + (i & 7) * 0.1 for i in range(3_000))
_STEP_S = 0.01
_KP, _TI_S, _TD_S = 0.08, 60.0, 5.0


def simple_pid() -> PID:
    """Without its own rate limit, which would answer most calls with the last output."""
    return PID(
        _KP, _KP / _TI_S, _KP * _TD_S, setpoint=100.0, sample_time=None, output_limits=(0, 1)
    )


def _through_cffi() -> None:
    config = ffi.new(
        "press_pid_config_t *",
        {
            "kp_per_unit": _KP,
            "ti_s": _TI_S,
            "td_s": _TD_S,
            "filter_s": 1.0,
            "setpoint_weight_ratio": 0.6,
            "tracking_s": 20.0,
            "output_fraction_max": 1.0,
        },
    )
    state = ffi.new("press_pid_t *")
    step = lib.press_pid_step
    output_fraction = 0.0
    for measurement_c in _MEASUREMENTS_C:
        output_fraction = step(config, state, 100.0, measurement_c, 0.3, output_fraction, _STEP_S)


def _simple() -> None:
    pid = simple_pid()
    for measurement_c in _MEASUREMENTS_C:
        pid(measurement_c)


def _simple_given_step() -> None:
    pid = simple_pid()
    for measurement_c in _MEASUREMENTS_C:
        pid(measurement_c, dt=_STEP_S)


def measure(quick: bool) -> dict[str, Metric]:
    calls = len(_MEASUREMENTS_C)
    taken = interleave(
        {
            "c_loop": printed_ns(compiled.program("pid_loop", kernel=True), 100_000),
            "cffi": per_call_ns(calls, _through_cffi),
            "simple": per_call_ns(calls, _simple),
            "simple_dt": per_call_ns(calls, _simple_given_step),
        },
        ROUNDS_MIN if quick else 41,
    )
    return {
        "step_c_loop": compare(taken["c_loop"], taken["simple"], "simple-pid pid(x)", "ns"),
        "step_cffi": compare(taken["cffi"], taken["simple"], "simple-pid pid(x)", "ns"),
        "step_cffi_given_dt": compare(
            taken["cffi"], taken["simple_dt"], "simple-pid pid(x, dt=)", "ns"
        ),
        "step_cffi_crossing": compare(taken["cffi"], taken["c_loop"], "the same in a C loop", "ns"),
    }
