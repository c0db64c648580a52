"""The field-side rows of the fault catalogue: what each asks for, and which have no scenario."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec


class CatalogueRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`limit_s` None: the catalogue gives no time. `absent`: why there is no scenario."""

    id: str
    title: str
    reaction: str
    limit: str
    limit_s: float | None = None
    absent: str = ""


def catalogue_rows() -> dict[str, CatalogueRow]:
    """All rows by id, in the catalogue's order."""
    text = (resources.files("hil.scenarios") / "rows.toml").read_text("utf-8")
    rows = msgspec.convert(tomllib.loads(text)["row"], list[CatalogueRow])
    return {row.id: row for row in rows}
