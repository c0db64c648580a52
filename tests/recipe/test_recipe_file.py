"""A recipe is data: the shipped one is sound, a broken one is refused with its path."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toml_mutants import edited, leaves, mutants, written
from toml_text import toml_text

from controller.config.names import resolve
from controller.config.problem import ConfigError
from controller.config.source import Source
from controller.config.toml_file import decode
from controller.recipe.model import Recipe, load_recipe
from controller.recipe.phases import labels
from controller.recipe.schema import as_text, schemas
from controller.recipe.wip_model import WipRecipe

RECIPE, SOURCE = load_recipe("sulfide-hot-press-100")
TABLES = tomllib.loads(SOURCE.text)
WIP_TABLES = tomllib.loads(load_recipe("wip-monocell-490")[1].text)
SCHEMA_FOLDER = resolve("recipe", "sulfide-hot-press-100").parents[1] / "schema"


def refuse(tables: dict[str, Any], type_: type = Recipe) -> dict[str, str]:
    text = toml_text(tables)
    with pytest.raises(ConfigError) as caught:
        decode(Source(Path("mutant.toml"), text, ""), type_)
    return {problem.path: problem.message for problem in caught.value.problems}


MUTANTS = {
    "press": (Recipe, mutants(TABLES)),
    "wip": (WipRecipe, mutants(WIP_TABLES)),
}


@pytest.mark.parametrize("unit", MUTANTS)
def test_every_mutant_is_refused_at_load_with_its_path(unit: str) -> None:
    type_, found = MUTANTS[unit]
    assert len(found) >= 200
    for what, where, tables in found:
        problems = refuse(tables, type_)
        assert where in problems, (what, problems)
        assert all(message.strip() for message in problems.values()), what


REQUIRED = [
    ("recipe", "version"), ("stack", "area_mm2"), ("limits", "pressure_mpa_max"),
    ("phase", 3, "rate_c_per_min"), ("phase", 5, "pressure_mpa"), ("phase", 0, "kind"),
]  # fmt: skip


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_key_is_named(path: tuple[Any, ...]) -> None:
    assert "missing" in refuse(edited(TABLES, path, ...))[written(path)]


def test_two_faults_in_two_phases_are_both_named() -> None:
    tables = edited(TABLES, ("phase", 3, "rate_c_per_min"), -5.0)
    tables["phase"][6]["hold_s"] = "long"
    tables["phase"][9]["kind"] = "unlod"
    found = refuse(tables)
    assert {"phase[3].rate_c_per_min", "phase[6].hold_s", "phase[9].kind"} == set(found)
    assert 'did you mean "unload"' in found["phase[9].kind"]


def outcome(text: str) -> Recipe | ConfigError:
    try:
        return decode(Source(Path("mutant.toml"), text, ""), Recipe)
    except ConfigError as error:
        return error


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=5), st.floats()),
)  # fmt: skip


@settings(max_examples=150)
@given(path=st.sampled_from(leaves(TABLES)), found=anything, cut=st.booleans())
def test_a_mutated_recipe_is_a_recipe_or_a_config_error(
    path: tuple[Any, ...], found: Any, cut: bool
) -> None:
    tables = edited(TABLES, path, ... if cut or found is None else found)
    found = outcome(toml_text(tables))
    assert isinstance(found, Recipe) or found.problems


@settings(max_examples=150)
@given(at=st.integers(0, len(SOURCE.text) - 1), put=st.text(max_size=3), cut=st.integers(0, 40))
def test_a_scratched_text_is_a_recipe_or_a_config_error(at: int, put: str, cut: int) -> None:
    text = SOURCE.text[:at] + put + SOURCE.text[at + cut :]
    found = outcome(text)
    assert isinstance(found, Recipe) or all(problem.message for problem in found.problems)


def test_phases_of_one_kind_get_names_of_their_own() -> None:
    phases = [RECIPE.phase[6], RECIPE.phase[6], msgspec.structs.replace(RECIPE.phase[6], name="x")]
    assert labels([*phases, phases[0]]) == ("hold", "hold-2", "x", "hold-3")


@pytest.mark.parametrize("kind", schemas())
def test_the_shipped_schema_is_the_generated_one(kind: str) -> None:
    shipped = (SCHEMA_FOLDER / f"{kind}.schema.json").read_text()
    assert shipped == as_text(schemas()[kind]), "regenerate the files from schemas()"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("recipe", "sulfide-hot-press-100"),
        ("material", "nmc811-argyrodite-cathode"),
        ("station", "demo-press"),
        ("recipe", "wip-bicell-490"),
        ("material", "sulfide-monocell"),
        ("station", "demo-wip"),
    ],
)
def test_an_editor_accepts_the_shipped_file_and_finds_its_schema(kind: str, name: str) -> None:
    path = resolve(kind, name)
    text = path.read_text()
    schema_path = path.parent / text.splitlines()[0].removeprefix("#:schema ")
    schema = json.loads(schema_path.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(tomllib.loads(text))
    broken = tomllib.loads(text)
    broken["surprise"] = 1
    assert not validator.is_valid(broken)
