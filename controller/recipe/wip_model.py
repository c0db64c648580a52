"""A WIP's recipe as a typed object: header, load, limits and phases."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.config.wip_load import Load, WipLimits
from controller.recipe.header import HeaderBase
from controller.recipe.wip_phases import WipPhase


class WipHeader(HeaderBase, frozen=True, forbid_unknown_fields=True, kw_only=True):
    unit: Literal["wip"]


class WipRecipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An immutable snapshot. `phase` is executed from first to last; pump and hold may repeat."""

    recipe: WipHeader
    load: Load
    limits: WipLimits
    phase: Annotated[list[WipPhase], Meta(min_length=1, max_length=64)]
