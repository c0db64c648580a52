"""What a face answers for: moments that wait for an output, and hosts too slow to be believed."""

import asyncio
from types import SimpleNamespace

import pytest

from hil.scenarios.faces import _slowness, breaks_the_wire, needs_the_wall
from hil.scenarios.model import parse_scenario
from hil.scenarios.runner import play

SCENARIO = """
[scenario]
id = "case"
row = "A12"
title = "A case"
recipe = "cold-press"
machine = "{machine}"
station = "{station}"
repair_s = 1.0
time_s_max = 4.0

[[fault]]
point = "{point}"
verb = "off"
at = {{ time_s = 0.2{more} }}

[expect]
reaction = "ignore"
outcome = "Complete"
"""


def scenario(point="guard_a_closed", more="", machine="press-500kN", station="demo-press"):
    text = SCENARIO.format(point=point, more=more, machine=machine, station=station)
    return parse_scenario(text, "case")


def test_a_fault_may_wait_for_an_output_to_come_on():
    course = asyncio.run(play(scenario(more=', output = "pump"'), "sim"))
    names = course.output_names
    pump = 1 << names.index("pump")
    came_on_s = next(edge.time_s for edge in course.edges if edge.bits & pump)
    assert came_on_s > 0.2
    assert course.fault_s == pytest.approx(came_on_s + course.tick_s)


def test_an_output_that_never_comes_on_is_a_fault_that_never_was():
    course = asyncio.run(play(scenario(more=', output = "cooling_air"'), "sim"))
    assert course.fault_s is None


def host(late_s=0.0, late=0, lapses=0):
    counts = {"request_count": 1000.0, "timeout_count": float(late)}
    names = ("late_reply_count", "late_read_count", "late_write_count")
    module = SimpleNamespace(lease=SimpleNamespace(lapse_count=lapses))
    server = SimpleNamespace(pacer=SimpleNamespace(lateness_s_max=late_s), modules=[module])
    return server, SimpleNamespace(statistics=lambda: {**dict.fromkeys(names, 0.0), **counts})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, []),
        ({"late_s": 0.09, "late": 10}, []),
        ({"late_s": 0.11}, ["this host kept the machine waiting for 0.11 s"]),
        ({"late": 11}, ["this host was too slow for 11 of 1000 answers"]),
        ({"lapses": 1}, ["this host was too slow to renew an output's lease, 1 times"]),
    ],
)
def test_a_host_that_did_not_keep_up_is_told(found, said):
    assert list(_slowness(scenario(), *host(**found))) == said


def test_where_the_wire_is_the_fault_its_answers_prove_nothing():
    assert not list(_slowness(scenario("io.ai"), *host(late=500, lapses=3)))


def test_what_needs_the_time_of_the_wall():
    lab = {"machine": "lab-press-indicator", "station": "lab-press-indicator"}
    assert not needs_the_wall(scenario())
    assert needs_the_wall(scenario("io.dio"))
    assert needs_the_wall(scenario(**lab))
    assert not breaks_the_wire(scenario("io.scale", **lab))
    assert breaks_the_wire(scenario("io.ai", **lab))
