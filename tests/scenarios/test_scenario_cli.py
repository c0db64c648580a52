"""`hotpress-hil run`, `plot` and `scenario list` as people type them."""

import json
import re

import pytest
from typer.testing import CliRunner

from hil.cli import app
from hil.faults.catalogue import catalogue
from hil.scenarios.absent import absent_rows

NAME = "S04-pressure-low"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_run_prints_its_verdict_keeps_it_and_can_be_drawn(tmp_path):
    verdicts, runs, page = tmp_path / "v.json", tmp_path / "runs", tmp_path / "page.html"
    result = call("run", NAME, "--jobs", 1, "--json", verdicts, "--runs", runs)
    assert result.exit_code == 0, result.output
    assert NAME in result.output
    assert "1 of 1 passed" in result.output
    (found,) = json.loads(verdicts.read_text())["verdicts"]
    assert found["passed"]
    assert found["reaction_s"] <= found["within_s"]
    result = call("plot", runs / f"{NAME}-sim.json", "-o", page)
    assert result.exit_code == 0, result.output
    text = page.read_text()
    assert text.count("<svg") == 2
    assert f"reaction {found['reaction_s']:.2f} s" in text
    assert "limit 0.3 s" in text
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", text)
    assert "<script" not in text


def test_what_failed_is_an_exit_code(tmp_path):
    strict = tmp_path / "strict.toml"
    strict.write_text(
        '[scenario]\nid = "strict"\nrow = "P10"\ntitle = "t"\nrecipe = "cold-press"\n'
        'repair_s = 1.0\n[[fault]]\npoint = "plant.estop_a_ok"\nverb = "off"\n'
        'at = { time_s = 1.0 }\n[expect]\nreaction = "ignore"\noutcome = "Complete"\n'
    )
    result = call("run", strict, "--jobs", 1)
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "0 of 1 passed" in result.output


KNOWN = """
[scenario]
id = "known"
row = "P10"
title = "t"
recipe = "cold-press"
repair_s = 1.0
known = "the bench's own example; it would take another expectation"
[[fault]]
point = "plant.estop_a_ok"
verb = "off"
at = { time_s = 1.0 }
[expect]
reaction = "REACTION"
outputs = "all"
outcome = "Aborted"
hard_protection_demands = 1
"""


@pytest.mark.parametrize(
    ("reaction", "code", "said"),
    [
        ("ignore", 0, "0 of 1 passed, 1 known to fail"),
        ("trip", 1, "1 of 1 passed, 1 known to fail, but passed"),
    ],
)
def test_a_known_fail_is_a_fail_with_its_reason_and_one_that_passes_is_news(
    tmp_path, reaction, code, said
):
    file = tmp_path / "known.toml"
    file.write_text(KNOWN.replace("REACTION", reaction))
    result = call("run", file, "--jobs", 1)
    assert result.exit_code == code, result.output
    assert said in result.output
    assert "it would take another expectation" in result.output
    assert ("FAIL (known)" in result.output) == (code == 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "give scenarios or --all"),
        (("run", NAME, "--all"), "give scenarios or --all"),
        (("run", "S99-nowhere"), "scenario list"),
        (("run", NAME, "--face", "smoke"), "no face 'smoke'"),
        (("run", "F14-other-module", "--face", "sim"), "none of these scenarios"),
        (("plot", "S99-nowhere", "-o", "x.html"), "scenario list"),
        (("plot", "nowhere.json", "-o", "x.html"), "No such file"),
    ],
)
def test_refusals_say_what_there_is(arguments, said):
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_the_list_shows_every_row_and_why_one_has_no_scenario():
    result = call("scenario", "list", "--rows")
    assert result.exit_code == 0
    for row in catalogue():
        assert row in result.output
    for row, reason in absent_rows().items():
        assert f"{row} " in result.output
        assert reason[:40] in result.output
