"""The judge believes outputs at the plant, not words, and never lets a late one pass."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.console import Console
from scenario_case import (
    BOTTOM,
    HEAT,
    PUMP,
    TEXT,
    TOP,
    WATCHDOG,
    course,
    held,
    note,
    scenario,
    trip,
)  # fmt: skip

from hil.scenarios.campaign import differences, is_as_known, summary
from hil.scenarios.course import Edge
from hil.scenarios.model import parse_scenario
from hil.scenarios.table import verdict_table
from hil.scenarios.verdict import DWELL_S, is_safe, judge, safe_since

TICK_S = 0.01


def test_in_time_at_the_plant_passes():
    verdict = judge(scenario(), course(trip(10.2)))
    assert verdict.passed, verdict.why
    assert verdict.reaction_s == pytest.approx(0.2)
    assert (verdict.found, verdict.source) == ("trip", "pressure_sensor")


def test_the_plant_counts_not_the_word():
    """The controller says "trip" at once, the pump runs on for another second."""
    late = course(trip(10.0), edges=[(0.0, 0), (1.0, PUMP), (11.0, 0)])
    verdict = judge(scenario(), late)
    assert not verdict.passed
    assert verdict.reaction_s == pytest.approx(1.0)
    assert "limit 0.3 s" in verdict.why[0]


def test_one_tick_over_the_limit_fails_and_on_it_passes():
    for at_s, passes in ((10.30, True), (10.31, False)):
        run = course(trip(10.1), edges=[(0.0, 0), (1.0, PUMP), (at_s, 0)])
        assert judge(scenario(), run).passed is passes


def test_outputs_that_never_become_safe_fail():
    verdict = judge(scenario(), course(trip(10.1), edges=[(0.0, 0), (1.0, PUMP)]))
    assert "never became safe" in verdict.why[0]


def test_outputs_without_a_trip_fail():
    verdict = judge(scenario(), course())
    assert not verdict.passed
    assert "no trip of pressure_sensor" in verdict.why[0]


def test_another_cause_is_not_the_expected_one():
    assert not judge(scenario(), course(trip(10.2, "over_pressure"))).passed
    assert judge(scenario(source=None), course(trip(10.2, "over_pressure"))).passed


@pytest.mark.parametrize("at_s", [9.9, 31.0])
def test_what_comes_before_the_fault_or_after_the_repair_is_no_answer(at_s):
    assert not judge(scenario(), course(trip(at_s))).passed


def test_a_follower_of_the_first_out_is_a_trip_as_well():
    follower = note(10.2, "trip", "pressure_sensor", message="followed the first-out estop: x")
    cleared = note(10.2, "trip", "pressure_sensor", message="trips cleared: pressure_sensor")
    assert judge(scenario(), course(follower)).passed
    assert not judge(scenario(), course(cleared)).passed


@pytest.mark.parametrize(
    ("expected", "passes"),
    [("inhibit", True), ("hold", True), ("stop", True), ("trip", True), ("warn", False),
     ("sub", False)],
)  # fmt: skip
def test_a_trip_may_stand_in_for_what_takes_away_less_but_not_for_a_warning(expected, passes):
    verdict = judge(scenario(reaction=expected), course(trip(10.2)))
    assert verdict.passed is passes
    assert verdict.found == "trip"


def test_a_hold_does_not_stand_in_for_a_trip():
    assert not judge(scenario(), course(held(10.2, "pressure_sensor"))).passed
    run = course(held(10.2, "alarm pressure_sensor"))
    assert judge(scenario(reaction="hold", outputs=None), run).passed


def test_ignore_bears_warnings_but_no_end_of_the_batch():
    calm = scenario(reaction="ignore", source=None, outputs=None, outcome="Complete")
    warned = note(10.0, "quality", "x", "warning")
    assert judge(calm, course(warned, outcome="Complete")).passed
    for spoiled in (trip(12.0), held(12.0, "operator")):
        assert not judge(calm, course(spoiled, outcome="Complete")).passed


def test_to_be_tripped_still_is_no_reason_of_its_own():
    inhibit = scenario(reaction="inhibit", source=None, outputs=None)
    for missing, passes in (("no_trip", False), ("no_trip, guard_closed", True)):
        run = course(note(10.0, "permissive", "start", missing=missing))
        assert judge(inhibit, run).passed is passes


@pytest.mark.parametrize("demands", [1, 3])
def test_a_demand_on_the_hard_protection_fails(demands):
    assert not judge(scenario(), course(trip(10.2), demands=demands)).passed
    expected = scenario(hard_protection_demands=demands)
    assert judge(expected, course(trip(10.2), demands=demands)).passed
    assert not judge(expected, course(trip(10.2))).passed


def test_the_true_state_is_bounded():
    bounded = parse_scenario(TEXT + "[expect.truth_max]\nstack_pressure_mpa = 25.0\n", "case")
    over = course(trip(10.2), truth_max={"stack_pressure_mpa": 25.1})
    within = course(trip(10.2), truth_max={"stack_pressure_mpa": 25.0})
    assert "rose to 25.1" in judge(bounded, over).why[0]
    assert judge(bounded, within).passed


def test_a_fault_the_bench_cannot_do_and_one_that_never_came_prove_nothing():
    lost = judge(scenario(), course(trip(10.2), lost="no such point"))
    never = judge(scenario(), course(trip(10.2), marks=[]))
    assert lost.why == ("the bench could not: no such point",)
    assert "its moment never came" in never.why[0]


def test_another_outcome_fails():
    assert "outcome Complete" in judge(scenario(), course(trip(10.2), outcome="Complete")).why[0]


@pytest.mark.parametrize(
    ("outputs", "bits", "safe"),
    [
        ("heat", HEAT, True), ("heat", HEAT | TOP, False), ("heat", TOP | BOTTOM, True),
        ("power", HEAT, True), ("power", HEAT | PUMP, False), ("power", HEAT | TOP, False),
        ("contactors", HEAT, True), ("contactors", BOTTOM, False),
        ("pump", TOP, True), ("pump", PUMP, False),
        ("all", WATCHDOG, True), ("all", WATCHDOG | HEAT, False),
        ("heater_1_ssr", HEAT, False), ("heater_1_ssr", TOP, True),
    ],
)  # fmt: skip
def test_which_outputs_are_safe(outputs, bits, safe):
    assert is_safe(course(), outputs)(bits) is safe


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=30),
    first=st.booleans(),
    begun=st.integers(1, 1500),
    length=st.integers(0, 1500),
)
def test_safe_since_is_what_a_look_at_every_tick_would_say(gaps, first, begun, length):
    """Reference: walk every tick, take the first that starts DWELL_S of safety."""
    edges, tick, bit = [], 0, int(first)
    for gap in gaps:
        edges.append(Edge(tick * TICK_S, bit))
        tick, bit = tick + gap, 1 - bit
    end = begun + length

    def bit_at(index):
        seen = [e.bits for e in edges if round(e.time_s / TICK_S) <= index]
        return seen[-1] if seen else 0

    dwell = round(DWELL_S / TICK_S)
    expected = None
    for start in range(begun, end + 1):
        window = range(start, min(start + dwell, end + 1))
        starts_here = start == begun or bit_at(start - 1)
        if starts_here and not any(bit_at(i) for i in window):
            expected = start * TICK_S
            break
    found, already = safe_since(edges, lambda bits: not bits, begun * TICK_S, end * TICK_S)
    assert found == (None if expected is None else pytest.approx(expected))
    was_safe = not bit_at(begun - 1) if begun > 0 else True
    assert already == (was_safe and expected == begun * TICK_S)


def test_a_bench_that_cannot_be_believed_shows_neither_pass_nor_fail():
    lost = judge(scenario(), course(trip(10.1), invalid="the rig restarted during the run"))
    assert lost.word == "INVALID"
    assert not lost.passed
    assert not is_as_known([lost], [])
    assert summary([lost]) == "0 of 1 passed, 1 INVALID"


@pytest.mark.parametrize("known", ["", "it would take a flow meter"])
@pytest.mark.parametrize("passes", [True, False])
def test_only_what_is_known_and_fails_or_unknown_and_passes_is_no_news(known, passes):
    asked = scenario()
    asked = structs.replace(asked, scenario=structs.replace(asked.scenario, known=known))
    found = judge(asked, course(*([trip(10.1)] if passes else [])))
    assert found.passed == passes
    assert is_as_known([found], []) == (passes != bool(known))


def test_a_run_is_one_line_of_the_table_however_long_its_texts():
    asked = scenario()
    header = structs.replace(asked.scenario, title="x" * 300, id="S20-guard-discrepancy-start")
    found = judge(structs.replace(asked, scenario=header), course(trip(10.1)))
    console = Console(width=160, record=True, file=StringIO())
    console.print(verdict_table([found, found]))
    lines = [line for line in console.export_text().splitlines() if line.strip()]
    assert len(lines) == 4  # title, head, two runs
    assert all("PASS" in line and "0.20 / 0.3" in line for line in lines[2:])


def on(face: str, *notes, **expect):
    return structs.replace(judge(scenario(**expect), course(*notes)), face=face)


@pytest.mark.parametrize(
    ("notes", "expect", "same"),
    [
        ((), {}, False),
        ((trip(10.25),), {}, True),
        ((held(10.2, "trip pressure_sensor"),), {}, False),
    ],
)
def test_faces_agree_when_the_batch_met_the_same_reaction(notes, expect, same):
    (apart,) = differences([on("sim", trip(10.2), **expect), on("tcp", *notes, **expect)])
    assert apart.same_verdict is same
    assert bool(apart.found) is not same


def test_a_moments_wait_on_one_face_is_reported_and_is_the_same_verdict():
    ignores = {"reaction": "ignore", "source": None, "outputs": None, "within_s": None}
    waits = note(10.1, "interlock", "zone_sensor_bad", priority="medium")
    (apart,) = differences([on("sim", **ignores), on("tcp", waits, **ignores)])
    assert apart.same_verdict
    assert apart.found == "ignore → inhibit"
