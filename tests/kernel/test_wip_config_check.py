"""A channel is refused by either kernel for the same reason and in the same words."""

from __future__ import annotations

import math
from typing import Any

import kernel_case
import pytest
import wip_case

from controller.kernel import ffi, lib

FIELDS = [name for name, _ in ffi.typeof("press_channel_config_t").fields]
LVDT = kernel_case.CHANNEL["lvdt_2_position_mm"]
FLUID_2 = wip_case.CHANNEL["fluid_2_temperature_c"]  # neither kernel needs its own


def press_fault(**changes: float) -> Any:
    return fault_of(kernel_case.good_config(), LVDT, lib.press_config_check, changes)


def wip_fault(**changes: float) -> Any:
    return fault_of(wip_case.good_config(), FLUID_2, lib.wip_config_check, changes)


def fault_of(config: Any, number: int, check: Any, changes: dict[str, float]) -> Any:
    """Field and bounds of the first fault, in a channel that is the same in both kernels."""
    alike = kernel_case.good_config().channel[LVDT]
    for name in FIELDS:
        setattr(config.channel[number], name, changes.get(name, getattr(alike, name)))
    fault = ffi.new("press_config_fault_t *")
    if check(config, fault) == 0:
        return None
    assert fault.index == number
    return (
        ffi.string(fault.field).decode(), fault.low_channel_unit, fault.high_channel_unit
    )  # fmt: skip


def test_the_channel_itself_is_accepted_by_both():
    assert press_fault() is None
    assert wip_fault() is None


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf])
def test_a_wild_number_is_refused_by_both_alike(field, wild):
    is_double = field.endswith(("_unit", "_max", "_s"))
    number = wild if is_double else 255
    found = wip_fault(**{field: number})
    assert found is not None
    assert found[0] == f"channel.{field}"
    assert found == press_fault(**{field: number})


def test_of_two_faults_both_name_the_same_first():
    changes = {"age_s_max": 0.0, "stuck_s_max": 0.0, "offset_channel_unit": 1e9}
    assert wip_fault(**changes)[0] == press_fault(**changes)[0] == "channel.offset_channel_unit"


def test_a_channel_that_is_not_fitted_is_not_looked_into_by_either():
    changes = {"fitted": 0, "required": 0, "age_s_max": math.nan}
    assert wip_fault(**changes) is None
    assert press_fault(**changes) is None


@pytest.mark.parametrize("name", ["vessel_a_pressure_mpa", "intensifier_position_mm"])
def test_a_channel_that_the_wip_cannot_do_without_must_be_fitted(name):
    config = wip_case.good_config()
    config.channel[wip_case.CHANNEL[name]].fitted = 0
    fault = ffi.new("press_config_fault_t *")
    assert lib.wip_config_check(config, fault) == 1
    assert ffi.string(fault.field) == b"channel.fitted"
    assert fault.index == wip_case.CHANNEL[name]
