"""ROWS.md: every field-side row of the fault catalogue, and only names the kernel has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kernel_case import ADVISORY, INTERLOCK, PERMISSIVE, REASON, TRIP

TEXT = (Path(__file__).parents[2] / "native" / "kernel" / "ROWS.md").read_text()
ROWS = dict(re.findall(r"^\| ([SAFP]\d\d) \| ([^|]*) \|", TEXT, re.MULTILINE))
NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def test_every_row_is_there_once_and_in_order():
    expected = [
        *(f"S{n:02}" for n in range(1, 21)),
        *(f"A{n:02}" for n in range(1, 14)),
        *(f"F{n:02}" for n in range(1, 17)),
        *(f"P{n:02}" for n in range(1, 13)),
    ]
    assert list(ROWS) == expected
    assert len(re.findall(r"^\| [SAFP]\d\d ", TEXT, re.MULTILINE)) == len(expected)


@pytest.mark.parametrize("row", ROWS)
def test_its_names_are_the_headers_and_in_the_right_type(row):
    seen_by = ROWS[row]
    assert set(re.findall(r"\*\*(\w+)\*\*", seen_by)) <= set(TRIP)
    bare = re.sub(r"\*\*\w+\*\*", "", seen_by)
    assert set(re.findall(r"\*(\w+)\*", bare)) <= set(ADVISORY)
    assert {name.lower() for name in re.findall(r"`(\w+)`", bare)} <= set(REASON)
    bare = re.sub(r"\*\w+\*|`\w+`", "", bare)
    assert set(NAME.findall(bare)) <= set(INTERLOCK) | set(PERMISSIVE)


def test_no_advisory_and_no_added_trip_is_without_a_row():
    told = set(re.findall(r"\*(\w+)\*", TEXT.replace("**", "")))
    assert set(ADVISORY) - told == set()
    added = {"zone_falls", "thermal_runaway", "pressure_burst", "release_stuck"}
    assert added | {"pressure_uncommanded"} <= set(re.findall(r"\*\*(\w+)\*\*", TEXT))
