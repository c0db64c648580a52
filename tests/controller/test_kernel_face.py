"""Names and layouts come from the header; a configuration that does not fit is refused."""

import re
from pathlib import Path

import pytest

from controller import kernel
from controller.composition import load_plan
from controller.config.kernel_fields import kernel_fields
from controller.config.stack import Batch
from controller.units import unit_of

HEADER = (Path(__file__).parents[2] / "native/kernel/press.h").read_text()


@pytest.fixture(scope="module")
def fields():
    plan = load_plan("sulfide-hot-press-100", "demo-press")
    names = kernel.SIGNAL_NAMES
    return kernel_fields(plan.station, plan.material, plan.recipe, Batch(id="t"), names)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("PRESS_CHANNEL_", kernel.SIGNAL_NAMES.channels),
        ("PRESS_TRIP_", kernel.TRIP_NAMES),
        ("PRESS_INTERLOCK_", kernel.INTERLOCK_NAMES),
        ("PRESS_PERMISSIVE_", kernel.PERMISSIVE_NAMES),
    ],
)
def test_names_stand_in_the_header_in_this_order(prefix, names):
    written = re.findall(rf"^ +{prefix}(\w+)(?: = 0)?,?", HEADER, re.MULTILINE)
    assert names == tuple(name.lower() for name in written)


def test_every_signal_has_a_unit_and_a_place_in_the_sample(fields):
    values = kernel.Kernel(fields).sample_values()
    assert len(values) == len(kernel.SIGNALS)
    assert len({signal.name for signal in kernel.SIGNALS}) == len(kernel.SIGNALS)
    for signal in kernel.SIGNALS:
        assert signal.unit == unit_of(signal.name)


def test_a_name_without_unit_is_refused():
    with pytest.raises(ValueError, match="no unit suffix"):
        unit_of("pressure")


def test_an_unknown_field_is_refused(fields):
    with pytest.raises(kernel.KernelConfigError, match="does not fit"):
        kernel.Kernel({**fields, "no_such_field": 1})


def test_a_field_out_of_bounds_is_named_with_its_bounds(fields):
    with pytest.raises(kernel.KernelConfigError, match=r"tick_s is 1e\+06, must be within"):
        kernel.Kernel({**fields, "tick_s": 1e6})


def test_a_fresh_kernel_is_tripped_and_all_off(fields):
    fresh = kernel.Kernel(fields)
    fresh.observe()
    fresh.act()
    assert fresh.observation.trip_bits & 1
    assert fresh.output.digital_output_bits & 0x7FFF == 0


def test_arrays_of_the_sensor_frame_are_the_kernels_own_memory(fields):
    one = kernel.Kernel(fields)
    one.sensor.reading[3] = 12.5
    assert one._sensor.reading_channel_unit[3] == 12.5
    one.sensor.digital_ok = 1
    assert one._sensor.digital_ok == 1
