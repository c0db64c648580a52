"""What a WIP can do: pressure, pump, needle, jacket, and whether the fluid can be where the
recipe wants it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from controller.config.wip_station import WipStation
from controller.recipe.finding import Finding, above, error, warning
from controller.recipe.machine_fit import (
    BATCH_S_MAX,
    PRESSURE_HEADROOM_RATIO,
    TEMPERATURE_HEADROOM_K,
)
from controller.recipe.wip_duration import duration_s, timeout_s, total_s
from controller.recipe.wip_fluid import adiabatic_c, held_c, stiffness_mpa, warming_s
from controller.recipe.wip_limits import temperatures_c
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import (
    Decompress,
    Evacuate,
    Hold,
    LeakTest,
    Preheat,
    Pump,
    Purge,
)
from controller.recipe.wip_walk import WipStage

JACKET_LEAD_K = 5.0
"""The jacket must be able to be so much warmer than the wall, or the wall never arrives."""
TEST_PRESSURE_RATIO_MIN = 0.7
TEST_PRESSURE_RATIO_MAX = 1.1
"""Of the kernel's own leak-test pressure: lower proves nothing, higher it does not pump."""


def wip_machine_fit(
    recipe: WipRecipe, station: WipStation, walk: Sequence[WipStage]
) -> Iterator[Finding]:
    for stage in walk:
        yield from _pressure(stage, recipe, station)
        yield from _temperature(stage, recipe, station)
        yield from _pump(stage, station)
        yield from _needle(stage, station)
        yield from _jacket(stage, station)
        yield from _peak(stage, station)
        yield from _held(stage, station)
        yield from _gas(stage, station)
        yield from _time(stage)
    total = total_s(recipe.phase, walk[0].start)
    if total > BATCH_S_MAX:
        message = f"takes {total / 3600.0:.1f} h, at most 24 h; split it"
        yield error("phase", message, "a batch is one record and one operator's shift")


def _name(station: WipStation) -> str:
    return f"machine {station.station.id}"


def _pressure(stage: WipStage, recipe: WipRecipe, station: WipStation) -> Iterator[Finding]:
    phase, limit = stage.phase, station.limit
    if not isinstance(phase, Pump | LeakTest):
        return
    path, asked_mpa = f"{stage.path}.pressure_mpa", phase.pressure_mpa
    working_mpa = station.machine.working_pressure_mpa_max
    reason = f"{_name(station)}: the vessel's papers end there"
    yield from above(path, asked_mpa, working_mpa, "MPa", reason)
    trip_mpa = min(recipe.limits.pressure_mpa_max, limit.pressure_mpa_max)
    bound_mpa = round(trip_mpa / PRESSURE_HEADROOM_RATIO, 3)
    reason = f"the kernel trips at {trip_mpa:g} MPa, overshoot included"
    yield from above(path, asked_mpa, bound_mpa, "MPa", reason)
    if not isinstance(phase, LeakTest):
        return
    most_mpa = round(TEST_PRESSURE_RATIO_MAX * limit.leak_test_mpa, 3)
    least_mpa = round(TEST_PRESSURE_RATIO_MIN * limit.leak_test_mpa, 3)
    reason = f"{_name(station)}: leak_test_mpa is {limit.leak_test_mpa:g}"
    yield from above(path, asked_mpa, most_mpa, "MPa", reason)
    if asked_mpa < least_mpa:
        message = f"{asked_mpa:g} MPa is below {least_mpa:g} MPa; raise pressure_mpa"
        yield error(path, message, reason)


def _temperature(stage: WipStage, recipe: WipRecipe, station: WipStation) -> Iterator[Finding]:
    """The peak with its band, and a wall that the fluid would take its warmth from."""
    stops_c = min(recipe.limits.temperature_c_max, station.limit.temperature_c_max)
    for path, warm_c in temperatures_c(stage):
        reason = f"the kernel stops pump and jacket at {stops_c:g} °C of the fluid"
        yield from above(path, warm_c, stops_c - TEMPERATURE_HEADROOM_K, "°C", reason)


