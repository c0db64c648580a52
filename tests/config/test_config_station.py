"""The shipped station fits the header, its profiles and itself; a broken one says where."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from press_header import SIGNALS, fields

from controller.composition import load_plan
from controller.config.kernel_fields import kernel_fields
from controller.config.model import load_material, load_station
from controller.config.names import resolve, shipped
from controller.config.problem import ConfigError
from controller.config.stack import Batch
from controller.fieldbus.profile import load_profile
from controller.recipe.model import load_recipe
from hil import read_machine

STATION, STATION_SOURCE = load_station("demo-press", {"press": SIGNALS})
RECIPE, _ = load_recipe("sulfide-hot-press-100")
MATERIAL, _ = load_material(RECIPE.recipe.material)


def test_kernel_fields_are_exactly_the_headers() -> None:
    found = kernel_fields(STATION, MATERIAL, RECIPE, Batch(id="b-1"), SIGNALS)
    assert set(found) == fields("press_config_t")
    for part in ("stack", "hydraulic", "limit"):
        assert set(found[part]) == fields(f"press_{part}_config_t")
    for part, count in (("channel", 24), ("zone", 6)):
        assert len(found[part]) == count
        for row in found[part]:
            assert set(row) == fields(f"press_{part}_config_t")


def test_a_channel_without_a_section_is_sent_as_not_fitted() -> None:
    fitted = {name: row for name, row in STATION.channel.items() if name != "oil_temperature_c"}
    station = msgspec.structs.replace(STATION, channel=fitted)
    found = kernel_fields(station, MATERIAL, RECIPE, Batch(id="b-1"), SIGNALS)
    oil = SIGNALS.channels.index("oil_temperature_c")
    assert [row["fitted"] for row in found["channel"]] == [int(i != oil) for i in range(24)]
    assert found["channel"][oil]["required"] == 0


def test_the_tighter_of_recipe_and_material_goes_to_the_kernel() -> None:
    limit = kernel_fields(STATION, MATERIAL, RECIPE, Batch(id="b-1"), SIGNALS)["limit"]
    assert limit["temperature_c_max"] == 112.0  # recipe 112, material 160
    assert limit["stack_pressure_mpa_max"] == 110.0  # recipe 110, material 132
    assert limit["cold_stack_pressure_mpa_max"] == 20.0


def test_a_batchs_own_measurement_goes_before_the_recipes() -> None:
    batch = Batch(id="b-1", area_mm2=1600.0, areal_mass_g_per_cm2=0.0)
    stack = kernel_fields(STATION, MATERIAL, RECIPE, batch, SIGNALS)["stack"]
    assert (stack["area_mm2"], stack["areal_mass_g_per_cm2"]) == (1600.0, 0.0)


def test_every_wire_of_the_shipped_station_ends_at_a_point_of_its_profile() -> None:
    profiles = {device.name: load_profile(device.profile) for device in STATION.device}
    for signal, address in STATION.wiring.items():
        device, point = address.split(".")
        sensed = signal in (*SIGNALS.channels, *SIGNALS.digital_inputs)
        points = profiles[device].sensed if sensed else profiles[device].outputs
        assert point in points, f"{signal} = {address}"


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('"ai.rtd_2"', '"ai.rtd_1"', "wiring.zone_2_temperature_c", "already the point of zone_1"),
        ('"ai.rtd_2"', '"aj.rtd_2"', "wiring.zone_2_temperature_c", "there are ai, ao, dio"),
        ("guard_a_closed =", "guard_c_closed =", "wiring.guard_c_closed", "did you mean"),
        ("guard_a_closed =", "guard_c_closed =", "wiring.guard_a_closed", "is missing"),
        ("[channel.oil_t", "[channel.oyl_t", "channel.oyl_temperature_c", "did you mean"),
        ("[channel.zone_3_t", "[channel.zona_3_t", "channel.zone_3_temperature_c", "is missing"),
        ("window_ticks = 200", "window_ticks = 201", "last_gate.window_ticks", "multiple"),
        ('name = "ao"', 'name = "ai"', "device[1].name", "there twice"),
        ("range_high = 500.0", "range_high = 0.0", "channel.load_cell_force_kn.range_high", "abov"),
        ("tick_s = 0.010", "tick_s = 0.0", "station.tick_s", "below the least allowed"),
        ("unit_id = 2", "unit_id = 248", "device[1].unit_id", "1 to 247"),
        ("port = 1883", "port = 0", "mqtt.port", "1 to 65535"),
        ('directory = "records"', "directory = 1", "record.directory", "text in quotes"),
        ('client_id = "hotpress-press-1"', 'username = "x y"', "mqtt.username", "must be"),
        ('client_id = "hotpress-press-1"', 'password_file = "p"', "mqtt", "without username"),
        ("kp_per_c = 0.17", "kp_per_c = inf", "zone[0].kp_per_c", "no machine can follow"),
        ("[ramp]", "[ramps]", "ramp", "is missing"),
    ],
)
def test_a_broken_station_says_where(
    tmp_path: Path, old: str, new: str, path: str, words: str
) -> None:
    assert old in STATION_SOURCE.text
    file = tmp_path / "station.toml"
    file.write_text(STATION_SOURCE.text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_station(str(file), {"press": SIGNALS})
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert words in found[path], found


def test_a_name_is_found_and_an_unknown_one_answers_with_the_shipped_ones() -> None:
    recipes = shipped("recipe")
    assert {"cathode-densify-100", "sulfide-hot-press-100", "tooling-zero"} <= set(recipes)
    assert resolve("station", "demo-press").is_file()
    with pytest.raises(ConfigError) as caught:
        resolve("recipe", "sulfide-hotpress-100")
    assert 'did you mean "sulfide-hot-press-100"' in str(caught.value)
    assert f"Shipped: {', '.join(recipes)}" in str(caught.value)


def test_a_material_may_lie_beside_its_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        resolve("material", "nmc811-argyrodite-cathode").read_text()
    )
    assert load_material("mine", beside=tmp_path)[1].path == tmp_path / "mine.toml"
    assert load_material("./mine.toml", beside=tmp_path)[0].name == "nmc811-argyrodite-cathode"


LAB, LAB_SOURCE = load_station("lab-press", {"press": SIGNALS})


def test_a_smaller_press_wires_what_it_has() -> None:
    lacks = LAB.not_fitted(SIGNALS)
    assert len(LAB.zone) == 2
    assert {"heater_3_ssr", "zone_3_temperature_c", "lvdt_2_position_mm"} <= lacks
    assert not lacks & set(LAB.wiring)
    everything = {
        *SIGNALS.channels, *SIGNALS.digital_inputs, *SIGNALS.digital_outputs,
        *SIGNALS.analogue_outputs,
    }  # fmt: skip
    assert set(LAB.wiring) == everything - lacks


def test_its_kernel_has_two_zones_and_takes_the_numbers() -> None:
    recipe, _ = load_recipe("cathode-pellet-120")
    found = kernel_fields(LAB, MATERIAL, recipe, Batch(id="b-1"), SIGNALS)
    assert (found["zone_count"], len(found["zone"])) == (2, 2)
    assert {zone["platen"] for zone in found["zone"]} == {0, 1}
    load_plan("cathode-pellet-120", "lab-press").kernel(Batch(id="b-1"))


def test_a_relay_without_a_zone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    wire = 'heater_2_ssr = "dio.do_2"\n'
    file.write_text(LAB_SOURCE.text.replace(wire, f'{wire}heater_3_ssr = "dio.do_3"\n', 1))
    with pytest.raises(ConfigError) as caught:
        load_station(str(file), {"press": SIGNALS})
    (problem,) = caught.value.problems
    assert problem.path == "wiring.heater_3_ssr"
    assert "no such part" in problem.message


@pytest.mark.parametrize("name", ["demo-press", "lab-press"])
def test_a_shipped_station_says_what_its_machine_is(name: str) -> None:
    """Numbers that stand in both files, and are of the iron, are the same in both."""
    station, _ = load_station(name, {"press": SIGNALS})
    machine = read_machine({"demo-press": "press-500kN"}.get(name, name))
    assert dict(station.wiring) == dict(machine.wiring)
    assert [zone.platen for zone in station.zone] == [zone.platen for zone in machine.zone]
    assert [zone.power_w for zone in station.zone] == [zone.power_w for zone in machine.zone]
    electrical, limit = machine.electrical, station.limit
    assert station.machine.limiter_temperature_c == electrical.limiter_c
    assert station.advice.limiter_zone_top == electrical.limiter_zone_top
    assert station.advice.limiter_zone_bottom == electrical.limiter_zone_bottom
    hydraulic = machine.hydraulic
    assert station.hydraulic.cylinder_area_mm2 == pytest.approx(hydraulic.cylinder_area_mm2, 1e-3)
    assert station.hydraulic.ram_weight_kn == hydraulic.return_force_kn
    assert limit.cylinder_bar_trip < hydraulic.relief_crack_bar
    ranges = {point: sensor for sensor in machine.sensor for point in sensor.points}
    for signal, channel in station.channel.items():
        if channel.kind == "current_loop_4_20_ma":
            of_wire = ranges[signal]
            assert channel.range_low == of_wire.range_low_channel_unit
            assert channel.range_high == of_wire.range_high_channel_unit


def test_the_station_with_an_indicator_is_the_lab_press_with_an_indicator() -> None:
    mine, _ = load_station("lab-press-indicator", {"press": SIGNALS})
    cell = "load_cell_force_kn"
    assert {s: a for s, a in mine.wiring.items() if LAB.wiring.get(s) != a} == {
        cell: "scale.indication_1"
    }
    *modules, scale = mine.device
    assert modules == LAB.device
    assert (scale.profile, scale.serial is not None) == ("load-indicator-ascii", True)
    channel = {**mine.channel, cell: LAB.channel[cell]}
    assert (
        msgspec.structs.replace(mine, wiring=LAB.wiring, device=LAB.device, channel=channel) == LAB
    )
    assert dict(read_machine("lab-press-indicator").wiring) == dict(mine.wiring)
