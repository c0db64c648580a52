"""What the machine can do: force, power, water, limiter, valve and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.config.model import Station
from controller.recipe.conduct import COOL_MARGIN_K
from controller.recipe.duration import duration_s, total_s
from controller.recipe.finding import Finding, Stage, above, error, warning
from controller.recipe.model import Recipe
from controller.recipe.phases import Cool, Heat, Prepress, Pressurise, Release

PRESSURE_HEADROOM_RATIO = 1.02
TEMPERATURE_HEADROOM_K = 2.0
TRIP_HEADROOM_RATIO = 0.95
COOLING_EXCESS_RATIO = 1.5
BATCH_S_MAX = 86_400.0
_WIDE_MM = 1.0e-3  # mm² · MPa = N; kN


def machine_fit(recipe: Recipe, station: Station, walk: Sequence[Stage]) -> Iterator[Finding]:
    yield from _stack(recipe, station)
    for stage in walk:
        yield from _force(stage, recipe, station)
        yield from _own_limits(stage, recipe)
        yield from _heat(stage, station)
        yield from _cool(stage, station)
        yield from _valve(stage, recipe, station)
        yield from _time(stage)
    total = total_s(recipe.phase, walk[0].start)
    if total > BATCH_S_MAX:
        message = f"takes {total / 3600.0:.1f} h, at most 24 h; split it"
        yield error("phase", message, "a batch is one record and one operator's shift")


def _name(station: Station) -> str:
    return f"machine {station.station.id}"


def bar_of(pressure_mpa: float, recipe: Recipe, station: Station) -> float:
    """Cylinder pressure for a stack pressure, ram and springs included."""
    force_n = pressure_mpa * recipe.stack.area_mm2 + 1000.0 * station.hydraulic.ram_weight_kn
    return 10.0 * force_n / station.hydraulic.cylinder_area_mm2


def mpa_of(cylinder_bar: float, recipe: Recipe, station: Station) -> float:
    """Stack pressure at a cylinder pressure, 0 where the ram does not even push."""
    hydraulic = station.hydraulic
    force_n = 0.1 * cylinder_bar * hydraulic.cylinder_area_mm2 - 1000.0 * hydraulic.ram_weight_kn
    return max(0.0, force_n / recipe.stack.area_mm2)


def _stack(recipe: Recipe, station: Station) -> Iterator[Finding]:
    machine = station.machine
    area_mm2 = machine.platen_width_mm * machine.platen_depth_mm
    reason = f"{_name(station)}: the platen is that large"
    yield from above("stack.area_mm2", recipe.stack.area_mm2, area_mm2, "mm²", reason)
    limiter_c = machine.limiter_temperature_c
    if recipe.limits.temperature_c_max > limiter_c:
        yield warning(
            "limits.temperature_c_max",
            f"{recipe.limits.temperature_c_max:g} °C is above {limiter_c:g} °C; reduce it",
            f"{_name(station)}: the hard-wired limiter opens first and needs a key to reset",
        )


def _force(stage: Stage, recipe: Recipe, station: Station) -> Iterator[Finding]:
    phase, machine = stage.phase, station.machine
    if not isinstance(phase, Prepress | Pressurise):
        return
    path = f"{stage.path}.pressure_mpa"
    force_kn = phase.pressure_mpa * recipe.stack.area_mm2 * _WIDE_MM
    bar = bar_of(phase.pressure_mpa, recipe, station)
    of_stack = f"{phase.pressure_mpa:g} MPa on {recipe.stack.area_mm2:g} mm²"
    trip_bar = TRIP_HEADROOM_RATIO * min(
        station.limit.cylinder_bar_trip, station.hydraulic.valve_full_scale_bar
    )
    if force_kn > machine.force_kn_max:
        yield error(
            path,
            f"{of_stack} is {force_kn:.0f} kN, above {machine.force_kn_max:g} kN; "
            "reduce pressure_mpa or the area",
            f"{_name(station)}: frame and load cell end there",
        )
    if bar > trip_bar:
        yield error(
            path,
            f"{of_stack} is {bar:.0f} bar, above {trip_bar:.0f} bar; reduce pressure_mpa",
            f"{_name(station)}: 95 % of the cylinder's trip or of the valve's full scale",
        )
    rate_bar = 10.0 * phase.rate_mpa_per_s * recipe.stack.area_mm2
    rate_bar /= station.hydraulic.cylinder_area_mm2
    if rate_bar > machine.pressing_bar_per_s_max:
        yield error(
            f"{stage.path}.rate_mpa_per_s",
            f"{phase.rate_mpa_per_s:g} MPa/s is {rate_bar:.1f} bar/s, above "
            f"{machine.pressing_bar_per_s_max:g} bar/s; reduce rate_mpa_per_s",
            f"{_name(station)}: the pump is not larger",
        )


def _own_limits(stage: Stage, recipe: Recipe) -> Iterator[Finding]:
    """A phase that runs into the recipe's own maximum would trip on its overshoot."""
    phase, limits = stage.phase, recipe.limits
    reason = "the kernel trips at the recipe's own limit, overshoot included"
    if isinstance(phase, Prepress | Pressurise):
        bound_mpa = limits.pressure_mpa_max / PRESSURE_HEADROOM_RATIO
        yield from above(
            f"{stage.path}.pressure_mpa", phase.pressure_mpa, round(bound_mpa, 3), "MPa", reason
        )
    if isinstance(phase, Heat):
        bound_c = limits.temperature_c_max - TEMPERATURE_HEADROOM_K
        yield from above(f"{stage.path}.temperature_c", phase.temperature_c, bound_c, "°C", reason)


