"""All that is wrong with a recipe, for this material and this machine, with the reasons.

Types and bounds were checked when the file was read; here the numbers meet one another.
Nothing stops at the first finding: whoever writes a recipe wants the whole list.
"""

from __future__ import annotations

from controller.config.material import Material
from controller.config.model import Station
from controller.recipe.finding import Finding, Weight, stages
from controller.recipe.limits import material_limits
from controller.recipe.machine_fit import machine_fit
from controller.recipe.model import Recipe
from controller.recipe.order import order

__all__ = ["Finding", "Weight", "lint"]


def lint(recipe: Recipe, material: Material, station: Station) -> tuple[Finding, ...]:
    """Every finding in the order of the file's phases, errors and warnings mixed."""
    walk = stages(recipe, station.machine.ambient_temperature_c)
    found = (
        *order(walk, material),
        *material_limits(recipe, material, walk),
        *machine_fit(recipe, station, walk),
    )
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[int, str]:
    """Phases by number, everything else before them."""
    inside = finding.path.removeprefix("phase[").partition("]")[0]
    return (int(inside) if inside.isdigit() else -1, finding.path)
