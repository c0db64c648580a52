"""What the material of a WIP's load, lithium and a charged cell allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.config.material import Material
from controller.config.wip_station import WipStation
from controller.recipe.finding import Finding, above, error, warning
from controller.recipe.limits import (
    CHARGED_REASON,
    CHARGED_TEMPERATURE_C_MAX,
    HOT_C,
    LITHIUM_PRESSURE_MPA_MAX_COLD,
    LITHIUM_PRESSURE_MPA_MAX_HOT,
    LITHIUM_REASON,
    LITHIUM_TEMPERATURE_C_MAX,
)
from controller.recipe.wip_fluid import heating_k_per_mpa
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_phases import Decompress, Fill, Hold, LeakTest, Preheat, Pump
from controller.recipe.wip_walk import WipStage


def wip_limits(
    recipe: WipRecipe, material: Material, station: WipStation, walk: Sequence[WipStage]
) -> Iterator[Finding]:
    if recipe.recipe.material != material.name:
        yield error(
            "recipe.material",
            f'is "{recipe.recipe.material}" but the file is of "{material.name}"; use one name',
            "limits of another material protect nothing",
        )
    hottest_c = max((s.phase.temperature_c for s in walk if isinstance(s.phase, Pump)), default=0.0)
    for stage in walk:
        yield from _temperature(stage, material)
        yield from _pressure(stage, material, hottest_c)
        yield from _speed(stage, material, station)
        yield from _release(stage, material)
        yield from _lithium(stage, recipe)
        yield from _charged(stage, recipe, station)


def temperatures_c(stage: WipStage) -> Iterator[tuple[str, float]]:
    """(path, °C) of everything a phase makes as warm as that; a peak with its band."""
    phase = stage.phase
    if isinstance(phase, Pump):
        yield f"{stage.path}.temperature_c", phase.temperature_c + phase.temperature_band_k
    if isinstance(phase, Preheat | Fill | Hold) and phase.wall_temperature_c is not None:
        yield f"{stage.path}.wall_temperature_c", phase.wall_temperature_c


def _temperature(stage: WipStage, material: Material) -> Iterator[Finding]:
    cap = material.limits.temperature_c_max
    for path, warm_c in temperatures_c(stage):
        yield from above(path, warm_c, cap.bound, "°C", f"{material.name}: {cap.why}")


def _pressure(stage: WipStage, material: Material, hottest_c: float) -> Iterator[Finding]:
    phase, limits = stage.phase, material.limits
    if not isinstance(phase, Pump | LeakTest):
        return
    cap, rate, cold = (
        limits.pressure_mpa_max,
        limits.pressing_mpa_per_s_max,
        limits.pressure_mpa_max_cold,
    )
    path = f"{stage.path}.pressure_mpa"
    yield from above(path, phase.pressure_mpa, cap.bound, "MPa", f"{material.name}: {cap.why}")
    yield from above(
        f"{stage.path}.rate_mpa_per_s",
        phase.rate_mpa_per_s,
        rate.bound,
        "MPa/s",
        f"{material.name}: {rate.why}",
    )
    is_cold = stage.end.temperature_c < hottest_c - limits.cold_margin_k
    if isinstance(phase, Pump) and is_cold and phase.pressure_mpa > cold.bound:
        yield error(
            path,
            f"{phase.pressure_mpa:g} MPa is above {cold.bound:g} MPa on a fluid more than "
            f"{limits.cold_margin_k:g} K below {hottest_c:g} °C; raise temperature_c or reduce "
            "pressure_mpa",
            f"{material.name} at {phase.temperature_c:g} °C: {cold.why}",
        )


def _speed(stage: WipStage, material: Material, station: WipStation) -> Iterator[Finding]:
    """Pressure moves the fluid's temperature, at once and everywhere."""
    phase, limits = stage.phase, material.limits
    if isinstance(phase, Pump):
        bound, at = limits.heating_c_per_min_max, stage.end
    elif isinstance(phase, Decompress):
        bound, at = limits.cooling_c_per_min_max, stage.start
    else:
        return
    heating = heating_k_per_mpa(station.vessel, at.pressure_mpa, at.temperature_c)
    moves_c_per_min = 60.0 * heating * phase.rate_mpa_per_s
    if moves_c_per_min > bound.bound:
        yield error(
            f"{stage.path}.rate_mpa_per_s",
            f"{phase.rate_mpa_per_s:g} MPa/s moves the fluid by {moves_c_per_min:.1f} °C/min, "
            f"above {bound.bound:g} °C/min; reduce rate_mpa_per_s",
            f"{material.name}: {bound.why}",
        )


def _release(stage: WipStage, material: Material) -> Iterator[Finding]:
    phase, limits = stage.phase, material.limits
    if not isinstance(phase, Decompress):
        return
    fast, slow, warm = (
        limits.release_mpa_per_s_max,
        limits.release_mpa_per_s_max_slow,
        limits.release_temperature_c_max,
    )
    below_mpa = limits.release_slow_below_mpa
    for key, found, bound in (
        ("rate_mpa_per_s", phase.rate_mpa_per_s, fast),
        ("slow_mpa_per_s", phase.slow_mpa_per_s, slow),
    ):
        reason = f"{material.name}: {bound.why}"
        yield from above(f"{stage.path}.{key}", found, bound.bound, "MPa/s", reason)
    if phase.slow_below_mpa < below_mpa and phase.rate_mpa_per_s > slow.bound:
        yield error(
            f"{stage.path}.slow_below_mpa",
            f"{phase.slow_below_mpa:g} MPa is below {below_mpa:g} MPa; raise slow_below_mpa",
            f"{material.name}: {slow.why}",
        )
    if stage.start.temperature_c > warm.bound:
        yield error(
            f"{stage.path}.kind",
            f"begins at {stage.start.temperature_c:g} °C, above {warm.bound:g} °C; reduce the "
            "temperature_c of the pump before it",
            f"{material.name}: {warm.why}",
        )


def _lithium(stage: WipStage, recipe: WipRecipe) -> Iterator[Finding]:
    phase = stage.phase
    if not recipe.load.has_lithium_metal or not isinstance(phase, Pump):
        return
    if phase.temperature_c > LITHIUM_TEMPERATURE_C_MAX:
        message = (
            f"{phase.temperature_c:g} °C is above {LITHIUM_TEMPERATURE_C_MAX:g} °C; "
            "reduce temperature_c"
        )
        yield warning(f"{stage.path}.temperature_c", message, LITHIUM_REASON)
    hot = phase.temperature_c > HOT_C
    bound_mpa = LITHIUM_PRESSURE_MPA_MAX_HOT if hot else LITHIUM_PRESSURE_MPA_MAX_COLD
    yield from above(
        f"{stage.path}.pressure_mpa", phase.pressure_mpa, bound_mpa, "MPa", LITHIUM_REASON
    )


def _charged(stage: WipStage, recipe: WipRecipe, station: WipStation) -> Iterator[Finding]:
    if not recipe.load.charged:
        return
    warm = list(temperatures_c(stage))
    if isinstance(stage.phase, Fill):
        warm.append((f"{stage.path}.kind", station.machine.supply_temperature_c))
    for path, warm_c in warm:
        if warm_c > CHARGED_TEMPERATURE_C_MAX:
            yield error(
                path,
                f"makes a charged cell {warm_c:g} °C warm, above "
                f"{CHARGED_TEMPERATURE_C_MAX:g} °C; discharge it",
                CHARGED_REASON,
            )
