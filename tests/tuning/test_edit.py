"""Applying and reverting: only the numbers change, and coming back gives the file byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.tuning import TuningError
from controller.tuning.edit import apply, revert, with_texts
from controller.tuning.proposal import Change, Proposal, decode

TEXT = """# the press
[machine]
power_w = 1_000.0 # not this one

[[zone]]
platen = "top"
power_w = 1000.0   # of the cartridge
kp_per_c = 0.170
law = "pid"

# bottom
[[zone]] # second
power_w = 1e3
kp_per_c=0.17# tight

[hydraulic]
valve_full_scale_bar = 250.0
"""
NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.4g}"))


def change(table, index, key, old, new):
    return Change(table=table, index=index, key=key, old=old, new=new)


@given(NUMBER, NUMBER, NUMBER)
def test_only_the_numbers_change_and_revert_gives_the_file_back(first, second, third):
    changes = with_texts(
        TEXT,
        [
            change("zone", 0, "kp_per_c", 0.17, first),
            change("zone", 1, "kp_per_c", 0.17, second),
            change("zone", 1, "dead_time_s", 6.0, third),  # left to its default
            change("hydraulic", None, "valve_full_scale_bar", 250.0, second),
        ],
    )
    tuned = apply(TEXT, changes)
    read = tomllib.loads(tuned)
    assert [zone["kp_per_c"] for zone in read["zone"]] == [first, second]
    assert read["zone"][1]["dead_time_s"] == third
    assert read["hydraulic"]["valve_full_scale_bar"] == second
    assert read["zone"][0]["power_w"] == read["machine"]["power_w"] == 1000.0
    assert [line.partition("#")[2] for line in tuned.split("\n") if "#" in line] == [
        line.partition("#")[2] for line in TEXT.split("\n") if "#" in line
    ]
    assert revert(tuned, changes) == TEXT


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (change("zone", 0, "kp_per_c", 0.18, 1.0), "line 8: .* is 0.17, .* expects 0.18"),
        (change("zone", 2, "kp_per_c", 0.17, 1.0), "no such table"),
        (change("valve", None, "gain", 0.17, 1.0), "no such table"),
    ],
)
def test_a_file_that_was_changed_since_is_refused(wrong, why):
    with pytest.raises(TuningError, match=why):
        apply(TEXT, with_texts(TEXT, [wrong]))


def test_a_default_that_somebody_wrote_since_is_refused():
    changes = with_texts(TEXT, [change("zone", 0, "dead_time_s", 6.0, 7.0)])
    with pytest.raises(TuningError, match="at its default"):
        apply(TEXT.replace("power_w = 1000.0 ", "dead_time_s = 5.0\npower_w = 1000.0 "), changes)


def test_reverting_what_was_not_applied_is_refused():
    changes = with_texts(TEXT, [change("zone", 0, "kp_per_c", 0.17, 0.3)])
    with pytest.raises(TuningError, match="expects 0"):
        revert(TEXT, changes)


@given(st.binary(max_size=400))
def test_garbage_is_no_proposal(content):
    with pytest.raises(TuningError):
        decode(content if content[:1] != b"{" else b"[" + content)


def test_a_proposal_of_another_version_is_refused_and_ours_comes_back():
    with pytest.raises(TuningError, match="format 2"):
        decode(b'{"format": 2}')
    with pytest.raises(TuningError, match="4000000"):
        decode(b" " * 4_000_001)
    ours = Proposal(changes=[change("zone", 0, "kp_per_c", 0.17, 0.3)])
    assert decode(ours.encode()) == ours
