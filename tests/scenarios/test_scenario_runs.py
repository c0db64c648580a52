"""Scenarios played: the press under test, the plant as judge."""

import asyncio

import pytest

from hil.scenarios.campaign import cases, differences, run_case, run_cases
from hil.scenarios.faces import FaceError
from hil.scenarios.model import parse_scenario, read_scenario
from hil.scenarios.runner import play
from hil.scenarios.verdict import judge

ON_SIM = (
    "S01-zone-open-short", "S04-pressure-low", "S04-pressure-low-brief", "S09-pressure-spike",
    "S13-pressure-offset", "S19-force-nan", "S20-guard-discrepancy-start", "A01-ssr-welded",
    "A07-valve-drives-up", "F01-one-answer-lost", "F01-answers-lost", "F13-module-reboots",
    "P10-emergency-stop", "P11-guard-opened", "P11-wip-lid-lock-lost",
)  # fmt: skip
ON_BOTH = ("S04-pressure-low-half-second", "P10-emergency-stop")

BRIEF = """
[scenario]
id = "case"
row = "S04"
title = "A case"
recipe = "cold-press"
repair_s = 2.0

[[fault]]
point = "{point}"
verb = "{verb}"
at = {{ time_s = 1.0 }}

[expect]
reaction = "{reaction}"
outputs = "all"
within_s = {within_s}
outcome = "Aborted"
hard_protection_demands = 1
"""


def brief(**changes):
    fields = {"point": "plant.estop_a_ok", "verb": "off", "reaction": "trip", "within_s": 0.1}
    return parse_scenario(BRIEF.format(**{**fields, **changes}), "case")


@pytest.mark.parametrize("name", ON_SIM)
def test_a_press_in_process_reacts_in_time(name):
    scenario = read_scenario(name)
    verdict = judge(scenario, asyncio.run(play(scenario, "sim")))
    assert verdict.passed, verdict.why


def test_over_modbus_tcp_the_verdict_is_the_same():
    chosen = [read_scenario(name) for name in ON_BOTH]
    verdicts = list(run_cases(list(cases(chosen, ["sim", "tcp"])), jobs=1))
    assert [verdict.face for verdict in verdicts] == ["sim", "tcp"] * len(ON_BOTH)
    for verdict in verdicts:
        assert verdict.passed, (verdict.face, verdict.why)
    for apart in differences(verdicts):
        assert apart.same_verdict
        assert abs(apart.reaction_s) <= 0.05  # a few ticks: conversion and one more hop


def test_on_a_serial_line_the_verdict_is_the_same():
    verdicts = list(run_cases(list(cases([brief()], ["sim", "rtu"])), jobs=1))
    assert all(verdict.passed for verdict in verdicts), [verdict.why for verdict in verdicts]
    (apart,) = differences(verdicts)
    assert apart.same_verdict
    assert abs(apart.reaction_s) <= 0.05


def test_through_the_rigs_twin_the_verdict_is_the_same_or_the_run_is_invalid():
    """In real time: a host that is too busy for it must say so and not call it a failure."""
    (case,) = cases([brief()], ["rig"])
    verdict = run_case(case)
    assert verdict.word in ("PASS", "INVALID"), verdict.why
    assert bool(verdict.invalid) == (verdict.word == "INVALID")


def test_the_same_seed_is_the_same_run():
    one, other = (asyncio.run(play(brief(), "sim")) for _ in range(2))
    assert one == other
    assert one.edges


def test_a_limit_nobody_could_meet_fails():
    scenario = brief(within_s=0.0)
    verdict = judge(scenario, asyncio.run(play(scenario, "sim")))
    assert not verdict.passed
    assert "limit 0 s" in verdict.why[0]


def test_after_the_repair_the_operator_brings_the_batch_to_an_end():
    scenario = read_scenario("S04-pressure-low")
    course = asyncio.run(play(scenario, "sim"))
    assert course.repair_s == pytest.approx(course.fault_s + scenario.scenario.repair_s)
    assert course.marks[0].ended_s == course.repair_s
    assert course.outcome == "Aborted"
    assert course.end_s < course.repair_s + 60.0
    assert any(
        "trips cleared" in note.message and note.time_s > course.repair_s for note in course.notes
    )
    assert course.columns["true stack_pressure_mpa"][-1] < 5.0


@pytest.mark.parametrize(
    ("said", "instead", "told"),
    [('outputs = "all"', 'outputs = "jacket_heater_ssr"', "no output jacket_heater_ssr"),
     ('outcome = "Aborted"', 'outcome = "Aborted"\ntruth_max = { vessel_pressure_mpa = 1.0 }',
      "no true vessel_pressure_mpa")],
)  # fmt: skip
def test_what_this_machine_does_not_have_is_no_pass(said, instead, told):
    text = BRIEF.format(point="plant.estop_a_ok", verb="off", reaction="trip", within_s=0.1)
    scenario = parse_scenario(text.replace(said, instead), "case")
    verdict = judge(scenario, asyncio.run(play(scenario, "sim")))
    assert not verdict.passed
    assert told in verdict.why[0]


@pytest.mark.parametrize("point", ["no_such_point", "plant.moon", "line"])
def test_a_fault_the_bench_cannot_inject_is_no_pass(point):
    scenario = brief(point=point)
    verdict = judge(scenario, asyncio.run(play(scenario, "sim")))
    assert not verdict.passed
    assert verdict.why[0].startswith(f"the bench could not: {point}")


def test_a_refusal_of_the_controller_is_a_reaction():
    text = BRIEF.format(point="plant.estop_a_ok", verb="off", reaction="trip", within_s=0.1)
    missing = parse_scenario(text.replace("cold-press", "no-such-recipe"), "case")
    course = asyncio.run(play(missing, "sim"))
    assert course.outcome == "Refused"
    assert "no-such-recipe" in course.refused
    assert not judge(missing, course).passed


def test_an_exchanged_module_is_refused_over_tcp():
    (case,) = cases([read_scenario("F14-other-module")], ["sim", "tcp"])
    assert case.face == "tcp"
    verdict = run_case(case)
    assert verdict.passed, verdict.why
    assert verdict.found == "refuse"


def test_a_face_that_is_not_there_is_named():
    with pytest.raises(FaceError, match="no face 'smoke'"):
        asyncio.run(play(brief(), "smoke"))
