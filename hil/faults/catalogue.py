"""The rows of the fault catalogue that live on the field side of the wire or in the rig, as data.

`catalogue.toml` is the table; a row says how it is injected by default, or why it cannot be. Ids
are stable: rows are appended, never renamed.
"""

from __future__ import annotations

import fnmatch
import functools
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hil.faults.model import Fault, FaultError, Number, Verb, Word
from hil.faults.reach import Reach, unit_of

Text = Annotated[str, Meta(min_length=1, max_length=300)]
Face = Literal["sim", "tcp", "rtu", "rig"]


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`point` may be a pattern with `*`; the first point of a machine that fits is the default.

    `{unit}` in a parameter's name is the point's unit. `for_s` 0 is for ever.
    """

    point: Text
    verb: Verb
    parameters: dict[Word, Number | Word] = {}
    for_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 0.0

    def fault(self, row_id: str, points: Sequence[str], point: str | None = None) -> Fault:
        """On a machine with these points. Raises FaultError when none fits."""
        fitting = [point] if point is not None else fnmatch.filter(points, self.point)
        if not fitting:
            raise FaultError(f"{row_id}: this machine has no point like {self.point}")
        unit = unit_of(fitting[0])
        named = {key.replace("{unit}", unit): n for key, n in self.parameters.items()}
        return Fault(id=row_id, point=fitting[0], verb=self.verb, parameters=named)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`within_s` is the catalogue's limit, None where it is a property of the whole batch."""

    id: Annotated[str, Meta(pattern="^[SAFPR][0-9]{2}$")]
    title: Text
    reaction: Text
    within_s: Annotated[float, Meta(gt=0.0, le=600.0)] | None = None
    faces: tuple[Face, ...] = ("sim", "tcp")
    inject: tuple[Injection, ...] = ()
    otherwise: tuple[Injection, ...] = ()  # on a machine that lacks a point of `inject`
    why_not: str = ""

    def __post_init__(self) -> None:
        if bool(self.inject) == bool(self.why_not):
            raise ValueError("either inject or why_not")

    def faults(
        self, points: Sequence[str], point: str | None = None
    ) -> list[tuple[Fault, float | None]]:
        """With their durations, on a machine with these points. Raises FaultError."""
        if self.why_not:
            raise FaultError(f"{self.id} {self.title}: cannot be injected: {self.why_not}")
        fits = all(fnmatch.filter(points, i.point) for i in self.inject)
        way = self.inject if fits or point is not None or not self.otherwise else self.otherwise
        one = point if len(way) == 1 else None
        return [(i.fault(self.id, points, one), i.for_s or None) for i in way]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    row: tuple[Row, ...]


@functools.cache
def catalogue() -> dict[str, Row]:
    """All rows by id, in their order."""
    text = resources.files("hil.faults").joinpath("catalogue.toml").read_text("utf-8")
    rows = msgspec.convert(tomllib.loads(text), _File).row
    return {row.id: row for row in rows}


def row_named(name: str) -> Row:
    """Raises FaultError for an id that is not in the catalogue."""
    rows = catalogue()
    if name not in rows:
        raise FaultError(f"no row {name!r} in the catalogue; there are: {' '.join(rows)}")
    return rows[name]


def faults_of(row: Row, reach: Reach, point: str | None = None) -> list[tuple[Fault, float | None]]:
    """The row's faults on one machine with their durations; `point` chooses another point.

    Raises FaultError when the machine has no such point or the row cannot be injected.
    """
    found = row.faults(reach.points(), point)
    for fault, _ in found:
        reach.resolve(fault)
    return found