def _pump(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    phase, drive, vessel = stage.phase, station.drive, station.vessel
    if not isinstance(phase, Pump | LeakTest):
        return
    soft_mpa = stiffness_mpa(vessel, stage.start.pressure_mpa)
    able = min(drive.rise_mpa_per_s_max, drive.flow_ml_per_s_max * soft_mpa / vessel.volume_ml)
    reason = f"{_name(station)}: the intensifier gives {drive.flow_ml_per_s_max:g} mL/s"
    path = f"{stage.path}.rate_mpa_per_s"
    yield from above(path, phase.rate_mpa_per_s, round(able, 2), "MPa/s", reason)


def _needle(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    phase, limit = stage.phase, station.limit
    if not isinstance(phase, Decompress):
        return
    reason = f"{_name(station)}: faster, the kernel throttles the needle and then shuts its line"
    fast, slow = f"{stage.path}.rate_mpa_per_s", f"{stage.path}.slow_mpa_per_s"
    yield from above(fast, phase.rate_mpa_per_s, limit.release_mpa_per_s_max, "MPa/s", reason)
    yield from above(slow, phase.slow_mpa_per_s, limit.release_slow_mpa_per_s_max, "MPa/s", reason)
    if phase.slow_below_mpa < limit.release_slow_mpa:
        yield error(
            f"{stage.path}.slow_below_mpa",
            f"{phase.slow_below_mpa:g} MPa is below {limit.release_slow_mpa:g} MPa; raise "
            "slow_below_mpa",
            reason,
        )
    able = _able_mpa_per_s(phase.slow_below_mpa, station)
    if phase.rate_mpa_per_s > able:
        yield warning(
            fast,
            f"{phase.rate_mpa_per_s:g} MPa/s is above {able:.1f} MPa/s at "
            f"{phase.slow_below_mpa:g} MPa; reduce rate_mpa_per_s or expect to wait",
            f"{_name(station)}: the needle fully open lets no more through",
        )


def _able_mpa_per_s(pressure_mpa: float, station: WipStation) -> float:
    """Of the needle fully open: a jet's flow goes with the root of the pressure."""
    flow_ml_per_s = station.drive.needle_flow_ml_per_s * math.sqrt(pressure_mpa)
    return flow_ml_per_s * stiffness_mpa(station.vessel, pressure_mpa) / station.vessel.volume_ml


def _jacket(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    most_c = station.limit.jacket_temperature_c_max - JACKET_LEAD_K
    for path, warm_c in temperatures_c(stage):
        if path.endswith(".wall_temperature_c"):
            reason = f"{_name(station)}: the jacket goes to {most_c + JACKET_LEAD_K:g} °C"
            yield from above(path, warm_c, most_c, "°C", reason)
    phase = stage.phase
    if not isinstance(phase, Preheat):
        return
    goal_c = phase.wall_temperature_c - phase.tolerance_k
    needs_s = warming_s(station, stage.start.temperature_c, phase.wall_temperature_c, goal_c)
    gives_up_s = timeout_s(phase, stage.start)
    if needs_s > gives_up_s:
        yield error(
            f"{stage.path}.timeout_s",
            f"gives up after {gives_up_s:.0f} s, the jacket needs {needs_s:.0f} s to "
            f"{goal_c:g} °C; raise timeout_s or reduce wall_temperature_c",
            f"{_name(station)}: {station.vessel.jacket_power_w:g} W into a wall from "
            f"{stage.start.temperature_c:g} °C",
        )


def _peak(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    """Pumped fast the fluid keeps the pumping's heat; slowly it takes the wall's temperature.
    What lies outside both can never be."""
    phase = stage.phase
    if not isinstance(phase, Pump):
        return
    supply_c = station.machine.supply_temperature_c
    corners_c = adiabatic_c(station.vessel, supply_c, phase.pressure_mpa), stage.wall_c
    lowest_c, highest_c = min(corners_c), max(corners_c)
    path = f"{stage.path}.temperature_c"
    reason = (
        f"{_name(station)}: pumped from {supply_c:g} °C beside a wall of {stage.wall_c:g} °C the "
        f"fluid arrives at {lowest_c:.0f} to {highest_c:.0f} °C"
    )
    if phase.temperature_c + phase.temperature_band_k < lowest_c:
        yield error(
            path,
            f"{phase.temperature_c:g} °C is below {lowest_c:.1f} °C, so the pump would wait for "
            "ever; raise temperature_c or fill cooler",
            reason,
        )


def _held(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    phase = stage.phase
    if not isinstance(phase, Hold):
        return
    low_c = phase.temperature_c - phase.temperature_band_k
    high_c = phase.temperature_c + phase.temperature_band_k
    path, start_c = f"{stage.path}.temperature_c", stage.start.temperature_c
    reason = f"the pump before it leaves the fluid at {start_c:g} °C"
    if not low_c <= start_c <= high_c:
        message = f"{low_c:g} to {high_c:g} °C does not hold {start_c:g} °C; change temperature_c"
        yield error(path, message, reason)
        return
    ends_c = held_c(station, start_c, stage.wall_before_c, stage.wall_c, phase.hold_s)
    if not low_c <= ends_c <= high_c:
        yield error(
            path,
            f"after {phase.hold_s:g} s the fluid is at {ends_c:.1f} °C, outside {low_c:g} to "
            f"{high_c:g} °C; bring wall_temperature_c nearer or hold for less",
            f"{_name(station)}: the fluid follows the wall, which was at "
            f"{stage.wall_before_c:g} °C",
        )


def _gas(stage: WipStage, station: WipStation) -> Iterator[Finding]:
    phase = stage.phase
    if isinstance(phase, Purge):
        reason = f"{_name(station)}: at its alarm the lid stays locked"
        bound_ppm = station.limit.h2s_alarm_ppm
        yield from above(f"{stage.path}.h2s_ppm_max", phase.h2s_ppm_max, bound_ppm, "ppm", reason)
    if isinstance(phase, Evacuate):
        reason = f"{_name(station)}: above it a bag is not judged"
        path = f"{stage.path}.bag_mbar_max"
        yield from above(path, phase.bag_mbar_max, station.advice.bag_mbar_max, "mbar", reason)


def _time(stage: WipStage) -> Iterator[Finding]:
    given, needs_s = stage.phase.timeout_s, duration_s(stage.phase, stage.start)
    if given is not None and given <= needs_s:
        yield error(
            f"{stage.path}.timeout_s",
            f"{given:g} s ends the phase before its own numbers do ({needs_s:.0f} s); "
            "raise timeout_s or leave it out",
            "the phase could never be done",
        )
