"""Shipped files by name: `sulfide-hot-press-100` instead of a path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from controller.config.explain import near_miss
from controller.config.problem import ConfigError, Problem

Kind = Literal["recipe", "material", "station"]
_FOLDER = {"recipe": "recipes", "material": "materials", "station": "stations"}


def shipped(kind: Kind) -> tuple[str, ...]:
    """Names of the files of this kind that come with the package."""
    return tuple(sorted(path.stem for path in _folder(kind).glob("*.toml")))


def resolve(kind: Kind, name_or_path: str, *, beside: Path | None = None) -> Path:
    """The file meant by a shipped name, a name in the folder `beside`, or a path.

    A name has no separator and no suffix. A path is returned as it is; reading it says
    whether it exists. Raises ConfigError for an unknown name, listing the shipped ones.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        return beside / path if beside is not None and not path.is_absolute() else path
    if name_or_path in shipped(kind):
        return _folder(kind) / f"{name_or_path}.toml"
    if beside is not None and (beside / f"{name_or_path}.toml").is_file():
        return beside / f"{name_or_path}.toml"
    names = shipped(kind)
    raise ConfigError(
        [
            Problem(
                name_or_path[:100],
                "",
                f"no {kind} of this name is shipped{near_miss(name_or_path, names)} "
                f"Shipped: {', '.join(names)}. For a file of your own give its path",
            )
        ]
    )


def _folder(kind: Kind) -> Path:
    return Path(str(resources.files("controller"))) / _FOLDER[kind]
