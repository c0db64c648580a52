"""A WIP's station fits its header, its profiles and itself; what loads, the kernel accepts."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toml_mutants import at, edited, leaves, written
from toml_text import toml_text
from wip_header import (
    MATERIAL,
    NAMES,
    RECIPE,
    STATION,
    WIP_SIGNALS,
    fields_of,
    refusal,
    wip_recipe,
    wip_station,
)

from controller.config.model import load_station, station_problems
from controller.config.names import resolve
from controller.config.problem import ConfigError
from controller.config.source import Source
from controller.config.toml_file import decode
from controller.config.wip_station import WipStation
from controller.fieldbus.profile import load_profile
from controller.kernel import ffi
from controller.recipe.model import load_recipe

FILE = resolve("station", "demo-wip")
TEXT = FILE.read_text()
TABLES = tomllib.loads(TEXT)
MACHINE = Path(__file__).parents[2] / "hil" / "machines" / "wip-500MPa.toml"
MANY_ALIKE = ("channel", "wiring", "device", "mqtt", "record", "link")
Leaf = tuple[Any, ...]


def own_numbers() -> list[Leaf]:
    """Every number of the sections that only a WIP has, and of one channel."""
    paths = [path for path in leaves(TABLES) if path[0] not in MANY_ALIKE]
    paths += [path for path in leaves(TABLES) if path[1] == "vessel_b_pressure_mpa"]
    return [path for path in paths if type(at(TABLES, path)) in (int, float)]


NUMBERS = own_numbers()
SECTIONS = {
    section: [path for path in NUMBERS if path[0] == section]
    for section in sorted({path[0] for path in NUMBERS})
}


def problems_of(tables: dict[str, Any], file: Path) -> dict[str, str]:
    file.write_text(toml_text(tables))
    with pytest.raises(ConfigError) as caught:
        load_station(str(file), NAMES)
    assert all(problem.file == str(file) for problem in caught.value.problems)
    return {problem.path: problem.message for problem in caught.value.problems}


def with_all(section: str, number_of: Callable[[Leaf], float]) -> dict[str, Any]:
    """Every number of a section changed at once."""
    tables = TABLES
    for path in SECTIONS[section]:
        tables = edited(tables, path, number_of(path))
    return tables


def bounds() -> dict[Leaf, tuple[float, float]]:
    """What the refusal of a number far too large says is allowed."""
    found: dict[Leaf, tuple[float, float]] = {}
    for section, paths in SECTIONS.items():
        text = toml_text(with_all(section, lambda path: 1e12))
        with pytest.raises(ConfigError) as caught:
            decode(Source(Path("edited.toml"), text, ""), WipStation)
        said = {problem.path: problem.message for problem in caught.value.problems}
        for path in paths:
            low, high = re.findall(r"from (\S+) to ([^\s(;]+)", said[written(path)])[0]
            found[path] = float(low), float(high)
    return found


BOUNDS = bounds()


def accepted(tables: dict[str, Any]) -> bool:
    """Whether an edited station loads; one that does must be good enough for the kernel."""
    try:
        station = msgspec.convert(tables, WipStation)
    except msgspec.ValidationError:
        return False
    if list(station_problems(station, WIP_SIGNALS)):
        return False
    assert refusal(fields_of(station)) == ""
    return True


def names_in(ctype: Any) -> Any:
    """Field names of a C struct, nested; an array of structs by its first."""
    if ctype.kind == "array" and ctype.item.kind == "struct":
        return [names_in(ctype.item)] * ctype.length
    if ctype.kind != "struct":
        return None
    return {name: names_in(info.type) for name, info in ctype.fields}


def shape(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: shape(inner) for name, inner in found.items()}
    if isinstance(found, list) and isinstance(found[0], dict):
        return [shape(inner) for inner in found]
    return None


def test_fields_are_exactly_the_headers() -> None:
    assert shape(fields_of()) == names_in(ffi.typeof("wip_config_t"))


@pytest.mark.parametrize("name", ["wip-monocell-490", "wip-bicell-490"])
def test_the_kernel_takes_the_shipped_station_with_each_recipe(name: str) -> None:
    assert refusal(fields_of(STATION, wip_recipe(name))) == ""


def test_there_are_numbers_enough() -> None:
    assert len(NUMBERS) >= 130


def below(path: Leaf) -> float:
    low, _ = BOUNDS[path]
    return low - 1e-9 - 1e-9 * abs(low)


def beyond(path: Leaf) -> float:
    _, high = BOUNDS[path]
    return high + 1e-9 + 1e-9 * abs(high)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_number_out_of_bounds_is_refused_with_file_path_and_bound(
    tmp_path: Path, section: str
) -> None:
    file = tmp_path / "station.toml"
    too_low = problems_of(with_all(section, below), file)
    too_high = problems_of(with_all(section, beyond), file)
    none = problems_of(with_all(section, lambda path: math.nan), file)
    for path in SECTIONS[section]:
        low, high = BOUNDS[path]
        assert f"{low:g}" in _plain(too_low[written(path)])
        assert f"{high:g}" in _plain(too_high[written(path)])
        assert "no machine can follow" in none[written(path)] or "whole" in none[written(path)]


def _plain(message: str) -> str:
    """Every number of a message as `g` writes it."""
    return re.sub(r"-?\d[\d.e+-]*", lambda number: f"{float(number[0].rstrip('.')):g}", message)


def test_at_its_bounds_a_number_is_refused_here_or_accepted_by_the_kernel_too() -> None:
    taken = [
        accepted(edited(TABLES, path, type(at(TABLES, path))(edge)))
        for path in NUMBERS
        for edge in BOUNDS[path]
    ]
    assert sum(taken) >= len(NUMBERS)


@settings(max_examples=100, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(NUMBERS), st.floats(0.0, 1.0)), max_size=4))
def test_what_loads_the_kernel_accepts(changes: list[tuple[Leaf, float]]) -> None:
    tables = TABLES
    for path, share in changes:
        low, high = BOUNDS[path]
        number = low + share * (high - low)
        tables = edited(tables, path, type(at(TABLES, path))(number))
    accepted(tables)


ASKEW = [
    (("limit", "temperature_c_trip"), 94.0, "limit.temperature_c_max", "temperature_c_trip (94.0)"),
    (("limit", "jacket_temperature_c_max"), 101.0, "limit.jacket_temperature_c_max", "(100.0)"),
    (("limit", "release_slow_mpa_per_s_max"), 11.0, "limit.release_slow_mpa_per_s_max", "(10.0)"),
    (("limit", "leak_window_s"), 41.0, "limit.leak_window_s", "leak_test_s (40.0)"),
    (("limit", "h2s_trip_ppm"), 4.0, "limit.h2s_alarm_ppm", "h2s_trip_ppm (4.0)"),
    (("advice", "leak_mpa_per_min"), 1.9, "advice.leak_mpa_per_min", "leak_mpa_per_min_max (1.8)"),
    (("vessel", "node_pressure_mpa", 2), 100.5, "vessel.node_pressure_mpa[2]", "nodes ascend"),
    (("vessel", "node_temperature_c"), [20.0, 40.0], "vessel.node_temperature_c", "2 entries"),
    (("vessel", "heating_k_per_mpa", 3), [0.05], "vessel.heating_k_per_mpa[3]", "1 entries"),
    (("channel", "vessel_a_pressure_mpa", "range_high"), 0.0,
     "channel.vessel_a_pressure_mpa.range_high", "above range_low"),
    (("station", "unit"), "wop", "station.unit", 'one of "wip"'),
    (("wiring", "lid_locked_b"), "dio.di_14", "wiring.lid_locked_b", "lid_locked_a"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "found", "where", "words"), ASKEW)
def test_numbers_that_do_not_fit_one_another_are_named(
    tmp_path: Path, path: Leaf, found: Any, where: str, words: str
) -> None:
    assert words in problems_of(edited(TABLES, path, found), tmp_path / "s.toml")[where]


def test_a_channel_the_kernel_needs_may_not_be_left_out(tmp_path: Path) -> None:
    for name in TABLES["channel"]:
        channels = {key: row for key, row in TABLES["channel"].items() if key != name}
        wiring = {key: point for key, point in TABLES["wiring"].items() if key != name}
        tables = TABLES | {"channel": channels, "wiring": wiring}
        if not accepted(tables):
            assert "is missing" in problems_of(tables, tmp_path / "s.toml")[f"channel.{name}"]
            config = fields_of(
                msgspec.structs.replace(
                    STATION, channel=msgspec.convert(tables, WipStation).channel
                )
            )
            assert refusal(config).startswith("channel.fitted")


def test_the_tightest_of_recipe_material_and_machine_goes_to_the_kernel() -> None:
    def limit(recipe_mpa: float, machine_mpa: float, recipe_c: float, machine_c: float) -> Any:
        replace = msgspec.structs.replace
        own = replace(STATION.limit, pressure_mpa_max=machine_mpa, temperature_c_max=machine_c)
        asked = replace(RECIPE.limits, pressure_mpa_max=recipe_mpa, temperature_c_max=recipe_c)
        found = fields_of(replace(STATION, limit=own), replace(RECIPE, limits=asked))["limit"]
        return found["pressure_mpa_max"], found["temperature_c_max"]

    material = MATERIAL.limits
    assert limit(505.0, 520.0, 92.0, 94.0) == (505.0, 92.0)
    assert limit(505.0, 400.0, 92.0, 91.0) == (400.0, 91.0)
    assert limit(690.0, 690.0, 140.0, 140.0) == (
        material.pressure_mpa_max.bound,
        material.temperature_c_max.bound,
    )


def test_a_material_slows_the_release_of_any_machine() -> None:
    def released(**changes: float) -> tuple[float, float, float]:
        own = msgspec.structs.replace(STATION.limit, **changes)
        found = fields_of(msgspec.structs.replace(STATION, limit=own))["limit"]
        return (
            found["release_mpa_per_s_max"],
            found["release_slow_mpa_per_s_max"],
            found["release_slow_mpa"],
        )

    bounds = MATERIAL.limits
    own = (
        bounds.release_mpa_per_s_max.bound,
        bounds.release_mpa_per_s_max_slow.bound,
        bounds.release_slow_below_mpa,
    )
    assert released(release_mpa_per_s_max=90.0, release_slow_mpa_per_s_max=80.0) == own
    assert released(release_slow_mpa=0.0) == own
    slower = released(
        release_mpa_per_s_max=0.4, release_slow_mpa_per_s_max=0.3, release_slow_mpa=60.0
    )
    assert slower == (0.4, 0.3, 60.0)


def test_wires_end_at_points_of_their_profiles_and_are_those_of_the_machine() -> None:
    profiles = {device.name: load_profile(device.profile) for device in STATION.device}
    for signal, address in STATION.wiring.items():
        device, point = address.split(".")
        sensed = signal in (*WIP_SIGNALS.channels, *WIP_SIGNALS.digital_inputs)
        points = profiles[device].sensed if sensed else profiles[device].outputs
        assert point in points, f"{signal} = {address}"
    assert STATION.wiring == tomllib.loads(MACHINE.read_text())["wiring"]


def test_the_unit_chooses_the_type_and_only_welcome_units_are_read(tmp_path: Path) -> None:
    every = NAMES | {"press": WIP_SIGNALS}
    assert isinstance(wip_station(), WipStation)
    with pytest.raises(ConfigError, match=r'station\.unit: is "wip", must be one of "press"'):
        load_station("demo-wip", {"press": WIP_SIGNALS})
    with pytest.raises(ConfigError, match=r'station\.unit: is "press", must be one of "wip"'):
        load_station("demo-press", NAMES)
    with pytest.raises(ConfigError, match=r'is "wop", must be one of "press", "wip"; did you mean'):
        load_station(_file(tmp_path, TEXT.replace('unit = "wip"', 'unit = "wop"')), every)
    recipe = resolve("recipe", "wip-monocell-490").read_text()
    with pytest.raises(ConfigError, match=r"recipe\.unit: is 7"):
        load_recipe(_file(tmp_path, recipe.replace('unit = "wip"', "unit = 7")))


def _file(folder: Path, text: str) -> str:
    path = folder / "file.toml"
    path.write_text(text)
    return str(path)
