"""The tables are rationalised and complete: every row of the header, nothing invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import controller
from controller import kernel
from controller.alarms.row import REASONS, Row, reasons_in_words
from controller.alarms.table import TABLES
from controller.alarms.watch import Watch
from controller.ports import Severity

KERNEL = Path(controller.__file__).parents[1] / "native/kernel"
HEADERS = {"press": KERNEL / "press.h", "wip": KERNEL / "isostatic.h"}
ROWS = [
    pytest.param(row, id=f"{unit}: {row.text}")
    for unit, tables in TABLES.items()
    for row in (*tables.trips.values(), *tables.interlocks.values(), *tables.advisories.values())
]


def enumerators(unit: str, table: str) -> list[str]:
    body = re.search(rf"enum {unit}_{table} {{(.*?)}};", HEADERS[unit].read_text(), re.DOTALL)
    assert body is not None
    prefix = f"{unit}_{table}_".upper()
    return [name.lower() for name in re.findall(rf"^\s*{prefix}(\w+)", body[1], re.MULTILINE)]


@pytest.mark.parametrize("unit", HEADERS)
@pytest.mark.parametrize(
    ("rows", "table"),
    [
        ("trips", "trip"),
        ("advisories", "advisory"),
        ("interlocks", "interlock"),
        ("permissives", "permissive"),
    ],
)
def test_each_table_has_the_headers_rows(unit: str, rows: str, table: str) -> None:
    assert [*getattr(TABLES[unit], rows)] == enumerators(unit, table)


@pytest.mark.parametrize("unit", HEADERS)
def test_an_advisory_that_holds_is_an_alarm_and_one_that_warns_is_not(unit: str) -> None:
    asked = getattr(kernel.lib, f"{unit}_advisory_action_bits")
    for i, (name, row) in enumerate(TABLES[unit].advisories.items()):
        holds = bool(asked(i) & kernel.lib.PRESS_ADVICE_HOLD)
        assert row.severity is (Severity.ALARM if holds else Severity.WARNING), name


def test_every_reason_has_a_word() -> None:
    bits = re.findall(r"PRESS_REASON_\w+ = (\d+)", HEADERS["press"].read_text())
    assert [bit for bit, _ in REASONS] == [int(bit) for bit in bits]
    assert reasons_in_words(8 | 512) == "under range, disagrees with its partner"
    assert reasons_in_words(0) == "no reason given"


@pytest.mark.parametrize("row", ROWS)
def test_each_row_says_cause_consequence_and_action(row: Row) -> None:
    texts = (row.text, row.cause, row.consequence, row.action)
    assert all(texts)
    assert len(set(texts)) == 4
    assert all(len(text) <= 100 for text in texts)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_without_an_action_is_not_an_alarm(row: Row) -> None:
    if row.action == "none":
        assert row.severity is Severity.INFO


@pytest.mark.parametrize("unit", TABLES)
def test_every_trip_but_the_start_is_a_trip(unit: str) -> None:
    trips = TABLES[unit].trips
    assert [name for name, row in trips.items() if row.severity is not Severity.TRIP] == ["boot"]


def test_a_name_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="meteorite"):
        Watch(TABLES["press"], ["boot", "meteorite"], [], [], [])


def test_a_name_of_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="bag_burst"):
        Watch(TABLES["press"], ["bag_burst"], [], [], [])
    Watch(TABLES["wip"], ["bag_burst"], [], [], [])
