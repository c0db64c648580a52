"""Rows of the fault catalogue without a scenario, and why."""

from __future__ import annotations

import tomllib
from importlib import resources


def absent_rows() -> dict[str, str]:
    """Reason by row id."""
    text = (resources.files("hil.scenarios") / "absent.toml").read_text("utf-8")
    return {row: str(reason) for row, reason in tomllib.loads(text).items()}
