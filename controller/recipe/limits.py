"""What the material, lithium and a charged cell allow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from controller.config.material import Material
from controller.recipe.duration import Point, after_segment
from controller.recipe.finding import Finding, Stage, above, error, warning
from controller.recipe.model import Recipe
from controller.recipe.phases import (
    Cool,
    Heat,
    Hold,
    Prepress,
    Pressurise,
    Programme,
    Release,
    ends_on_density,
)

STACK_SIGMA_K_BEST = 0.35
"""Standard uncertainty of the estimated stack in a steady press: that of its thermometers."""
LITHIUM_TEMPERATURE_C_MAX = 120.0
LITHIUM_TEMPERATURE_C_HARD = 150.0
LITHIUM_PRESSURE_MPA_MAX_HOT = 25.0
LITHIUM_PRESSURE_MPA_MAX_COLD = 70.0
HOT_C = 60.0
CHARGED_TEMPERATURE_C_MAX = 40.0
LITHIUM_REASON = (
    "lithium metal melts at 180.5 °C and creeps long before: it squeezes out and shorts"
)
CHARGED_REASON = (
    "a charged nickel-rich cathode with a sulfide can burn explosively when pressed hot"
)


def material_limits(recipe: Recipe, material: Material, walk: Sequence[Stage]) -> Iterator[Finding]:
    if recipe.recipe.material != material.name:
        yield error(
            "recipe.material",
            f'is "{recipe.recipe.material}" but the file is of "{material.name}"; use one name',
            "limits of another material protect nothing",
        )
    for stage in walk:
        yield from _certainty(stage)
        yield from _temperature(stage, material)
        yield from _pressure(stage, recipe, material)
        yield from _release(stage, material)
        yield from _falling(stage, material)
        yield from _density_end(stage, recipe, material)
        yield from _lithium(stage, recipe)
        yield from _charged(stage, recipe)
    yield from _density(recipe, material, walk)


def _temperature(stage: Stage, material: Material) -> Iterator[Finding]:
    limits, phase = material.limits, stage.phase
    if isinstance(phase, Heat):
        cap, rate = limits.temperature_c_max, limits.heating_c_per_min_max
        under = f" at {stage.start.pressure_mpa:g} MPa" if stage.start.pressure_mpa else ""
        yield from above(
            f"{stage.path}.temperature_c",
            phase.temperature_c,
            cap.bound,
            "°C",
            f"{material.name}{under}: {cap.why}",
        )
    elif isinstance(phase, Cool):
        rate = limits.cooling_c_per_min_max
        cap = limits.release_temperature_c_max
        yield from above(
            f"{stage.path}.temperature_c",
            phase.temperature_c,
            cap.bound,
            "°C",
            f"{material.name}: {cap.why}",
        )
    else:
        return
    yield from above(
        f"{stage.path}.rate_c_per_min",
        phase.rate_c_per_min,
        rate.bound,
        "°C/min",
        f"{material.name}: {rate.why}",
    )


def _pressure(stage: Stage, recipe: Recipe, material: Material) -> Iterator[Finding]:
    phase, limits = stage.phase, material.limits
    if not isinstance(phase, Prepress | Pressurise):
        return
    cap, rate, cold = (
        limits.pressure_mpa_max,
        limits.pressing_mpa_per_s_max,
        limits.pressure_mpa_max_cold,
    )
    why = f"{material.name} at {stage.start.temperature_c:g} °C"
    path = f"{stage.path}.pressure_mpa"
    yield from above(path, phase.pressure_mpa, cap.bound, "MPa", f"{why}: {cap.why}")
    yield from above(
        f"{stage.path}.rate_mpa_per_s",
        phase.rate_mpa_per_s,
        rate.bound,
        "MPa/s",
        f"{why}: {rate.why}",
    )
    hot_c = recipe.press_temperature_c
    is_cold = hot_c is not None and stage.start.temperature_c < hot_c - limits.cold_margin_k
    if is_cold and phase.pressure_mpa > cold.bound:
        say = error if recipe.limits.hot_only else warning
        yield say(
            path,
            f"{phase.pressure_mpa:g} MPa is above {cold.bound:g} MPa on a stack more than "
            f"{limits.cold_margin_k:g} K below {hot_c:g} °C; heat before it or reduce pressure_mpa",
            f"{why}: {cold.why}",
        )


def _falling(stage: Stage, material: Material) -> Iterator[Finding]:
    """Segments of a programme that take pressure off."""
    if not isinstance(stage.phase, Programme):
        return
    limits, here = material.limits, stage.start
    for index, segment in enumerate(stage.phase.segment):
        press, there = segment.pressure, after_segment(segment, here)
        if press is not None and there.pressure_mpa < here.pressure_mpa:
            slow = there.pressure_mpa < limits.release_slow_below_mpa
            rate = limits.release_mpa_per_s_max_slow if slow else limits.release_mpa_per_s_max
            yield from above(
                f"{stage.path}.segment[{index}].pressure.rate_mpa_per_s",
                press.mpa_per_s(here.pressure_mpa),
                rate.bound,
                "MPa/s",
                f"{material.name}: {rate.why}",
            )
        here = there


def _release(stage: Stage, material: Material) -> Iterator[Finding]:
    phase, limits = stage.phase, material.limits
    if not isinstance(phase, Release):
        return
    warm, fast, slow = (
        limits.release_temperature_c_max,
        limits.release_mpa_per_s_max,
        limits.release_mpa_per_s_max_slow,
    )
    below_mpa = limits.release_slow_below_mpa
    rate_path = f"{stage.path}.rate_mpa_per_s"
    guard_path = f"{stage.path}.stack_temperature_c_max"
    yield from above(
        guard_path, phase.stack_temperature_c_max, warm.bound, "°C", f"{material.name}: {warm.why}"
    )
    if phase.released_mpa < below_mpa:
        reason = f"{material.name} below {below_mpa:g} MPa: {slow.why}"
        yield from above(rate_path, phase.rate_mpa_per_s, slow.bound, "MPa/s", reason)
    else:
        reason = f"{material.name}: {fast.why}"
        yield from above(rate_path, phase.rate_mpa_per_s, fast.bound, "MPa/s", reason)
    if stage.start.temperature_c > phase.stack_temperature_c_max:
        yield error(
            guard_path,
            f"{phase.stack_temperature_c_max:g} °C is never met: the phases before leave the "
            f"stack at {stage.start.temperature_c:g} °C; cool further",
            f"{material.name}: {warm.why}",
        )


def _certainty(stage: Stage) -> Iterator[Finding]:
    """A tolerance must hold the uncertainty of the estimate it is asked of."""
    tolerance_k = getattr(stage.phase, "stack_tolerance_k", None)
    if tolerance_k is not None and tolerance_k < STACK_SIGMA_K_BEST:
        yield error(
            f"{stage.path}.stack_tolerance_k",
            f"{tolerance_k:g} K is never met; raise it to {STACK_SIGMA_K_BEST:g} K at least",
            "the stack's temperature is an estimate, at best as certain as a class A Pt100",
        )


def _lithium(stage: Stage, recipe: Recipe) -> Iterator[Finding]:
    if not recipe.stack.has_lithium_metal:
        return
    phase = stage.phase
    if isinstance(phase, Heat) and phase.temperature_c > LITHIUM_TEMPERATURE_C_MAX:
        hard = phase.temperature_c > LITHIUM_TEMPERATURE_C_HARD
        bound_c = LITHIUM_TEMPERATURE_C_HARD if hard else LITHIUM_TEMPERATURE_C_MAX
        say = error if hard else warning
        message = f"{phase.temperature_c:g} °C is above {bound_c:g} °C; reduce temperature_c"
        yield say(f"{stage.path}.temperature_c", message, LITHIUM_REASON)
    if isinstance(phase, Heat | Prepress | Pressurise):
        hot = stage.end.temperature_c > HOT_C
        bound_mpa = LITHIUM_PRESSURE_MPA_MAX_HOT if hot else LITHIUM_PRESSURE_MPA_MAX_COLD
        if stage.end.pressure_mpa > bound_mpa:
            yield error(
                stage.path,
                f"{stage.end.pressure_mpa:g} MPa at {stage.end.temperature_c:g} °C is above "
                f"{bound_mpa:g} MPa; reduce pressure_mpa",
                LITHIUM_REASON,
            )


def _charged(stage: Stage, recipe: Recipe) -> Iterator[Finding]:
    hot = isinstance(stage.phase, Heat) and stage.phase.temperature_c > CHARGED_TEMPERATURE_C_MAX
    if recipe.stack.charged and hot:
        yield error(
            f"{stage.path}.temperature_c",
            f"a charged stack is not heated above {CHARGED_TEMPERATURE_C_MAX:g} °C; discharge it",
            CHARGED_REASON,
        )


def density_g_per_cm3(material: Material, at: Point) -> float:
    """Density in equilibrium (press model: Heckel law with thermal softening)."""
    law = material.densification
    yield_mpa = law.yield_mpa_25_c * math.exp(-(at.temperature_c - 25.0) / law.softening_k)
    porosity = (1.0 - law.density_relative_initial) * math.exp(-at.pressure_mpa / yield_mpa)
    return law.density_true_g_per_cm3 * (1.0 - porosity)


def _density_end(stage: Stage, recipe: Recipe, material: Material) -> Iterator[Finding]:
    """Can the hold end as it is asked to?"""
    phase = stage.phase
    if not isinstance(phase, Hold) or not ends_on_density(phase):
        return
    law, wanted = material.densification, phase.until_density_g_per_cm3
    low = phase.density_g_per_cm3_min or law.density_g_per_cm3_low
    high = phase.density_g_per_cm3_max or law.density_g_per_cm3_high
    if wanted is not None and not low < wanted < high:
        yield error(
            f"{stage.path}.until_density_g_per_cm3",
            f"{wanted:g} g/cm³ is not within {low:g} to {high:g} g/cm³; change it or the limits",
            f"{material.name}: both sides of the density are faults",
        )
    if recipe.stack.areal_mass_g_per_cm2 == 0.0:
        yield warning(
            "stack.areal_mass_g_per_cm2",
            "is 0: without a weighed mass with the batch the hold ends on time; give the mass",
            "density is mass over thickness",
        )
    longest_s = phase.hold_s if phase.hold_s_max is None else phase.hold_s_max
    if phase.hold_s_min > longest_s:
        yield error(
            f"{stage.path}.hold_s_min",
            f"{phase.hold_s_min:g} s is above {longest_s:g} s; reduce hold_s_min",
            "the longest time would end the hold first",
        )
    if phase.pressure_mpa_max is not None:
        if phase.until_slope_per_decade is not None:
            yield error(
                f"{stage.path}.until_slope_per_decade",
                "cannot be judged while the pressure rises; remove it or pressure_mpa_max",
                "a slope over time is that of one pressure",
            )
        cap = material.limits.pressure_mpa_max
        for bound, why in (
            (cap.bound, f"{material.name}: {cap.why}"),
            (round(recipe.limits.pressure_mpa_max / 1.02, 3), "the kernel trips there"),
        ):
            path = f"{stage.path}.pressure_mpa_max"
            yield from above(path, phase.pressure_mpa_max, bound, "MPa", why)


def _density(recipe: Recipe, material: Material, walk: Sequence[Stage]) -> Iterator[Finding]:
    """Of the hardest pressing; both sides, since over-pressing is a fault of quality too."""
    law = material.densification
    holds = [stage for stage in walk if isinstance(stage.phase, Hold)]
    if not holds:
        return
    hardest = max(holds, key=lambda stage: density_g_per_cm3(material, stage.start))
    density = density_g_per_cm3(material, hardest.start)
    if not law.density_g_per_cm3_low <= density <= law.density_g_per_cm3_high:
        yield warning(
            hardest.path,
            f"{hardest.start.pressure_mpa:g} MPa at {hardest.start.temperature_c:g} °C gives about "
            f"{density:.2f} g/cm³, outside {law.density_g_per_cm3_low:g} to "
            f"{law.density_g_per_cm3_high:g} g/cm³; change pressure_mpa or temperature_c",
            f"{material.name}: the density window of its file, by the Heckel law",
        )
