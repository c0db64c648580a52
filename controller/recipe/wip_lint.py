"""All that is wrong with a WIP's recipe, for this material and this machine, with the reasons."""

from __future__ import annotations

from controller.config.material import Material
from controller.config.wip_station import WipStation
from controller.recipe.finding import Finding, in_order
from controller.recipe.wip_limits import wip_limits
from controller.recipe.wip_machine_fit import wip_machine_fit
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_order import wip_order
from controller.recipe.wip_walk import wip_stages


def wip_lint(recipe: WipRecipe, material: Material, station: WipStation) -> tuple[Finding, ...]:
    """Every finding in the order of the file's phases, errors and warnings mixed."""
    machine = station.machine
    walk = wip_stages(recipe, machine.ambient_temperature_c, machine.supply_temperature_c)
    return in_order(
        (
            *wip_order(walk),
            *wip_limits(recipe, material, station, walk),
            *wip_machine_fit(recipe, station, walk),
        )
    )
