"""A recipe as a typed object: header, stack, limits and phases."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.names import resolve
from controller.config.source import Source, read_source
from controller.config.stack import RecipeLimits, Stack
from controller.config.toml_file import decode, type_by_unit
from controller.recipe.header import HeaderBase
from controller.recipe.phases import Heat, Phase, Programme
from controller.recipe.wip_model import WipRecipe


class Header(HeaderBase, frozen=True, forbid_unknown_fields=True, kw_only=True):
    unit: Literal["press"]


class Recipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An immutable snapshot. `phase` is executed from first to last."""

    recipe: Header
    stack: Stack
    limits: RecipeLimits
    phase: Annotated[list[Phase], Meta(min_length=1, max_length=64)]

    @property
    def press_temperature_c(self) -> float | None:
        """The hottest temperature any phase asks for; None for a cold recipe."""
        hottest = [phase.temperature_c for phase in self.phase if isinstance(phase, Heat)]
        for phase in self.phase:
            if isinstance(phase, Programme):
                moves = [segment.temperature for segment in phase.segment]
                hottest += [move.temperature_c for move in moves if move is not None]
        return max(hottest, default=None)


def load_recipe(name_or_path: str) -> tuple[Recipe | WipRecipe, Source]:
    """A shipped recipe by name, or a file. Raises ConfigError with every problem of its types
    and bounds; what material and machine say is the lint's (controller.recipe.lint)."""
    source = read_source(resolve("recipe", name_or_path))
    kinds: dict[str, type[Recipe] | type[WipRecipe]] = {"press": Recipe, "wip": WipRecipe}
    return decode(source, type_by_unit(source, "recipe", kinds)), source
