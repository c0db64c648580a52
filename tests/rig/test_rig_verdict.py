"""When a run with the rig may be believed (R01 to R04): sharp at each limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.rig_verdict import (
    CLOCK,
    FROZEN,
    LINE,
    RESET,
    ClockComparison,
    Objection,
    judge_clock,
    judge_line,
    verdict,
)


@pytest.mark.parametrize(("bad", "total", "is_valid"), [(0, 0, 1), (10, 1000, 1), (11, 1000, 0)])
def test_more_than_one_percent_of_bad_frames_is_invalid(bad, total, is_valid):
    assert verdict(judge_line(bad, total), ()).is_valid == bool(is_valid)


def test_only_the_tested_fault_is_forgiven():
    objections = (Objection(RESET, "it restarted"), Objection(LINE, "noise"))
    assert str(verdict(objections, ())) == "INVALID: it restarted; noise"
    assert verdict(objections, (RESET,)).objections == (objections[1],)
    assert verdict(objections, (RESET, LINE)).is_valid
    with pytest.raises(ValueError, match="must be one of"):
        verdict((), ("luck",))


def compared(ppm, *, span_s=20.0, delays=(0.0005, 0.0005)):
    """Exchanges every 10 ms; the rig answers somewhere between request and reply."""
    clock, out_s, back_s = ClockComparison(), *delays
    for n in range(int(span_s * 100) + 1):
        sent_s = n * 0.01
        rig_us = round((sent_s + out_s) * (1e6 + ppm))
        clock.add(sent_s, sent_s + out_s + back_s, rig_us)
    return clock


@given(st.floats(-30_000, 30_000), st.floats(0, 0.002), st.floats(0, 0.002))
def test_the_rate_is_found_within_its_own_uncertainty(ppm, out_s, back_s):
    clock = compared(ppm, span_s=5.0, delays=(out_s, back_s))
    assert abs(clock.ppm - ppm) <= clock.ppm_uncertainty + 1.0


def test_one_quick_round_trip_at_each_end_is_enough():
    clock = ClockComparison()
    for n in range(1001):
        slow_s = 0.0002 if n in (10, 990) else 0.015
        clock.add(n * 0.01, n * 0.01 + slow_s, round((n * 0.01 + slow_s) * 1_000_400))
    assert clock.ppm == pytest.approx(400, abs=25)


def test_reaction_times_are_corrected_beyond_500_ppm_and_not_before():
    assert compared(400).corrected_s(300_000) == 0.3
    assert compared(2000).corrected_s(300_600) == pytest.approx(0.3, abs=3e-5)
    assert compared(2000, span_s=0.5).corrected_s(300_000) == 0.3  # too short to tell


def test_a_clock_beyond_two_percent_is_no_clock():
    assert judge_clock(compared(19_000)) == ()
    (objection,) = judge_clock(compared(21_000))
    assert objection.cause == CLOCK
    assert not verdict((objection,), (FROZEN,)).is_valid
