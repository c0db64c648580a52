"""press_config_check: every field refused on both sides of its bounds, and named."""

from __future__ import annotations

import math

import pytest
from kernel_case import CHANNEL, ZONES, good_config

from controller.kernel import ffi, lib


def fault_of(config):
    """Field, index and bounds of the first fault, None when the configuration is accepted."""
    fault = ffi.new("press_config_fault_t *")
    if lib.press_config_check(config, fault) == 0:
        return None
    low, high = fault.low_channel_unit, fault.high_channel_unit
    return ffi.string(fault.field).decode(), fault.index, fault.found_channel_unit, low, high


def fields_of(struct, prefix=""):
    return [
        (f"{prefix}{name}", info.type.cname)
        for name, info in ffi.typeof(struct).fields
        if info.type.kind == "primitive"
    ]


GROUPS = {
    "": "press_config_t",
    "channel.": "press_channel_config_t",
    "zone.": "press_zone_config_t",
    "stack.": "press_stack_config_t",
    "hydraulic.": "press_hydraulic_config_t",
    "limit.": "press_limit_config_t",
}
FIELDS = [field for prefix, struct in GROUPS.items() for field in fields_of(struct, prefix)]
DOUBLES = [name for name, kind in FIELDS if kind == "double"]
INTEGERS = [name for name, kind in FIELDS if kind != "double"]
INDEX = {"channel": CHANNEL["lvdt_2_position_mm"], "zone": 4}


def place_of(config, field):
    """The struct that holds a field, in the middle of its array, and the index expected."""
    group, _, name = field.rpartition(".")
    if group in INDEX:
        return getattr(config, group)[INDEX[group]], name, INDEX[group]
    return (getattr(config, group) if group else config), name, -1


def bounds_of(field):
    """What the check says of the field's bounds when it is far out."""
    config = good_config()
    holder, name, _ = place_of(config, field)
    setattr(holder, name, math.inf if field in DOUBLES else 255)
    return fault_of(config)[3:]


def test_the_good_configuration_is_accepted():
    assert fault_of(good_config()) is None


@pytest.mark.parametrize("field", DOUBLES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e300, -1e300])
def test_no_field_may_be_absurd(field, wrong):
    config = good_config()
    holder, name, index = place_of(config, field)
    setattr(holder, name, wrong)
    named, at, found, low, high = fault_of(config)
    assert (named, at) == (field, index)
    assert found == wrong or (math.isnan(found) and math.isnan(wrong))
    assert low < high


@pytest.mark.parametrize("field", DOUBLES)
def test_each_number_is_taken_on_its_bounds_and_refused_just_beyond(field):
    low, high = bounds_of(field)
    for bound, beyond in [(low, -math.inf), (high, math.inf)]:
        config = good_config()
        holder, name, _ = place_of(config, field)
        setattr(holder, name, bound)
        fault = fault_of(config)
        assert fault is None or fault[0] != field  # another field may depend on this one
        setattr(holder, name, math.nextafter(bound, beyond))
        assert fault_of(config)[0] == field


@pytest.mark.parametrize("field", INTEGERS)
def test_each_count_and_choice_is_bounded(field):
    config = good_config()
    holder, name, index = place_of(config, field)
    widest = 255 if field.startswith(("channel.", "zone.")) else 2**32 - 1
    setattr(holder, name, widest)
    named, at, found, low, high = fault_of(config)
    assert (named, at, found) == (field, index, widest)
    setattr(holder, name, int(high) + 1)
    assert fault_of(config)[0] == field
    if low > 0:
        setattr(holder, name, int(low) - 1)
        assert fault_of(config)[0] == field


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_and_every_channel_is_looked_into(zone):
    config = good_config()
    config.zone[zone].ti_s = 0.0
    assert fault_of(config)[:2] == ("zone.ti_s", zone)


@pytest.mark.parametrize("channel", list(CHANNEL.values()))
def test_every_channel_is_looked_into_unless_not_fitted(channel):
    config = good_config()
    config.channel[channel].age_s_max = math.nan
    assert fault_of(config)[:2] == ("channel.age_s_max", channel)
    config.channel[channel].fitted = config.channel[channel].required = 0
    needed = channel in ZONES or channel == CHANNEL["cylinder_a_pressure_bar"]
    assert fault_of(config) == (("channel.fitted", channel, 0, 1, 1) if needed else None)


def test_a_zone_that_is_not_there_needs_no_sensor_and_no_numbers():
    config = good_config()
    config.zone_count = 5
    config.zone[5].ti_s = math.nan
    config.channel[5].fitted = config.channel[5].required = 0
    assert fault_of(config) is None


def test_a_channel_may_not_be_required_and_absent():
    config = good_config()
    config.channel[CHANNEL["oil_temperature_c"]].fitted = 0
    assert fault_of(config)[0] == "channel.required"


def test_a_range_must_be_the_right_way_round():
    config = good_config()
    config.channel[0].range_high_channel_unit = config.channel[0].range_low_channel_unit
    assert fault_of(config)[:2] == ("channel.range_high_channel_unit", 0)


def test_the_trip_may_not_lie_below_what_a_recipe_may_ask():
    config = good_config()
    config.limit.temperature_c_trip = config.limit.temperature_c_max - 0.1
    assert fault_of(config)[0] == "limit.temperature_c_trip"


def test_an_empty_configuration_is_refused():
    assert fault_of(ffi.new("press_config_t *"))[0] == "header_version"
