"""Profiles of indicators: devices without registers, which talk by themselves."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class IndicatorKind:
    """One terminal, and the unit as the lines write it."""

    point: str
    unit_text: str


def indicator_kind(profile: str) -> IndicatorKind | None:
    """None for a profile that is no indicator's, or is not shipped."""
    path = resources.files("controller").joinpath("fieldbus", "profiles", f"{profile}.toml")
    if not profile.replace("-", "").isalnum() or not path.is_file():
        return None
    table = tomllib.loads(path.read_text())
    if table.get("face") != "instrument":
        return None
    return IndicatorKind(
        f"{table['sense']['group'][0]['point']}_1", table["instrument"]["unit_text"]
    )
