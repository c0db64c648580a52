"""Machine files that cannot exist are refused with file, path and reason; one's own run."""

import re
from importlib import resources
from pathlib import Path

import pytest

from hil import MachineError, Plant, read_machine
from hil.devices.indicator_profile import indicator_kind
from hil.devices.profile import ProfileError, parse_profile, read_profile
from hil.devices.wires import WiringError
from hil.machine import parse_machine, shipped_machines

MACHINES = resources.files("hil") / "machines"
PROFILES = resources.files("controller") / "fieldbus" / "profiles"
LAB = (MACHINES / "lab-press.toml").read_text("utf-8")
VACUUM = (MACHINES / "vacuum-hot-press.toml").read_text("utf-8")
ANALOGUE_IN = (PROFILES / "analogue-in-24.toml").read_text("utf-8")
DIGITAL_IO = (PROFILES / "digital-io-16.toml").read_text("utf-8")


def _edited(text: str, pattern: str, replacement: str) -> str:
    edited, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1
    return edited


@pytest.mark.parametrize(
    ("pattern", "replacement", "path", "reason"),
    [
        (r"^ram_mass_kg = .*", "ram_mass_kg = -15.0", "hydraulic.ram_mass_kg", ">= 1.0"),
        (r"^areal_mass_g_per_cm2 = .*", "areal_mass_g_per_cm2 = -0.3", "stack.areal_mass", ">="),
        (r"^power_w = .*", "power_w = inf", "zone[0].power_w", "<="),
        (r"^lag_s = .*", "lag_s = nan", "sensor[0].lag_s", ">="),
        (r"^unit_id = 3", "unit_id = 2", "device.unit_id", "2 appears twice"),
        (r'^name = "dio"', 'name = "ao"', "device.name", "ao appears twice"),
        (r'^kind = "current_loop"', 'kind = "thermopile"', "sensor[", "thermopile"),
        (r'^points = \["load_cell', 'points = ["scale', "sensor.points", "scale_force_kn"),
        (r"^noise_channel_unit", "nois_channel_unit", "sensor[0]", "nois_channel_unit"),
        (r"^\[thermal\]", "[heat]", "", "heat"),
        (r'^kind = "press"', 'kind = "calender"', "kind", "press, wip"),
        (r'^kind = "press"', "kind = 3", "kind", "press, wip"),
        (r'"ai.rtd_2"', '"ai.rtd_99"', "wiring.zone_2_temperature_c", 'no terminal "rtd_99"'),
        (r'"dio.do_9"', '"dia.do_9"', "wiring.pump", '"dia"'),
        (r'^profile = "analogue-out-4"', 'profile = "no-such"', "device[1].profile", "no-such"),
        (r'^profile = "analogue-out-4"', 'profile = "../x"', "device[1].profile", "no profile"),
    ],
)  # fmt: skip
def test_the_refusal_says_file_path_and_reason(tmp_path, pattern, replacement, path, reason):
    file = tmp_path / "mine.toml"
    file.write_text(_edited(LAB, pattern, replacement))
    with pytest.raises(MachineError) as refused:
        Plant.from_machine(file)
    message = str(refused.value)
    assert message.startswith(f"{file}: ")
    assert path in message
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        (r"^volume_l = .*", "volume_l = 0.0", "chamber.volume_l"),
        (r"^purge_dew_point_c = .*", "purge_dew_point_c = -inf", "chamber.purge_dew_point_c"),
        (r"^moisture_g = .*", "moisture_g = 4.0", "moisture_g_saturated"),
        (r"^extract_l_per_min = .*", "extract_l_per_min = 1.0", "purge_l_per_min"),
        (r"^sulfide_g = .*", "sulphide_g = 1.0", "sulphide_g"),
    ],
)
def test_an_impossible_chamber_is_refused(pattern, replacement, reason):
    with pytest.raises(MachineError, match=rf"mine\.toml: chamber.*{reason}|{reason}"):
        parse_machine(_edited(VACUUM, pattern, replacement), "mine.toml")


