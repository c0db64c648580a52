"""Numbers of a TOML file changed line by line: comments, order and spacing stay as they were.

Text in, text out. A number that is not there as the proposal knew it is refused, so that a
proposal cannot overwrite what somebody changed since. A key that the file left to its default
is added at the end of its table, and taken away again by `revert`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from controller.tuning.experiment import TuningError
from controller.tuning.proposal import Change

_TABLE = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*[A-Za-z0-9_-]+\s*=")
_NUMBER = re.compile(r"^(\s*([A-Za-z0-9_-]+)\s*=\s*)([-+0-9.eE_]+)(\s*(?:#.*)?)$")
SAME_RATIO = 1e-9

_Table = tuple[str, int | None]


@dataclass(slots=True)
class _Map:
    """Where in the text each number is, and where each table ends."""

    numbers: dict[tuple[_Table, str], int] = field(default_factory=dict)
    last_line: dict[_Table, int] = field(default_factory=dict)


def with_texts(text: str, changes: Sequence[Change]) -> list[Change]:
    """The changes, each with the number as it is written in the file now."""
    lines = text.split("\n")
    places = _map(lines)
    found: list[Change] = []
    for change in changes:
        number = places.numbers.get((_table(change), change.key))
        written = "" if number is None else _parts(lines[number])[1]
        found.append(msgspec.structs.replace(change, old_text=written))
    return found


def apply(text: str, changes: Sequence[Change]) -> str:
    """Every change's old number replaced by its new one. Raises TuningError."""
    lines = text.split("\n")
    for change in changes:
        if change.old_text:
            _put(lines, change, found=change.old, wanted=_written(change.new))
        else:
            _add(lines, change)
    return "\n".join(lines)


def revert(text: str, changes: Sequence[Change]) -> str:
    """Every change's new number replaced by its old one, as it was written. Raises TuningError."""
    lines = text.split("\n")
    for change in changes:
        number = _put(lines, change, found=change.new, wanted=change.old_text or "0")
        if not change.old_text:
            del lines[number]
    return "\n".join(lines)


def _put(lines: list[str], change: Change, *, found: float, wanted: str) -> int:
    number = _map(lines).numbers.get((_table(change), change.key))
    if number is None:
        raise TuningError(f"{change.path} is not in the file as a number on a line of its own")
    head, written, tail = _parts(lines[number])
    now = float(written.replace("_", ""))
    if abs(now - found) > SAME_RATIO * max(1.0, abs(found)):
        raise TuningError(
            f"line {number + 1}: {change.path} is {now:g}, the proposal expects {found:g}; the "
            "file was changed since: tune again or put it back"
        )
    lines[number] = f"{head}{wanted}{tail}"
    return number


def _add(lines: list[str], change: Change) -> None:
    places, table = _map(lines), _table(change)
    if (table, change.key) in places.numbers:
        raise TuningError(
            f"{change.path} is in the file, the proposal found it at its default; tune again"
        )
    if table not in places.last_line:
        raise TuningError(f"{change.path}: the file has no such table")
    lines.insert(places.last_line[table] + 1, f"{change.key} = {_written(change.new)}")


def _table(change: Change) -> _Table:
    return change.table, change.index


def _written(number: float) -> str:
    return repr(float(number))


def _parts(line: str) -> tuple[str, str, str]:
    """Everything before a number, the number, everything after it."""
    match = _NUMBER.match(line)
    assert match is not None
    return match[1], match[3], match[4]


def _is_number(text: str) -> bool:
    try:
        float(text.replace("_", ""))
    except ValueError:
        return False
    return True


def _map(lines: Sequence[str]) -> _Map:
    places, counts = _Map(), dict[str, int]()
    table: _Table = ("", None)
    for number, text in enumerate(lines):
        head = _TABLE.match(text)
        if head is not None:
            index = counts.get(head[2], 0) if head[1] == "[[" else None
            counts[head[2]] = counts.get(head[2], 0) + 1
            table = (head[2], index)
            places.last_line[table] = number
        elif _KEY.match(text):
            places.last_line[table] = number
            match = _NUMBER.match(text)
            if match is not None and _is_number(match[3]):
                places.numbers[table, match[2]] = number
    return places
