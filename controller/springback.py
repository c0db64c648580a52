"""What a recipe's batches spring back more than their material says, learned run to run.

The density is that of the relaxed stack, by the modulus of the material file. When a powder gives
back more, the pressed density promises too much: the batch ends lighter than it was measured under
load. Each complete batch shows by how much (`observed_fraction`: density before the release over
density after it, less one); an exponentially weighted mean of that raises the density target of the
next batch of the recipe.

Nothing of it is silent: each step is a version in a file beside the records with the batch it was
learned from, the correction in force is a parameter of every record, an observation beyond belief
is kept but not learned from, the correction is bounded, and `revert` goes back to any version.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

WEIGHT = 0.3
"""Of the newest batch; the memory is about three batches."""
CORRECTION_FRACTION_MAX = 0.02
OBSERVED_FRACTION_MAX = 0.05
"""More is no springback but a stack that moved, or a sensor."""
VERSIONS_MAX = 10_000
FILE_BYTES_MAX = 10_000_000

Correction = Annotated[float, Meta(ge=-CORRECTION_FRACTION_MAX, le=CORRECTION_FRACTION_MAX)]
Observed = Annotated[float, Meta(ge=-1.0, le=1.0)]
Words = Annotated[str, Meta(min_length=1, max_length=200)]


class SpringbackError(ValueError):
    """A history that cannot be read or written; says which file and what to do."""


class Version(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step: the correction that holds from here on, and why."""

    correction_fraction: Correction
    cause: Words
    batch_id: Annotated[str, Meta(max_length=80)] = ""
    observed_fraction: Observed | None = None


class History(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All versions of one recipe's correction, the oldest first; the last one is in force."""

    recipe: Words
    version: Annotated[list[Version], Meta(max_length=VERSIONS_MAX)] = []

    @property
    def correction_fraction(self) -> float:
        return self.version[-1].correction_fraction if self.version else 0.0

    def knows(self, batch_id: str) -> bool:
        return any(entry.batch_id == batch_id for entry in self.version)


def learned(history: History, batch_id: str, observed_fraction: float) -> History:
    """The history with one more batch. A batch is learned from once; one beyond belief is
    written down and changes nothing.

    An observation is what is left *with* the material's modulus, not with the correction: the
    correction moves the target, not the estimate.
    """
    if history.knows(batch_id):
        return history
    before = history.correction_fraction
    believed = abs(observed_fraction) <= OBSERVED_FRACTION_MAX
    wanted = before + WEIGHT * (observed_fraction - before) if believed else before
    after = max(-CORRECTION_FRACTION_MAX, min(CORRECTION_FRACTION_MAX, wanted))
    cause = "learned" if after == wanted else f"learned, bounded from {wanted:.4f}"
    if not believed:
        cause = f"not learned: {observed_fraction:.4f} is beyond {OBSERVED_FRACTION_MAX:g}"
    return _with(
        history,
        Version(
            correction_fraction=after,
            cause=cause,
            batch_id=batch_id,
            observed_fraction=max(-1.0, min(1.0, observed_fraction)),
        ),
    )


def reverted(history: History, number: int, by: str) -> History:
    """Back to version `number` (0: before anything was learned), as one more version.

    Raises SpringbackError when there is no such version.
    """
    if not 0 <= number <= len(history.version):
        raise SpringbackError(
            f"{history.recipe} has versions 0 .. {len(history.version)}, there is no {number}"
        )
    fraction = history.version[number - 1].correction_fraction if number else 0.0
    cause = f"reverted to version {number} by {by}"
    return _with(history, Version(correction_fraction=fraction, cause=cause))


def _with(history: History, entry: Version) -> History:
    kept = history.version[-(VERSIONS_MAX - 1) :]
    return History(recipe=history.recipe, version=[*kept, entry])


def history_path(folder: Path, recipe: str) -> Path:
    return folder / f"springback-{recipe}.json"


def load_history(folder: Path, recipe: str) -> History:
    """What was learned of a recipe; an empty history when there is none.

    Raises SpringbackError for a file that is damaged, too large or another recipe's.
    """
    path = history_path(folder, recipe)
    try:
        with path.open("rb") as stream:
            text = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return History(recipe=recipe)
    except OSError as error:
        raise SpringbackError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        found = msgspec.json.decode(text, type=History)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SpringbackError(
            f"{path}: {error}; move the file away to begin without a correction"
        ) from None
    if found.recipe != recipe:
        raise SpringbackError(f'{path}: is of recipe "{found.recipe}", not "{recipe}"')
    return found


def save_history(folder: Path, history: History) -> Path:
    """Write the whole history at once: the old file or the new one, never half of one.

    Raises SpringbackError when it cannot be written.
    """
    path = history_path(folder, history.recipe)
    fresh = path.with_suffix(".json.new")
    try:
        with fresh.open("wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(history), indent=1) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except OSError as error:
        raise SpringbackError(f"{path}: cannot be written: {error.strerror}") from None
    return path