OVERLAPS = [
    (ANALOGUE_IN, r"^offset = 16$", "offset = 15", r"sense.*loop.*register 15.*rtd"),
    (ANALOGUE_IN, r"^offset = 5$", "offset = 4", r"sense.*register 4.*"),
    (ANALOGUE_IN, r"^count = 33$", "count = 32", r"sense.*ct.*ends at register 33.*32"),
    (ANALOGUE_IN, r"^sample_count = 2 ", "sample_count = 1 ", r"sense.*register 1 is taken"),
    (DIGITAL_IO, r"^offset = 6$", "offset = 5", r"sense.*register 5 is taken"),
    (DIGITAL_IO, r"^tick_echo = 1 ", "tick_echo = 0 ", r"actuate.*register 0 is taken"),
]


@pytest.mark.parametrize(("text", "pattern", "replacement", "reason"), OVERLAPS)
def test_registers_that_overlap_are_refused(text, pattern, replacement, reason):
    with pytest.raises(ProfileError, match=rf"mine\.toml: {reason}"):
        parse_profile(_edited(text, pattern, replacement).encode(), "mine.toml")


def test_an_overlap_in_a_profile_of_ones_own_is_refused_with_the_machine_file(tmp_path):
    (tmp_path / "io.toml").write_text(_edited(ANALOGUE_IN, r"^offset = 16$", "offset = 15"))
    file = tmp_path / "mine.toml"
    file.write_text(_edited(LAB, r'^profile = "analogue-in-24"', 'profile = "io.toml"'))
    with pytest.raises(MachineError) as refused:
        read_machine(file)
    message = str(refused.value)
    assert message.startswith(f"{file}: device[0].profile: {tmp_path / 'io.toml'}: ")
    assert "register 15 is taken" in message


def test_a_profile_of_ones_own_lies_beside_the_machine_file(tmp_path):
    (tmp_path / "io.toml").write_text(ANALOGUE_IN)
    file = tmp_path / "mine.toml"
    file.write_text(_edited(LAB, r'^profile = "analogue-in-24"', 'profile = "io.toml"'))
    machine = read_machine(file)
    assert machine.device[0].profile == str(tmp_path / "io.toml")
    assert read_profile(machine.device[0].profile).sense.count == 33
    Plant.from_machine(file).step(0.1)


def test_a_profile_that_is_not_there_or_no_profile_or_too_large(tmp_path):
    with pytest.raises(ProfileError, match="No such file"):
        read_profile(str(tmp_path / "absent.toml"))
    broken = tmp_path / "broken.toml"
    for content in (b"\xff\xfe", b"name = 'x'", b"name = ", b"#" * 70_000):
        broken.write_bytes(content)
        with pytest.raises(ProfileError, match=r"broken\.toml"):
            read_profile(str(broken))


@pytest.mark.parametrize("name", shipped_machines())
def test_no_profile_of_a_shipped_machine_overlaps(name):
    modules = [d for d in read_machine(name).device if indicator_kind(d.profile) is None]
    assert modules
    assert all(read_profile(d.profile).sense.count > 0 for d in modules)


def test_ones_own_press_in_a_file(tmp_path):
    """Half the cylinder, twice the pressure: no program was changed."""
    file = tmp_path / "mine.toml"
    file.write_text(_edited(LAB, r"^cylinder_area_mm2 = .*", "cylinder_area_mm2 = 1413.7"))
    forces = []
    for machine in ("lab-press", file):
        press = Plant.from_machine(machine, noise=False)
        press.set(pump=1, load_holding_valve_open=1, approach_valve=1)
        press.step(8.0)
        press.set(approach_valve=0, valve_open_fraction=0.5)
        press.step(6.0)
        forces.append(press.truth()["force_kn"] + 0.8)  # less its return force
    assert forces[1] == pytest.approx(0.5 * forces[0], rel=0.05)


def test_unknown_kind_of_instrument_at_the_server(tmp_path):
    from hil.devices.machine_server import MachineServer

    text = LAB.replace('stack_temperature_c = "ai.rtd_9"', 'humidity = "ai.rtd_9"')
    with pytest.raises(WiringError, match="humidity"):
        MachineServer(parse_machine(text, "mine.toml"), lambda: 0.0)


def test_a_path_that_is_not_there():
    with pytest.raises(MachineError, match=f"one of: {', '.join(shipped_machines())}"):
        Plant.from_machine(Path("/nowhere/x.toml"))
