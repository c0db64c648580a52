"""JSON Schemas of the files a person writes, for editors that complete and check TOML."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from controller.config.material import Material
from controller.config.model import Station
from controller.config.wip_station import WipStation
from controller.recipe.model import Recipe
from controller.recipe.wip_model import WipRecipe

_TYPES: dict[str, tuple[type, str]] = {
    "recipe": (Recipe, "hotpress recipe"),
    "material": (Material, "hotpress material"),
    "station": (Station, "hotpress station"),
    "wip-recipe": (WipRecipe, "hotpress recipe of a warm isostatic press"),
    "wip-station": (WipStation, "hotpress station of a warm isostatic press"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """By kind; the shipped `controller/schema/KIND.schema.json` hold exactly these."""
    return {
        kind: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
            **msgspec.json.schema(type_),
        }
        for kind, (type_, title) in _TYPES.items()
    }


def as_text(schema: dict[str, Any]) -> str:
    """As it is written to the file."""
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
