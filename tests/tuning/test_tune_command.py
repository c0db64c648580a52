"""`hotpress tune` on machines that nobody tuned: proposal, picture, apply, revert, refusals."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner
from unseen_machines import lab_recipe, lab_station, press_of_mass, shipped

from controller.__main__ import app


def tune(*arguments):
    return CliRunner().invoke(app, ["tune", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """The lab press, its proposal and its valve's curve."""
    folder = tmp_path_factory.mktemp("lab")
    station = lab_station(folder)
    said = tune(
        station,
        "--machine",
        "lab-press",
        "--recipe",
        lab_recipe(folder),
        "--valve",
        "--output",
        folder / "found",
    )
    assert said.exit_code == 0, said.output
    return station, folder / "found"


def test_the_lab_press_is_found(tuned):
    """Heat capacity and loss of its machine file: 1660 J/K, 1.3 W/K; valve 250 bar, 3 %."""
    _, found = tuned
    proposal = json.loads((found / "proposal.json").read_text())
    new = {(c["table"], c["index"], c["key"]): c["new"] for c in proposal["changes"]}
    for zone in (0, 1):
        assert new["zone", zone, "heat_capacity_j_per_k"] == pytest.approx(1660.0, rel=0.06)
        assert new["zone", zone, "loss_w_per_k"] == pytest.approx(1.3, rel=0.08)
    assert new["hydraulic", None, "valve_full_scale_bar"] == pytest.approx(250.0, rel=0.02)
    assert new["hydraulic", None, "valve_hysteresis_fraction"] == pytest.approx(0.03, abs=0.005)
    assert {"zone-1.csv", "zone-1.svg", "zone-2.svg", "valve.csv", "valve.svg"} <= {
        path.name for path in found.iterdir()
    }
    assert "<svg" in (found / "zone-1.svg").read_text()
    hottest_c = max(
        float(row.split(",")[2]) for row in (found / "zone-1.csv").read_text().splitlines()[1:]
    )
    assert hottest_c < 22.0 + 1.5 * proposal["limits"]["rise_k_max"]


def test_applied_and_reverted_with_one_command_each(tuned):
    station, found = tuned
    before = station.read_bytes()
    said = tune("apply", found / "proposal.json", station)
    assert said.exit_code == 0, said.output
    after = station.read_bytes()
    assert after != before
    assert re.findall(rb"#.*", after) == re.findall(rb"#.*", before)
    again = tune("apply", found / "proposal.json", station)
    assert again.exit_code == 2
    assert station.read_bytes() == after
    assert tune("revert", found / "proposal.json", station).exit_code == 0
    assert station.read_bytes() == before
    assert tune("show", found / "proposal.json").exit_code == 0


def test_a_proposal_is_not_overwritten(tuned):
    station, found = tuned
    said = tune(
        station,
        "--machine",
        "lab-press",
        "--recipe",
        station.parent / "lab-recipe.toml",
        "--output",
        found,
    )
    assert said.exit_code == 2


def test_one_zone_of_a_press_of_half_the_mass(tmp_path):
    machine = press_of_mass(tmp_path, 0.5)
    said = tune(
        "demo-press",
        "--machine",
        machine,
        "--zone",
        2,
        "--output",
        tmp_path / "found",
        "--rise-k",
        5,
    )
    assert said.exit_code == 0, said.output
    proposal = json.loads((tmp_path / "found" / "proposal.json").read_text())
    assert {change["index"] for change in proposal["changes"]} == {1}


def test_a_press_that_does_not_warm_is_refused(tmp_path):
    """Heaters that draw their current and heat nothing."""
    text = shipped("hil", "machines", "press-500kN")
    machine = tmp_path / "cold.toml"
    machine.write_text(re.sub(r"(?m)^(core_heat_capacity_j_per_k = ).*", r"\g<1>900000.0", text))
    said = tune("demo-press", "--machine", machine, "--output", tmp_path / "found")
    assert said.exit_code == 2
    assert "no answer" in said.output, said.output
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-station", "--machine", "press-500kN"),
        ("demo-press", "--machine", "no-such-machine"),
        ("demo-press", "--machine", "lab-press", "--zone", 7),
        ("apply", "nowhere.json", "nowhere.toml"),
    ],
)
def test_what_cannot_be_started_says_so(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tune(*arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []
