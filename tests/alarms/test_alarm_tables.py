"""The tables are rationalised and complete: every row of the header, nothing invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import controller
from controller.alarms.advisories import ADVISORIES
from controller.alarms.table import INTERLOCKS, PERMISSIVES, REASONS, Row, reasons_in_words
from controller.alarms.trips import TRIPS
from controller.alarms.watch import Watch
from controller.ports import Severity

HEADER = (Path(controller.__file__).parents[1] / "native/kernel/press.h").read_text()
ROWS = [*TRIPS.values(), *INTERLOCKS.values(), *ADVISORIES.values()]


def enumerators(enum: str, prefix: str) -> list[str]:
    body = re.search(rf"enum {enum} {{(.*?)}};", HEADER, re.DOTALL)
    assert body is not None
    return [name.lower() for name in re.findall(rf"^\s*{prefix}(\w+)", body[1], re.MULTILINE)]


@pytest.mark.parametrize(
    ("table", "enum", "prefix"),
    [
        (TRIPS, "press_trip", "PRESS_TRIP_"),
        (ADVISORIES, "press_advisory", "PRESS_ADVISORY_"),
        (INTERLOCKS, "press_interlock", "PRESS_INTERLOCK_"),
        (PERMISSIVES, "press_permissive", "PRESS_PERMISSIVE_"),
    ],
)
def test_each_table_has_the_headers_rows(table: dict[str, object], enum: str, prefix: str) -> None:
    assert [*table] == enumerators(enum, prefix)


def test_every_reason_has_a_word() -> None:
    bits = re.findall(r"PRESS_REASON_\w+ = (\d+)", HEADER)
    assert [bit for bit, _ in REASONS] == [int(bit) for bit in bits]
    assert reasons_in_words(8 | 512) == "under range, disagrees with its partner"
    assert reasons_in_words(0) == "no reason given"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_each_row_says_cause_consequence_and_action(row: Row) -> None:
    texts = (row.text, row.cause, row.consequence, row.action)
    assert all(texts)
    assert len(set(texts)) == 4
    assert all(len(text) <= 100 for text in texts)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_a_row_without_an_action_is_not_an_alarm(row: Row) -> None:
    if row.action == "none":
        assert row.severity is Severity.INFO


def test_every_trip_but_the_start_is_a_trip() -> None:
    assert [name for name, row in TRIPS.items() if row.severity is not Severity.TRIP] == ["boot"]


def test_a_name_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="meteorite"):
        Watch(["boot", "meteorite"], [], [], [])
