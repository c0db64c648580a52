"""Machine files: what is possible is read, what is not is refused with file, field, bound."""

import re
from importlib import resources

import pytest
from plant_bench import PRESS

from hil import MachineError, Plant, read_machine
from hil.machine import SIZE_MAX_BYTES, parse_machine, plant_fields, shipped_machines
from hil.plant import DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS

TEXT = (resources.files("hil") / "machines" / "press-500kN.toml").read_text("utf-8")


def _edited(pattern: str, replacement: str) -> str:
    text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


def test_every_shipped_machine_runs():
    assert "press-500kN" in shipped_machines()
    for name in shipped_machines():
        Plant.from_machine(name).step(1.0)


def test_a_path_is_as_good_as_a_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    assert read_machine(path) == read_machine("press-500kN") == read_machine(str(path))


@pytest.mark.parametrize(
    ("pattern", "replacement", "field", "bound"),
    [
        (r"^ram_mass_kg = .*", "ram_mass_kg = -250.0", "hydraulic.ram_mass_kg", ">= 1.0"),
        (r"^power_w = .*", "power_w = nan", "zone[0].power_w", ">= 0.0"),
        (r"^limiter_c = .*", "limiter_c = inf", "electrical.limiter_c", "<= 1000.0"),
        (r"^dump_orifice_mm = .*", "dump_orifice_mm = '1'", "hydraulic.dump_orifice_mm", "float"),
        (r"^contactor_s = .*", "contactor_ms = 30", "electrical", "contactor_ms"),
        (r"^leak_m3_per_s_pa = .*", "", "hydraulic", "leak_m3_per_s_pa"),
        (r'^platen = "top"', 'platen = "left"', "zone[0].platen", "left"),
        (r"^contact_weight_ratio = .*", "contact_weight_ratio = 0.5", "", "sum to 1"),
        (r"^limiter_zone_bottom = .*", "limiter_zone_bottom = 7", "limiter_zone_bottom", "<= 6"),
        (r"^limiter_reset_c = .*", "limiter_reset_c = 120.0", "", "limiter_reset_c"),
        (r"^friction_static_kn = .*", "friction_static_kn = 1.0", "", "friction_static_kn"),
        (r"^range_high_channel_unit = 250.0", "range_high_channel_unit = -1.0", "", "exceed"),
        (r"^density_ratio_max = .*", "density_ratio_max = 0.5", "stack", "density_ratio_initial"),
        (r"^unit_id = 2", "unit_id = 1", "", "device.unit_id: 1 appears twice"),
        (r'= "ai.rtd_2"', '= "ai.rtd_1"', "", "ai.rtd_1 appears twice"),
        (r'^points = \["stack_temperature_c"\]', 'points = ["oil_temperature_c"]', "", "twice"),
        (r"^mains_voltage_v_min = .*", "mains_voltage_v_min = 231.0", "", "mains_voltage_v_min"),
    ],
)
def test_an_impossible_machine_is_refused_by_name(pattern, replacement, field, bound):
    with pytest.raises(MachineError) as refused:
        parse_machine(_edited(pattern, replacement), "mine.toml")
    message = str(refused.value)
    assert message.startswith("mine.toml: ")
    assert field in message
    assert bound in message
    assert "\n" not in message


def test_a_sensor_of_an_unknown_point_is_refused():
    text = _edited(r'^points = \["stack_temperature_c"\]', 'points = ["stack_humidity"]')
    with pytest.raises(MachineError, match=r"sensor\.points.*stack_humidity"):
        Plant(parse_machine(text, "mine.toml"))


def test_text_that_is_not_toml_or_no_text_or_too_much(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(MachineError, match=r"broken\.toml: not TOML"):
        read_machine(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MachineError, match="UTF-8"):
        read_machine(broken)
    broken.write_bytes(b"#" * (SIZE_MAX_BYTES + 1))
    with pytest.raises(MachineError, match="larger than"):
        read_machine(broken)
    with pytest.raises(MachineError, match=r"one of: .*press-500kN"):
        read_machine(tmp_path / "absent.toml")
    with pytest.raises(MachineError):
        read_machine(tmp_path)


def test_workpiece_can_be_changed_within_its_bounds():
    assert PRESS.with_stack({"area_mm2": 1600.0}).stack.area_mm2 == 1600.0
    assert PRESS.stack.area_mm2 == 2500.0
    with pytest.raises(MachineError, match="area_mm2"):
        PRESS.with_stack({"area_mm2": -1.0})
    with pytest.raises(MachineError, match="colour"):
        PRESS.with_stack({"colour": 1.0})


def test_fields_fit_the_plant_in_its_own_order():
    fields = plant_fields(PRESS, READINGS)
    assert len(fields["sensor"]) == len(READINGS)
    assert fields["zone_count"] == 6
    assert [zone["platen"] for zone in fields["zone"]] == [0, 0, 0, 1, 1, 1]
    assert fields["electrical"]["limiter_zone"] == [1, 4]
    loops = [n for n, s in zip(READINGS, fields["sensor"], strict=True) if s["current_loop"]]
    assert loops == ["cylinder_a_pressure_bar", "cylinder_b_pressure_bar", "load_cell_force_kn"]


def test_every_point_of_the_shipped_press_is_wired_once():
    points = {*READINGS, *DIGITAL_INPUTS, *DIGITAL_OUTPUTS, "valve_open_fraction"}
    assert set(PRESS.wiring) == points
    devices = {device.name for device in PRESS.device}
    assert {terminal.partition(".")[0] for terminal in PRESS.wiring.values()} == devices
