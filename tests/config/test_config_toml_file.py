"""A file is refused whole, once, with everything that is wrong with it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct
from toml_text import toml_text

from controller.config.problem import ConfigError
from controller.config.source import LINE_MAX_CHARACTERS, read_source
from controller.config.toml_file import PROBLEM_COUNT_MAX, read_toml

Ratio = Annotated[float, Meta(ge=0.0, le=1.0, description="0 to 1")]


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    ratio: Ratio
    mode: Literal["fast", "slow"] = "slow"


class Outer(Struct, frozen=True, forbid_unknown_fields=True):
    inner: Inner
    count: Annotated[int, Meta(ge=1, le=9)]
    items: Annotated[list[Inner], Meta(max_length=200)] = []
    by_name: dict[str, Inner] = {}
    enabled: bool = True


def problems(path: Path, text: str) -> dict[str, str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_toml(path, Outer)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_every_problem_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path / "bad.toml",
        """
        enabled = 1
        cuont = 3
        items = [{ratio = 0.5}, {ratio = 1.5, mode = "fats"}, {}]
        [inner]
        ratio = inf
        [by_name.a]
        ratio = "half"
        """,
    )
    assert set(found) == {
        "enabled", "cuont", "count", "items[1].ratio", "items[1].mode", "items[2].ratio",
        "inner.ratio", "by_name.a.ratio",
    }  # fmt: skip
    assert 'did you mean "count"' in found["cuont"]
    assert "above the greatest allowed 1.0; lower it" in found["items[1].ratio"]
    assert 'did you mean "fast"' in found["items[1].mode"]
    assert "missing" in found["count"]
    assert "no machine can follow" in found["inner.ratio"]
    assert "must be true or false" in found["enabled"]


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "+nan", "1e400", "-0.0001", "1.0001"])
def test_no_number_outside_its_bounds_passes(tmp_path: Path, number: str) -> None:
    found = problems(tmp_path / "n.toml", f"count = 1\n[inner]\nratio = {number}\n")
    assert set(found) == {"inner.ratio"}
    assert "0.0 to 1.0" in found["inner.ratio"]


@pytest.mark.parametrize("number", ["0", "10", "1.5", "true", '"1"', "9" * 400, "1" * 4000])
def test_no_whole_number_outside_its_bounds_passes(tmp_path: Path, number: str) -> None:
    text = f"count = {number}\n[inner]\nratio = 0.5\n"
    path = tmp_path / "n.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_toml(path, Outer)
    assert len(caught.value.problems) == 1


def test_bounds_themselves_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "ok.toml"
    path.write_text('count = 9\n[inner]\nratio = 1\nmode = "fast"\n')
    assert read_toml(path, Outer) == Outer(inner=Inner(1.0, "fast"), count=9)


def test_problems_are_bounded(tmp_path: Path) -> None:
    rows = ", ".join("{ratio = 2.0}" for _ in range(150))
    path = tmp_path / "many.toml"
    path.write_text("count = 1\nitems = [\n" + rows.replace(", ", ",\n") + "]\n[inner]\nratio=0\n")
    with pytest.raises(ConfigError) as caught:
        read_toml(path, Outer)
    assert len(caught.value.problems) == PROBLEM_COUNT_MAX


def unreadable(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"{kind}.toml"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "not-utf8":
            path.write_bytes(b"count = 1 # \xff\n")
        case "10-mb":
            path.write_bytes(b"# " + b"x\n# " * 3_500_000)
        case "long-line":
            path.write_text("a." * LINE_MAX_CHARACTERS + "a = 1\n")
        case "deep":
            path.write_text("a = " + "[\n" * 50_000 + "]\n" * 50_000)
        case "not-toml":
            path.write_text("count = = 1\n")
        case "twice":
            path.write_text("count = 1\ncount = 2\n")
        case "date":
            path.write_text("count = 2026-13-45\n")
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "no such file"),
        ("directory", "is a directory"),
        ("pipe", "not a regular file"),
        ("not-utf8", "not UTF-8"),
        ("10-mb", "larger than"),
        ("long-line", "line 1"),
        ("deep", "nested too deeply"),
        ("not-toml", "line 1"),
        ("twice", "line 2"),
        ("date", "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_message(
    tmp_path: Path, kind: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_toml(unreadable(tmp_path, kind), Outer)
    (problem,) = caught.value.problems
    assert words in problem.message
    assert problem.path == ""
    assert len(str(problem)) < 600


def test_a_name_with_nul_is_a_problem_and_not_a_crash() -> None:
    with pytest.raises(ConfigError):
        read_source(Path("a\0b.toml"))


def test_the_hash_is_of_the_bytes_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"count = 1\r\n")
    source = read_source(path)
    path.write_bytes(b"count = 2\r\n")
    assert source.sha256 == hashlib.sha256(b"count = 1\r\n").hexdigest()
    assert source.text == "count = 1\r\n"


toml_values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text("abcü ", max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ratio", "mode", "count", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def outcome(path: Path) -> Outer | ConfigError:
    try:
        return read_toml(path, Outer)
    except ConfigError as error:
        return error


@given(
    tables=st.dictionaries(
        st.sampled_from(["inner", "count", "items", "by_name", "enabled", "other"]),
        toml_values,
        max_size=5,
    )
)
def test_anything_is_either_decoded_or_refused_with_paths(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(toml_text(tables))
    found = outcome(path)
    if isinstance(found, ConfigError):
        assert all(problem.path and problem.message for problem in found.problems)
    else:
        assert 0.0 <= found.inner.ratio <= 1.0
        assert 1 <= found.count <= 9
