"""The head of every recipe, whatever its class of unit."""

from __future__ import annotations

from msgspec import Struct

from controller.config.numbers import Name, Text, Version


class HeaderBase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Name
    version: Version
    description: Text
    material: Name
    """A shipped material, or the name of a file in the recipe's own folder."""
