"""Read a configuration file as bytes that cannot hurt: bounded, regular, UTF-8, TOML.

Everything that can be wrong before a single key is looked at ends here, each as one
ConfigError with one Problem.
"""

from __future__ import annotations

import hashlib
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.config.problem import ConfigError, Problem

SIZE_MAX_BYTES = 1_048_576
LINE_MAX_CHARACTERS = 2_000
"""A dotted key costs tomllib the square of its parts, so a line is bounded too."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: the hash is of the bytes that were parsed, not of a later read."""

    path: Path
    text: str
    sha256: str


def read_source(path: Path, *, size_max_bytes: int = SIZE_MAX_BYTES) -> Source:
    """Read `path` whole. Raises ConfigError for a file that is absent, unreadable, not a
    regular file, above `size_max_bytes`, not UTF-8 or with a line of absurd length."""
    content = _read_bounded(path, size_max_bytes)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(path, f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LINE_MAX_CHARACTERS:
            raise _refused(
                path,
                f"line {number} has {len(line)} characters, at most {LINE_MAX_CHARACTERS} "
                "are read; write long arrays over several lines",
            )
    return Source(path, text, hashlib.sha256(content).hexdigest())


def parse(source: Source) -> dict[str, Any]:
    """The TOML tables of a source. Raises ConfigError with line and column."""
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(source.path, f"not TOML: {error}") from None
    except RecursionError:
        raise _refused(source.path, "nested too deeply; no file here needs more than 4") from None
    except ValueError as error:  # an integer too long to convert, a date that does not exist
        raise _refused(source.path, f"holds an impossible number or date: {error}") from None


def _read_bounded(path: Path, size_max_bytes: int) -> bytes:
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise _refused(path, "is a directory; name a .toml file")
        if not stat.S_ISREG(path.stat().st_mode):
            raise _refused(path, "is not a regular file; name a .toml file")
        with path.open("rb") as file:
            content = file.read(size_max_bytes + 1)
    except FileNotFoundError:
        raise _refused(path, "no such file; check the name") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise _refused(path, f"cannot be read: {reason}") from None
    if len(content) > size_max_bytes:
        raise _refused(
            path, f"is larger than the {size_max_bytes} bytes that are read; is it the right file?"
        )
    return content


def _refused(path: Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(path), "", message)])
