"""Names and struct fields of isostatic.h: what the Python side of a WIP must agree with."""

from __future__ import annotations

from typing import Any

from controller.config.material import Material
from controller.config.model import load_material, load_station
from controller.config.stack import Batch
from controller.config.wip_fields import wip_fields
from controller.config.wip_station import WipStation
from controller.kernel import ffi, lib
from controller.ports import SignalNames
from controller.recipe.model import load_recipe
from controller.recipe.wip_model import WipRecipe


def rows(enum: str, prefix: str) -> tuple[str, ...]:
    by_number = ffi.typeof(f"enum {enum}").elements
    names = (by_number[number] for number in sorted(by_number))
    return tuple(name.removeprefix(prefix).lower() for name in names if not name.endswith("COUNT"))


WIP_SIGNALS = SignalNames(
    rows("wip_channel", "WIP_CHANNEL_"),
    rows("wip_input", "WIP_INPUT_"),
    rows("wip_digital_output", "WIP_OUTPUT_"),
    ("needle_open_fraction", "pump_speed_fraction"),
)
NAMES = {"wip": WIP_SIGNALS}


def wip_station(name: str = "demo-wip") -> WipStation:
    station, _ = load_station(name, NAMES)
    assert isinstance(station, WipStation)
    return station


def wip_recipe(name: str = "wip-monocell-490") -> WipRecipe:
    recipe, _ = load_recipe(name)
    assert isinstance(recipe, WipRecipe)
    return recipe


STATION = wip_station()
RECIPE = wip_recipe()
MATERIAL: Material = load_material(RECIPE.recipe.material)[0]


def fields_of(station: WipStation = STATION, recipe: WipRecipe = RECIPE) -> dict[str, Any]:
    """What the kernel gets; the version is stamped by whoever hands it over."""
    found = wip_fields(station, MATERIAL, recipe, Batch(id="b-1"), WIP_SIGNALS)
    return found | {"header_version": lib.WIP_HEADER_VERSION}


def refusal(fields: dict[str, Any]) -> str:
    """What the kernel has against a configuration; nothing when it takes it."""
    fault = ffi.new("press_config_fault_t *")
    if lib.wip_config_check(ffi.new("wip_config_t *", fields), fault) == 0:
        return ""
    return f"{ffi.string(fault.field).decode()}[{fault.index}] = {fault.found_channel_unit:g}"
