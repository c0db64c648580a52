"""All that is wrong with a recipe, for this material and this machine, with the reasons.

Types and bounds were checked when the file was read; here the numbers meet one another.
Nothing stops at the first finding: whoever writes a recipe wants the whole list.
"""

from __future__ import annotations

from controller.config.material import Material
from controller.config.model import Station
from controller.config.wip_station import WipStation
from controller.recipe.finding import Finding, Weight, error, in_order, stages
from controller.recipe.limits import material_limits
from controller.recipe.machine_fit import machine_fit
from controller.recipe.model import Recipe
from controller.recipe.order import order
from controller.recipe.output_limit import output_limit
from controller.recipe.wip_lint import wip_lint
from controller.recipe.wip_model import WipRecipe

__all__ = ["Finding", "Weight", "lint"]


def lint(
    recipe: Recipe | WipRecipe, material: Material, station: Station | WipStation
) -> tuple[Finding, ...]:
    """Every finding in the order of the file's phases, errors and warnings mixed."""
    if isinstance(recipe, WipRecipe) and isinstance(station, WipStation):
        return wip_lint(recipe, material, station)
    if isinstance(recipe, Recipe) and isinstance(station, Station):
        return _press_lint(recipe, material, station)
    unit = station.station.unit
    message = f'is "{recipe.recipe.unit}", the station is a "{unit}"; use a station of that unit'
    return (error("recipe.unit", message, f"machine {station.station.id} has no such phases"),)


def _press_lint(recipe: Recipe, material: Material, station: Station) -> tuple[Finding, ...]:
    walk = stages(recipe, station.machine.ambient_temperature_c)
    return in_order(
        (
            *order(walk, material),
            *material_limits(recipe, material, walk),
            *machine_fit(recipe, station, walk),
            *output_limit(station, walk),
        )
    )
