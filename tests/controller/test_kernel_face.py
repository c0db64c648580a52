"""Names and layouts come from the header; a configuration that does not fit is refused."""

import re
from pathlib import Path

import pytest

from controller import kernel
from controller.composition import load_plan
from controller.config.stack import Batch
from controller.units import unit_of

KERNEL = Path(__file__).parents[2] / "native/kernel"
HEADERS = {"press": KERNEL / "press.h", "wip": KERNEL / "isostatic.h"}
PLANS = {
    "press": ("sulfide-hot-press-100", "demo-press"),
    "wip": ("wip-monocell-490", "demo-wip"),
}
"""A recipe and a station of each class of unit."""


@pytest.fixture(scope="module", params=PLANS)
def plan(request):
    return load_plan(*PLANS[request.param])


@pytest.fixture(scope="module")
def fields(plan):
    return plan.kernel_fields(Batch(id="t"))


@pytest.mark.parametrize("unit", kernel.UNIT_CLASSES.values(), ids=lambda unit: unit.name)
def test_names_stand_in_the_header_in_this_order(unit):
    header = HEADERS[unit.name].read_text()
    tables = {
        "CHANNEL": unit.names.channels,
        "INPUT": unit.names.digital_inputs,
        "OUTPUT": unit.names.digital_outputs,
        "TRIP": unit.trips.names,
        "INTERLOCK": unit.interlocks.names,
        "PERMISSIVE": unit.permissives.names,
        "ADVISORY": unit.advisories.names,
    }
    for table, names in tables.items():
        prefix = f"{unit.name.upper()}_{table}_"
        written = re.findall(rf"^ +{prefix}(\w+)(?: = 0)?,?", header, re.MULTILINE)
        assert names == tuple(name.lower() for name in written if name != "COUNT")


@pytest.mark.parametrize("unit", kernel.UNIT_CLASSES.values(), ids=lambda unit: unit.name)
def test_every_signal_has_a_unit_and_every_row_a_text(unit):
    assert len({signal.name for signal in unit.signals}) == len(unit.signals)
    for signal in unit.signals:
        assert signal.unit == unit_of(signal.name)
    for rows in (unit.permissives, unit.interlocks, unit.trips, unit.advisories):
        assert len(rows.texts) == len(rows.names)
        assert len(set(rows.texts)) == len(rows.names)


def test_analogue_outputs_are_those_a_station_writes_and_reads_back(plan):
    one = plan.kernel(Batch(id="t"))
    for name in plan.unit_class.names.analogue_outputs:
        assert getattr(one.output, name) == 0.0
        setattr(one.sensor, f"{name}_readback", 0.25)
        assert getattr(one._sensor, f"{name}_readback") == 0.25


def test_every_signal_has_a_place_in_the_sample_and_every_quality_a_byte(plan):
    one = plan.kernel(Batch(id="t"))
    signals = plan.unit_class.signals
    assert len(one.sample_values()) == len(signals)
    assert len(one.quality()) == 1 + max(signal.channel for signal in signals)


def test_a_name_without_unit_is_refused():
    with pytest.raises(ValueError, match="no unit suffix"):
        unit_of("pressure")


def test_an_unknown_field_is_refused(plan, fields):
    with pytest.raises(kernel.KernelConfigError, match="does not fit"):
        kernel.Kernel(plan.unit_class, {**fields, "no_such_field": 1})


def test_a_field_out_of_bounds_is_named_with_its_bounds(plan, fields):
    with pytest.raises(kernel.KernelConfigError, match=r"tick_s is 1e\+06, must be within"):
        kernel.Kernel(plan.unit_class, {**fields, "tick_s": 1e6})


def test_a_fresh_kernel_is_tripped_and_all_off(plan, fields):
    fresh = kernel.Kernel(plan.unit_class, fields)
    fresh.observe()
    fresh.act()
    assert fresh.observation.trip_bits & 1
    watchdog = 1 << plan.unit_class.names.digital_outputs.index("watchdog")
    assert fresh.output.digital_output_bits & ~watchdog == 0


def test_arrays_of_the_sensor_frame_are_the_kernels_own_memory(plan, fields):
    one = kernel.Kernel(plan.unit_class, fields)
    one.sensor.reading[3] = 12.5
    assert one._sensor.reading_channel_unit[3] == 12.5
    one.sensor.digital_ok = 1
    assert one._sensor.digital_ok == 1
