"""What is wrong with a file, in words its author can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file; `path` is where, such as `phase[3].rate_c_per_min`.

    `path` is empty when the file as a whole is at fault. `message` names what was found,
    the bound and what to do.
    """

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class ConfigError(Exception):
    """A file was refused; `problems` holds everything wrong with it, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
