"""The shipped scenarios cover the catalogue, and none is kinder than it."""

import tomllib
from importlib import resources

import pytest

from hil.faults.catalogue import catalogue
from hil.scenarios.absent import absent_rows
from hil.scenarios.controllers import open_controller
from hil.scenarios.model import read_scenario, recipe_path, shipped_scenarios

SHIPPED = {name: read_scenario(name) for name in shipped_scenarios()}
# The row's second counts from the passing of a level, not from the fault: bounded by the truth.
FROM_THE_LIMIT = "P05"


def test_every_row_has_a_scenario_or_a_reason_and_not_both():
    covered = {scenario.scenario.row for scenario in SHIPPED.values()}
    absent = set(absent_rows())
    assert covered | absent == set(catalogue())
    assert not covered & absent


def test_files_are_named_by_their_id_which_begins_with_the_row():
    for name, scenario in SHIPPED.items():
        assert scenario.id == name
        assert name.startswith(f"{scenario.scenario.row}-")


@pytest.mark.parametrize("name", SHIPPED)
def test_no_limit_is_wider_than_the_catalogues(name):
    scenario = SHIPPED[name]
    row, expect = catalogue()[scenario.scenario.row], scenario.expect
    if row.within_s is None or expect.reaction in ("ignore", "refuse", "inhibit"):
        return
    if row.id == FROM_THE_LIMIT:
        assert expect.truth_max
        return
    assert expect.within_s is not None
    assert expect.within_s <= row.within_s


@pytest.mark.parametrize("name", SHIPPED)
def test_the_repair_comes_after_the_limit(name):
    scenario = SHIPPED[name]
    within_s = scenario.expect.within_s or 0.0
    assert scenario.scenario.repair_s > within_s
    assert scenario.scenario.time_s_max > scenario.scenario.repair_s


def test_the_benchs_recipes_pass_the_lint():
    folder = resources.files("hil.scenarios") / "recipes"
    for file in folder.iterdir():
        unit = tomllib.loads(file.read_text("utf-8"))["recipe"]["unit"]
        open_controller(recipe_path(file.name.removesuffix(".toml")), f"demo-{unit}")
