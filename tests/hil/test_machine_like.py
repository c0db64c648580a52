"""A machine file that says only what is different from another."""

from importlib import resources

import pytest

from hil import MachineError, Plant, read_machine
from hil.machine import parse_machine

LAB = read_machine("lab-press")
INDICATOR = (resources.files("hil") / "machines" / "lab-press-indicator.toml").read_text("utf-8")


def like(text, base="lab-press"):
    return parse_machine(f'like = "{base}"\n{text}', "mine")


def test_what_is_not_said_is_as_it_was():
    mine = like('name = "mine"\n[hydraulic]\ndaylight_mm = 12.0')
    assert (mine.name, mine.hydraulic.daylight_mm) == ("mine", 12.0)
    assert mine.hydraulic.cylinder_area_mm2 == LAB.hydraulic.cylinder_area_mm2
    assert (mine.zone, mine.device, mine.sensor) == (LAB.zone, LAB.device, LAB.sensor)


def test_a_device_of_a_known_name_takes_its_place_and_another_is_one_more():
    mine = like('[[device]]\nname = "ao"\nprofile = "analogue-out-4"\nunit_id = 9')
    assert {device.name: device.unit_id for device in mine.device} == {"ai": 1, "dio": 3, "ao": 9}


def test_an_instrument_takes_its_points_along():
    mine = like(
        '[[sensor]]\npoints = ["zone_1_temperature_c"]\nrange_low_channel_unit = 0.0\n'
        "range_high_channel_unit = 250.0\ncounts_per_unit = 10.0\n"
    )
    of = {point: sensor for sensor in mine.sensor for point in sensor.points}
    assert of["zone_1_temperature_c"].range_high_channel_unit == 250.0
    assert of["zone_2_temperature_c"].range_high_channel_unit == 320.0
    assert len(of) == sum(len(sensor.points) for sensor in LAB.sensor)


def test_zones_are_all_or_none():
    with pytest.raises(MachineError, match="mine: zone"):
        like('[[zone]]\nplaten = "top"\npower_w = 400.0')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("like = 3", "mine: like: must be the name"),
        ('like = "no-such-press"', "no-such-press"),
        ('like = "lab-press-indicator"', "is itself like 'lab-press'"),
        ('like = "lab-press"\nhydraulic = 3', "mine: hydraulic"),
        ('like = "lab-press"\n[hydraulics]\na = 1', "hydraulics"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, why):
    with pytest.raises(MachineError, match=why):
        parse_machine(text, "mine")


def test_the_other_file_may_lie_beside(tmp_path):
    (tmp_path / "base.toml").write_text('like = "lab-press"\n')
    file = tmp_path / "mine.toml"
    file.write_text('like = "base.toml"\n')
    with pytest.raises(MachineError, match="is itself like"):
        read_machine(file)
    file.write_text('like = "lab-press"\nambient_temperature_c = 15.0\n')
    assert Plant.from_machine(file).truth()["zone_1_temperature_c"] == 15.0


def test_the_press_with_an_indicator_is_the_lab_press_with_an_indicator():
    mine = read_machine("lab-press-indicator")
    assert mine.wiring == {**LAB.wiring, "load_cell_force_kn": "scale.indication_1"}
    assert mine.hydraulic == LAB.hydraulic
    assert [device.name for device in mine.device] == ["ai", "ao", "dio", "scale"]


def test_an_indicator_has_one_terminal():
    with pytest.raises(MachineError, match='load-indicator-ascii has no terminal "ai_2"'):
        parse_machine(INDICATOR.replace("scale.indication_1", "scale.ai_2"), "mine")
