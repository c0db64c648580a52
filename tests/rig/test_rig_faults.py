"""Fault verbs in the rig: what each does to a terminal, and what the rig cannot do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.rig import protocol
from hil.rig.faults import FAULT_MAX, VERB_NAMES, VERBS, Faults
from hil.rig.terminals import ANALOGUE, COUNTS, INPUT_NUMBER, number_of

MS = 1000


def shown(name, first=0, second=0, *, terminal="loop_1", course=None, seed=1):
    """Counts of a terminal under one fault, every 10 ms of a course of counts."""
    faults, number = Faults(seed), number_of(terminal)
    assert faults.inject(number, VERB_NAMES.index(name), first, second, 0, 0) > 0
    seen = []
    for i, count in enumerate(course or [12_000] * 10):
        counts = [0] * len(ANALOGUE)
        counts[number] = count
        faults.apply(counts, 0, i * 10 * MS)
        seen.append(counts[number])
    return seen


RISING = list(range(12_000, 12_100, 10))


def test_verbs_that_replace_a_reading():
    assert shown("open") == [None] * 10
    assert shown("off") == [0] * 10
    assert shown("off", terminal="rtd_1") == [None] * 10
    assert shown("short") == [24_000] * 10
    assert shown("short", terminal="rtd_1") == [-5000] * 10
    assert shown("wrong", 3200) == [3200] * 10
    assert shown("stuck", course=RISING) == [12_000] * 10


def test_verbs_that_bend_a_reading():
    assert shown("scale", 500, course=RISING) == [c // 2 for c in RISING]
    assert shown("drift", 60_000) == [12_000 + 10 * i for i in range(10)]
    assert shown("spike", 4000, 30) == [16_000, 12_000, 12_000] * 3 + [16_000]


def test_delayed_shows_the_past():
    assert shown("delayed", 30, course=RISING) == [12_000] * 3 + RISING[:-3]


def test_slow_follows_with_its_time_constant():
    seen = shown("slow", 100, course=[0] + [10_000] * 60)
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert seen[10] == pytest.approx(10_000 * (1 - (1 / 1.1) ** 10), abs=10)  # implicit Euler
    assert seen[60] > 9_900


def test_intermittent_is_open_for_its_share_of_the_period():
    seen = shown("intermittent", 50, 400, course=[12_000] * 100)
    assert seen == ([None] * 2 + [12_000] * 3) * 20


def test_garbage_and_noise_stay_in_bounds_and_repeat_with_their_seed():
    low, high = COUNTS["loop"]
    course = [12_000] * 200
    garbage = shown("garbage", course=course, seed=3)
    assert all(low <= count <= high for count in garbage)
    assert len(set(garbage)) > 150
    noise = shown("noise", 40, course=course, seed=3)
    assert all(11_960 <= count <= 12_040 for count in noise)
    assert len(set(noise)) > 40
    assert shown("noise", 40, course=course, seed=3) == noise
    assert shown("noise", 40, course=course, seed=4) != noise


def test_swap_crosses_two_wires_of_one_kind():
    faults = Faults(1)
    one, other = number_of("rtd_1"), number_of("rtd_4")
    faults.inject(one, VERB_NAMES.index("swap"), other, 0, 0, 0)
    counts = list(range(len(ANALOGUE)))
    faults.apply(counts, 0, 0)
    assert (counts[one], counts[other]) == (other, one)


@pytest.mark.parametrize(
    ("name", "first", "second", "before", "after"),
    [
        ("off", 0, 0, 0b111, 0b101),
        ("open", 0, 0, 0b111, 0b101),
        ("short", 0, 0, 0b101, 0b111),
        ("wrong", 1, 0, 0b000, 0b010),
        ("wrong", 0, 0, 0b010, 0b000),
        ("swap", INPUT_NUMBER, 0, 0b001, 0b010),
        ("intermittent", 100, 500, 0b010, 0b000),
    ],
)
def test_switches_break_too(name, first, second, before, after):
    faults = Faults(1)
    faults.inject(INPUT_NUMBER + 1, VERB_NAMES.index(name), first, second, 0, 0)
    assert faults.apply([0] * len(ANALOGUE), before, 0) == after


def test_faults_act_in_their_order_and_leave_together():
    faults, number = Faults(1), number_of("loop_1")
    faults.inject(number, VERB_NAMES.index("wrong"), 10_000, 0, 0, 0)
    faults.inject(number, VERB_NAMES.index("scale"), 1500, 0, 0, 0)
    counts = [0] * len(ANALOGUE)
    faults.apply(counts, 0, 0)
    assert counts[number] == 15_000
    assert faults.clear(0) == 2
    assert faults.clear(0) == 0


def test_a_fault_ends_by_itself_at_its_instant():
    faults = Faults(1)
    faults.inject(0, VERB_NAMES.index("open"), 0, 0, 50 * MS, 1000)
    assert not faults.expire(1000 + 50 * MS - 1)
    assert faults.expire(1000 + 50 * MS)
    assert faults.clear(0) == 0


@given(
    terminal=st.integers(0, 255),
    verb=st.integers(0, 255),
    first=st.integers(-(2**31), 2**31 - 1),
    second=st.integers(-(2**31), 2**31 - 1),
    now_us=st.integers(0, 2**40),
)
def test_a_fault_is_refused_by_name_or_can_be_lived_with(terminal, verb, first, second, now_us):
    faults = Faults(7)
    handle = faults.inject(terminal, verb, first, second, 0, now_us)
    if handle < 0:
        assert protocol.REASONS[-1 - handle] in ("no_terminal", "no_verb", "out_of_bounds")
        return
    counts = [low for low, _ in (COUNTS[kind] for _, kind in ANALOGUE)]
    for later_us in (0, 1, 20_000, 10**9):
        inputs = faults.apply(counts, 0xFFFF, now_us + later_us)
        assert 0 <= inputs <= 0xFFFF
        assert all(count is None or isinstance(count, int) for count in counts)


@pytest.mark.parametrize(
    ("terminal", "name", "first", "second", "why"),
    [
        (24, "open", 0, 0, "no_terminal"),
        (INPUT_NUMBER + 16, "open", 0, 0, "no_terminal"),
        (0, "open", 1, 0, "out_of_bounds"),
        (0, "slow", 0, 0, "out_of_bounds"),
        (0, "delayed", 1001, 0, "out_of_bounds"),
        (0, "intermittent", 100, 1000, "out_of_bounds"),
        (0, "swap", 0, 0, "out_of_bounds"),
        (0, "swap", 11, 0, "out_of_bounds"),
        (INPUT_NUMBER, "scale", 500, 0, "no_verb"),
        (INPUT_NUMBER, "wrong", 2, 0, "out_of_bounds"),
    ],
)
def test_what_the_rig_cannot_do_it_says(terminal, name, first, second, why):
    answer = Faults(1).inject(terminal, VERB_NAMES.index(name), first, second, 0, 0)
    assert protocol.REASONS[-1 - answer] == why


def test_faults_are_bounded_in_number():
    faults = Faults(1)
    handles = [faults.inject(0, 0, 0, 0, 0, 0) for _ in range(FAULT_MAX + 1)]
    assert all(handle > 0 for handle in handles[:-1])
    assert protocol.REASONS[-1 - handles[-1]] == "too_many_faults"


def test_the_vocabulary_is_that_of_the_catalogue():
    told = (
        "off stuck garbage wrong slow delayed intermittent open short swap scale drift spike noise"
    )
    assert list(VERB_NAMES) == told.split()
    assert len(VERBS) == len(VERB_NAMES)
