"""Anything at all against the laws of one loop: as many cases as you like.

    python tests/kernel/law_cases.py [--cases 100000] [--first 0]

A case is a model that press_config_check accepts (drawn over all of its decades), thirty steps of
any finite input, then a sensor that stands still 100 K above the setpoint. Asked of the predictive
law and of the PID: every output within its limits, every number of the state finite; and of the
predictive law that it lets go: once any heat under way has arrived, it gives none. A case is its
number, so a failure is repeated with `--first N --cases 1`.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from math import ceil, inf, isfinite
from typing import Any

from controller.kernel import ffi, lib

ABOVE_C, SETPOINT_C = 125.0, 25.0
ANY_STEPS, STILL_STEPS = 30, 20
LOSS_W_PER_K_MIN = 0.01  # zone.c: a zone without loss only integrates
STAND_DELAYS = 3.0
_HUGE = (0.0, -0.0, 5e-324, 1e-300, 1e300, -1e300, 1.797e308, -1.797e308, 1e5, -1e5)


def _decades(draw: random.Random, low: float, high: float) -> float:
    return float(low * (high / low) ** draw.random())


def _or_none(draw: random.Random, low: float, high: float) -> float:
    return 0.0 if draw.random() < 0.2 else _decades(draw, low, high)


def model(draw: random.Random) -> dict[str, Any]:
    """press_predictive_config_t of a zone within the bounds of press_config_check."""
    power_w = _decades(draw, 1.0, 1e5)
    loss_w_per_k = max(_or_none(draw, 0.001, 1e4), LOSS_W_PER_K_MIN)
    most = draw.uniform(0.6, 1.5)  # of the mains
    ti_s = _decades(draw, 0.1, 1e4)
    return {
        "gain_c": power_w / loss_w_per_k,
        "time_constant_s": _decades(draw, 1.0, 1e6) / loss_w_per_k,
        "lag_s": _or_none(draw, 0.001, 600.0),
        "dead_time_s": _or_none(draw, 0.001, 600.0),
        "rest_c": draw.uniform(-20.0, 60.0),
        "noise_c": _decades(draw, 0.001, 5.0),
        "response_s": _decades(draw, 0.1, 1000.0),
        "observer_s": _decades(draw, 0.1, 1e4),
        "gain_doubt_ratio": 0.2,
        "dead_time_doubt_ratio": 0.15,
        "disturbance_fraction_max": 0.5,
        "residual_c_max": 3.0,
        "output_fraction_min": draw.choice([0.0, -draw.random()]),
        "output_fraction_max": most,
        "pid": {
            "kp_per_unit": _or_none(draw, 1e-4, 100.0),
            "ti_s": ti_s,
            "td_s": _or_none(draw, 0.1, 1e4),
            "filter_s": _or_none(draw, 0.1, 1e4),
            "setpoint_weight_ratio": draw.random(),
            "tracking_s": _decades(draw, 0.1, 1e4),
            "output_fraction_min": 0.0,
            "output_fraction_max": most,
        },
    }


def anything(draw: random.Random) -> float:
    """A temperature, a large number, or one of the corners of double."""
    kind = draw.random()
    if kind < 0.7:
        return draw.uniform(-50.0, 300.0)
    return draw.choice(_HUGE) if kind < 0.8 else draw.choice((-1, 1)) * _decades(draw, 1e-6, 1e18)


def _bad_state(state: Any) -> str | None:
    seen = state.prediction_c + state.prediction_c_sigma + state.error_c + state.ahead_c
    if not isfinite(seen + state.delayed_c + state.pid.integral_fraction):
        return "a number that is none"
    if any(not 0.0 <= state.covariance_unit[6 * i] < inf for i in range(5)):
        return "a variance that is none"
    return None


def _predictive(draw: random.Random) -> str | None:
    config = ffi.new("press_predictive_config_t *", model(draw))
    state = ffi.new("press_predictive_t *")
    delay_s = config.dead_time_s + config.lag_s
    step_s = max(draw.choice([0.1, 0.5, 2.0, 10.0]), delay_s / 30.0)
    least, most = config.output_fraction_min, config.output_fraction_max
    idle = max(least, 0.0)
    state.load_fraction = draw.choice([0.0, draw.uniform(-2.0, 2.0)])
    for _ in range(ANY_STEPS):
        duty = lib.press_predictive_step(
            config, state, anything(draw), anything(draw), anything(draw), step_s
        )
        if not least <= duty <= most:
            return f"duty {duty} outside {least} .. {most}"
        if (bad := _bad_state(state)) is not None:
            return bad
    stands = ceil(STAND_DELAYS * (delay_s + step_s) / step_s) + 2
    for step in range(stands + STILL_STEPS):
        duty = lib.press_predictive_step(config, state, SETPOINT_C, ABOVE_C, duty, step_s)
        if step >= stands and not least <= duty <= idle:
            return f"duty {duty} {step - stands} steps after it had to let go"
    return _bad_state(state)


def _pid(draw: random.Random) -> str | None:
    config = ffi.new("press_pid_config_t *", model(draw)["pid"])
    state = ffi.new("press_pid_t *")
    step_s = draw.choice([0.0, 0.01, 0.5, 10.0])
    for _ in range(ANY_STEPS):
        inputs = (anything(draw) for _ in range(4))
        duty = lib.press_pid_step(config, state, *inputs, step_s)
        if not 0.0 <= duty <= config.output_fraction_max:
            return f"duty {duty} outside 0 .. {config.output_fraction_max}"
        if not isfinite(state.integral_fraction + state.derivative_fraction):
            return "a number that is none"
    return None


LAWS = {"predictive": _predictive, "pid": _pid}


def found(first: int, cases: int) -> list[str]:
    """What the laws did wrong, a line a case."""
    wrong = []
    for number in range(first, first + cases):
        for name, law in LAWS.items():
            if (fault := law(random.Random(f"{name}/{number}"))) is not None:
                wrong.append(f"{name} case {number}: {fault}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    begun_s = time.perf_counter()
    wrong = found(asked.first, asked.cases)
    print("\n".join(wrong[:20]))
    print(
        f"{asked.cases} cases of each of {', '.join(LAWS)}: {len(wrong)} wrong, "
        f"{time.perf_counter() - begun_s:.0f} s"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
