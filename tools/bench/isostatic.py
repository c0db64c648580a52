"""The warm isostatic press under its kernel: R3 by hand, 490 MPa at 85 °C, held for 300 s.

Beside it the same vessel as a fixed fill temperature and a fixed rate would have it: filled at
the temperature that the hold should have, pumped at once, and heated by its own compression.
The cycle is driven by the tests' own bench (`tests/kernel/wip_cycle.py`): one driver of a WIP
without a recipe is enough.
"""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from typing import Any

from controller.kernel import lib
from hil.vessel import Vessel

MACHINE = "wip-500MPa"
TARGET_C, TARGET_MPA = 85.0, 490.0
RATE_MPA_PER_S = 4.0
FILL_C, HOLD_S = 75.0, 300.0
WARM_WATER_C = 80.0  # what fills a vessel that is to be at 85 °C
BUILT = hasattr(lib, "wip_observe")
LAWS = ("hotpress", "fixed fill and rate")
_TESTS = Path(__file__).parents[2] / "tests" / "kernel"
_TRACKED_MPA = (20.0, 485.0)
_RAMP_S_MAX = 400.0


def _cycle(seed: int, start_c: float, water_c: float | None = None) -> Any:
    if str(_TESTS) not in sys.path:
        sys.path.insert(0, str(_TESTS))
    driver = importlib.import_module("wip_cycle")
    vessel = Vessel.from_machine(MACHINE, seed=seed, start_temperature_c=start_c)
    if water_c is not None:
        vessel.set(water_temperature_c=water_c)
    cycle = driver.Cycle(vessel)
    cycle.arm()
    return cycle


def wip_run(law: str, seed: int) -> dict[str, float]:
    """Peak of the fluid, tracking, overshoot and hold, of the vessel's true state."""
    informed = law == LAWS[0]
    fill_c = FILL_C if informed else TARGET_C
    cycle = _cycle(seed, fill_c, None if informed else WARM_WATER_C)
    cycle.fill(wall_c=fill_c)
    cycle.leak_test()
    cycle.peak_c = -math.inf
    cycle.pump(TARGET_MPA, RATE_MPA_PER_S, band_k=1.0 if informed else 0.0)
    worst_mpa = _follow(cycle)
    cycle.hold(HOLD_S)
    percent = 100.0 / TARGET_MPA
    return {
        "wip_peak_error": abs(cycle.peak_c - TARGET_C),
        "wip_ramp_error": percent * worst_mpa,
        "wip_overshoot": percent * max(0.0, cycle.highest_mpa - TARGET_MPA),
        "wip_hold_error": percent
        * max(cycle.highest_mpa - TARGET_MPA, TARGET_MPA - cycle.lowest_mpa),
        "wip_trips": float(bool(cycle.trips)),
    }


def _follow(cycle: Any) -> float:
    """Up the ramp; how far the true pressure was from the setpoint, in MPa."""
    worst_mpa = 0.0
    for _ in range(round(_RAMP_S_MAX / 0.1)):
        for _ in range(10):
            cycle.tick()
        cycle.watch()
        setpoint_mpa = cycle.seen.vessel_pressure_setpoint_mpa
        if _TRACKED_MPA[0] < setpoint_mpa < _TRACKED_MPA[1]:
            true_mpa = cycle.plant.truth()["vessel_pressure_mpa"]
            worst_mpa = max(worst_mpa, abs(true_mpa - setpoint_mpa))
        if setpoint_mpa >= _TRACKED_MPA[1] or cycle.seen.trip_bits:
            break
    return worst_mpa
