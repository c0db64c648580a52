"""Scenarios through the rig under MicroPython: the verdict in process, with the rig between.

In real time: a host that is too busy for it must say so (INVALID) and nothing else.
"""

import warnings

import pytest

from hil.rig_twin import micropython_command
from hil.scenarios.campaign import cases, differences, run_case
from hil.scenarios.model import parse_scenario

ABSENT = "no MicroPython here (the extra `test` has no wheel for this platform): NOTHING WAS SHOWN"
LATER_S_MAX = 0.15  # two wires, a module's sampling and the rig's loop more than in process

SCENARIO = """
[scenario]
id = "case"
row = "{row}"
title = "A case"
recipe = "cold-press"
repair_s = 2.0

[[fault]]
{fault}
at = {{ time_s = 1.0 }}

[expect]
reaction = "{reaction}"
outputs = "{outputs}"
within_s = {within_s}
outcome = "Aborted"
hard_protection_demands = 0
"""
LOST_RIG = {"reaction": "trip", "outputs": "all"}
ROWS = {
    "S04": {
        "fault": 'point = "cylinder_a_pressure_bar"\nverb = "scale"\nto_ma = 3.2',
        "reaction": "trip", "outputs": "pump", "within_s": 0.3,
    },
    "A11": {
        "fault": 'point = "pump"\nverb = "stuck"\nto_state = 1.0\n'
        'at = { time_s = 1.0 }\n[[fault]]\npoint = "guard_b_closed"\nverb = "off"',
        "reaction": "trip", "outputs": "none", "within_s": 0.5,
    },
    "R02": {"fault": 'point = "rig"\nverb = "off"\nfor_s = 0.5', "within_s": 1.0, **LOST_RIG},
    "R03": {"fault": 'point = "rig"\nverb = "stuck"\nfor_s = 0.2', "within_s": 0.3, **LOST_RIG},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def micropython():
    if micropython_command() is None:
        warnings.warn(ABSENT, RuntimeWarning, stacklevel=1)
        pytest.skip(ABSENT)


def played(row, face):
    scenario = parse_scenario(SCENARIO.format(row=row, **ROWS[row]), "case")
    (case,) = cases([scenario], [face])
    return run_case(case)


@pytest.mark.parametrize("row", ROWS)
def test_the_rig_gives_the_expected_verdict_in_time(row):
    verdict = played(row, "rig")
    if verdict.invalid:
        assert verdict.word == "INVALID"
        warnings.warn(f"{row}: nothing was shown: {verdict.invalid}", RuntimeWarning, stacklevel=1)
        pytest.skip(f"this host was too busy: {verdict.invalid}")
    assert verdict.passed, verdict.why
    assert verdict.reaction_s is not None
    assert verdict.reaction_s <= verdict.within_s
    if row.startswith("R"):
        return
    at_home = played(row, "sim")
    (apart,) = differences([at_home, verdict])
    assert apart.same_verdict
    assert apart.reaction_s <= LATER_S_MAX


@pytest.mark.parametrize("row", ["R02", "R03"])
def test_where_there_is_no_rig_its_faults_are_refused(row):
    verdict = played(row, "sim")
    assert not verdict.passed
    assert verdict.why[0].startswith("the bench could not: rig: no such point")
