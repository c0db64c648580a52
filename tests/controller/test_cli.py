"""Bad input: one clear message, exit code 2, nothing started, nothing lost."""

import json
import socket

import pytest
from typer.testing import CliRunner

from controller.__main__ import app

R1 = "sulfide-hot-press-100"


def refused(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    text = result.output
    assert result.exit_code == 2, text
    assert "Traceback" not in text
    return " ".join(text.split())


@pytest.fixture
def r1(tmp_path):
    """A copy of R1 to spoil: `r1(old, new)` writes it with one thing changed."""
    from importlib import resources

    text = resources.files("controller.recipes").joinpath(f"{R1}.toml").read_text()

    def spoil(old, new):
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new, 1))
        return str(path)

    return spoil


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("hold_s = 300.0", "hold_s = inf", ["mine.toml", "phase[6].hold_s"]),
        ("hold_s = 300.0", "hold_s = nan", ["mine.toml", "phase[6].hold_s"]),
        ("hold_s = 300.0", "hold_s = 300.0\nhurry = true", ["mine.toml", "hurry"]),
        ("hold_s = 300.0", 'hold_s = "long"', ["mine.toml", "phase[6].hold_s"]),
        ("pressure_mpa = 100.0", "pressure_mpa = 900.0", ["mine.toml", "phase[5].pressure_mpa"]),
        ("pressure_mpa = 100.0", "pressure_mpa = 250.0", ["mine.toml", "phase[5]", "reduce"]),
        ("[recipe]", "[recipe", ["mine.toml", "TOML"]),
        ('"nmc811-argyrodite-cathode"', '"nonesuch"', ["nonesuch", "nmc811"]),
    ],
)
def test_a_bad_recipe_is_refused_by_every_command_that_takes_one(r1, tmp_path, old, new, words):
    path = r1(old, new)
    for command in (["simulate", path, "--quiet"], ["recipe", "lint", path]):
        text = refused(*command)
        for word in words:
            assert word in text
    assert not (tmp_path / "records").exists()


def test_unknown_names_list_what_is_shipped():
    assert R1 in refused("simulate", "sulphide")
    assert "demo-press" in refused("simulate", R1, "--station", "nowhere")
    assert "press-500kN" in refused("simulate", R1, "--machine", "nowhere")


def test_missing_huge_and_foreign_files_are_named(tmp_path):
    assert "no such file" in refused("simulate", str(tmp_path / "absent.toml"))
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 10_000_000)
    assert "huge.toml" in refused("simulate", str(huge))
    assert "directory" in refused("simulate", f"{tmp_path}/")
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_bytes(b"not a record")
    assert "foreign.sqlite" in refused("record", "show", str(foreign))
    assert foreign.read_bytes() == b"not a record"


def test_an_existing_record_is_never_overwritten(tmp_path):
    kept = tmp_path / "kept.sqlite"
    kept.write_bytes(b"precious")
    assert "kept.sqlite" in refused("simulate", R1, "--quiet", "--record", str(kept))
    assert kept.read_bytes() == b"precious"


def test_a_station_that_is_not_there_is_refused_with_its_address(tmp_path):
    from importlib import resources

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = resources.files("controller.stations").joinpath("demo-press.toml").read_text()
    station = tmp_path / "station.toml"
    station.write_text(
        text.replace("port = 1502", f"port = {port}")
        .replace("[mqtt]\n", "[mqtt]\nenabled = false\n")
        .replace('directory = "records"', f'directory = "{tmp_path}/records"')
    )
    assert f"127.0.0.1:{port}" in refused("run", "--config", str(station), "--recipe", R1)
    assert not (tmp_path / "records").exists(), "a refused start left a record"


def test_shipped_recipes_lint_clean():
    result = CliRunner().invoke(app, ["recipe", "lint", R1])
    assert result.exit_code == 0
    assert "error" not in result.output


def test_schema_is_json_for_an_editor():
    result = CliRunner().invoke(app, ["recipe", "schema"])
    assert json.loads(result.output)["title"] == "hotpress recipe"


def test_a_command_without_a_broker_or_with_a_number_beyond_its_bound_is_not_asked(tmp_path):
    from importlib import resources

    with socket.socket() as unused:  # bound and not listening: nobody answers there
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        text = resources.files("controller.stations").joinpath("demo-press.toml").read_text()
        station = tmp_path / "station.toml"
        station.write_text(text.replace("port = 1883", f"port = {port}"))
        assert f"127.0.0.1:{port}" in refused("command", "hold", "--config", str(station))
    asked = ["command", "manual", "--config", str(station), "--duty-fraction", "1.5"]
    assert "$.manual.duty_fraction" in refused(*asked)
    assert "Invalid enum value" in refused("command", "explode", "--config", str(station))
