"""Every signal of both public headers ends in a unit that people can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import controller
from controller.units import unit_of

KERNEL = Path(controller.__file__).parents[1] / "native/kernel"
HEADERS = {"press": KERNEL / "press.h", "wip": KERNEL / "isostatic.h"}
UNITLESS = re.compile(r"_(fraction|ratio|channel_unit)(_estimate|_sigma)?$")


def signals_of(unit: str) -> list[str]:
    """Channels, and the plain doubles of observation and output, as the header writes them."""
    text = HEADERS[unit].read_text()
    channels = re.findall(rf"^\s*{unit.upper()}_CHANNEL_(\w+)(?: = 0)?,?", text, re.MULTILINE)
    names = [name.lower() for name in channels if name != "COUNT"]
    for struct in re.findall(
        rf"typedef struct {{([^}}]*)}} {unit}_(?:observation|output)_t;", text
    ):
        names += re.findall(r"^\s*double (\w+);", struct, re.MULTILINE)
    return names


@pytest.mark.parametrize("unit", HEADERS)
def test_every_signal_of_the_header_ends_in_a_unit(unit: str) -> None:
    names = signals_of(unit)
    assert len(names) > 20
    for name in names:
        assert unit_of(name) or UNITLESS.search(name)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("vessel_pressure_mpa", "MPa"),
        ("vessel_pressure_rate_mpa_per_s", "MPa/s"),
        ("leak_mpa_per_min", "MPa/min"),
        ("fluid_temperature_c_predicted", "°C"),
        ("fluid_temperature_c_wanted", "°C"),
        ("density_g_per_cm3_sigma", "g/cm³"),
        ("stack_temperature_c_sigma", "K"),
        ("bag_pressure_mbar", "mbar"),
        ("delivered_ml", "ml"),
        ("h2s_purge_ppm", "ppm"),
        ("cell_voltage_v", "V"),
        ("bag_rise_mbar_per_min", "mbar/min"),
        ("needle_gain_ratio", ""),
        ("loop_s", "s"),
    ],
)
def test_the_longest_suffix_is_the_unit(name: str, unit: str) -> None:
    assert unit_of(name) == unit
