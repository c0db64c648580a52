"""Electrical form: published curves, monotonic codes, and back through a module's converter."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.rig.electrical import CODE_MAX, code, pt100_ohm, type_k_mv
from hil.rig.terminals import ANALOGUE, COUNTS, POSITION, PT100, TYPE_K
from hil.rig_twin import COLD_JUNCTION_C, _reading

KINDS = sorted(COUNTS)
# What one code of a 16-bit converter is worth, in the module's counts, and half a count.
STEP_COUNTS = {"pt100": 0.7, "type_k": 1.0, "loop": 0.4, "position": 4.6, "current": 0.4}


@pytest.mark.parametrize(
    ("temperature_c", "ohm"),
    [(-50, 80.31), (0, 100.0), (25, 109.73), (100, 138.51), (200, 175.86), (300, 212.05)],
)
def test_pt100_after_iec_60751(temperature_c, ohm):
    assert pt100_ohm(temperature_c) == pytest.approx(ohm, abs=0.005)


@pytest.mark.parametrize(
    ("temperature_c", "mv"),
    [
        (-50, -1.889),
        (-40, -1.527),
        (0, 0.0),
        (25, 1.000),
        (100, 4.096),
        (200, 8.138),
        (300, 12.209),
    ],
)
def test_type_k_after_iec_60584(temperature_c, mv):
    assert type_k_mv(temperature_c) == pytest.approx(mv, abs=0.0006)


@pytest.mark.parametrize("kind", KINDS)
def test_codes_rise_with_the_reading_and_stay_at_their_ends(kind):
    low, high = COUNTS[kind]
    steps = [low + (high - low) * i // 200 for i in range(201)]
    codes = [code(kind, count, COLD_JUNCTION_C) for count in steps]
    assert codes == sorted(set(codes))
    assert codes[0] >= 0
    assert codes[-1] <= CODE_MAX
    assert code(kind, high + 10_000, COLD_JUNCTION_C) == codes[-1]
    assert code(kind, low - 10_000, COLD_JUNCTION_C) == codes[0]


@given(st.sampled_from(KINDS), st.floats(0, 1))
def test_a_module_reads_what_was_meant_within_a_step(kind, share):
    low, high = COUNTS[kind]
    count = round(low + share * (high - low))
    scale = {PT100: 100, TYPE_K: 100, POSITION: 1e4}.get(kind, 1000)
    read = _reading(kind, code(kind, count, COLD_JUNCTION_C)) * scale
    assert abs(read - count) <= STEP_COUNTS[kind]


def test_the_cold_junction_is_taken_out():
    cold, warm = code(TYPE_K, 10_000, 15.0), code(TYPE_K, 10_000, 35.0)
    difference_mv = (cold - warm) * 20.0 / CODE_MAX
    assert difference_mv == pytest.approx(type_k_mv(35.0) - type_k_mv(15.0), abs=0.001)


def test_an_open_wire_is_no_reading_and_an_open_loop_no_current():
    for kind in KINDS:
        read = _reading(kind, None)
        assert read == 0.0 if kind == "loop" else math.isnan(read)


def test_terminals_are_those_of_the_reference_modules():
    names = [name for name, _ in ANALOGUE]
    stems = [("rtd", 11), ("loop", 3), ("lvdt", 4), ("ct", 6)]
    assert names == [f"{stem}_{n + 1}" for stem, count in stems for n in range(count)]