def _heat(stage: Stage, station: Station) -> Iterator[Finding]:
    phase, machine = stage.phase, station.machine
    if not isinstance(phase, Heat):
        return
    path = f"{stage.path}.temperature_c"
    margin_c = machine.limiter_temperature_c - machine.limiter_margin_k
    reason = f"{_name(station)}: the independent limiter opens at {machine.limiter_temperature_c:g}"
    yield from above(path, phase.temperature_c, margin_c, "°C", f"{reason} °C")
    reason = f"{_name(station)}: temperature trip less its warning band"
    trip_c = station.limit.temperature_c_trip - station.limit.over_temperature_warn_k
    yield from above(path, phase.temperature_c, trip_c, "°C", reason)
    rate = f"{stage.path}.rate_c_per_min"
    able = min(machine.heating_c_per_min_max, _able_c_per_min(phase.temperature_c, station))
    reason = f"{_name(station)}: heater power less loss at {phase.temperature_c:g} °C"
    yield from above(rate, phase.rate_c_per_min, round(able, 2), "°C/min", reason)


def _able_c_per_min(temperature_c: float, station: Station) -> float:
    """Of the weakest zone, each carrying its share of the stack."""
    share_j_per_k = station.stack.heat_capacity_j_per_k / len(station.zone)
    over_k = temperature_c - station.machine.ambient_temperature_c
    return min(
        60.0
        * max(0.0, zone.power_w - zone.loss_w_per_k * over_k)
        / (zone.heat_capacity_j_per_k + share_j_per_k)
        for zone in station.zone
    )


def _cool(stage: Stage, station: Station) -> Iterator[Finding]:
    phase, machine = stage.phase, station.machine
    if not isinstance(phase, Cool) or stage.start.temperature_c <= phase.temperature_c:
        return
    water = phase.medium == "water"
    coldest_c = machine.cooling_temperature_c if water else machine.ambient_temperature_c
    goal_c = phase.temperature_c - COOL_MARGIN_K
    path = f"{stage.path}.temperature_c"
    if goal_c <= coldest_c:
        yield error(
            path,
            f"{phase.temperature_c:g} °C is not {COOL_MARGIN_K:g} K above {coldest_c:g} °C; "
            "raise temperature_c",
            f"{_name(station)}: nothing cools below its own coolant",
        )
        return
    if water and any(zone.cooling_w_per_k == 0.0 for zone in station.zone):
        yield error(
            f"{stage.path}.medium",
            'is "water" and not every zone has water; use "air" or "none"',
            f"{_name(station)}: a zone has cooling_w_per_k = 0",
        )
        return
    needs_s = max(_cooling_s(stage.start.temperature_c, phase, i, station) for i in _zones(station))
    asked_s = duration_s(phase, stage.start)
    if needs_s > COOLING_EXCESS_RATIO * asked_s:
        yield warning(
            f"{stage.path}.rate_c_per_min",
            f"{phase.rate_c_per_min:g} °C/min asks for {asked_s:.0f} s, the press needs about "
            f"{needs_s:.0f} s; reduce rate_c_per_min or expect to wait",
            f"{_name(station)}: {phase.medium} takes no more heat than that",
        )


def _zones(station: Station) -> range:
    return range(len(station.zone))


def _cooling_s(from_c: float, phase: Cool, zone_index: int, station: Station) -> float:
    """Sum over 1 K steps of what the coolant takes, no faster than the asked rate."""
    zone, machine = station.zone[zone_index], station.machine
    capacity = zone.heat_capacity_j_per_k
    capacity += station.stack.heat_capacity_j_per_k / len(station.zone)
    total, here_c = 0.0, from_c
    while here_c > phase.temperature_c:
        power_w = zone.loss_w_per_k * (here_c - machine.ambient_temperature_c)
        if phase.medium == "water" and here_c <= station.limit.steam_limit_c:
            power_w += zone.cooling_w_per_k * (here_c - machine.cooling_temperature_c)
        elif phase.medium != "none":
            power_w += machine.air_w_per_k * (here_c - machine.ambient_temperature_c)
        total += max(60.0 / phase.rate_c_per_min, capacity / max(power_w, 1.0))
        here_c -= 1.0
    return total


def _valve(stage: Stage, recipe: Recipe, station: Station) -> Iterator[Finding]:
    """Below its least pressure the valve does not control."""
    phase = stage.phase
    least_mpa = mpa_of(station.hydraulic.pressure_min_bar, recipe, station)
    reason = (
        f"{_name(station)}: below {station.hydraulic.pressure_min_bar:g} bar, here "
        f"{least_mpa:.1f} MPa, the valve does not control"
    )
    if isinstance(phase, Prepress | Pressurise) and phase.pressure_mpa < least_mpa:
        yield error(
            f"{stage.path}.pressure_mpa",
            f"{phase.pressure_mpa:g} MPa is below {least_mpa:.2f} MPa; raise pressure_mpa",
            reason,
        )
    if isinstance(phase, Release) and phase.released_mpa < least_mpa:
        yield error(
            f"{stage.path}.released_mpa",
            f"{phase.released_mpa:g} MPa is below {least_mpa:.2f} MPa; raise released_mpa",
            reason,
        )


def _time(stage: Stage) -> Iterator[Finding]:
    given, needs_s = stage.phase.timeout_s, duration_s(stage.phase, stage.start)
    if given is not None and given <= needs_s:
        yield error(
            f"{stage.path}.timeout_s",
            f"{given:g} s ends the phase before its own numbers do ({needs_s:.0f} s); "
            "raise timeout_s or leave it out",
            "the phase could never be done",
        )
