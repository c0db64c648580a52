"""Names of press.h carry their unit: a walk over every field that cffi knows."""

from __future__ import annotations

import re

import pytest

from controller.kernel import ffi

UNITS = (
    "s|c|k|mpa|bar|kn|mm|um|mm2|a|w|fraction|ratio|sign|count|ticks|unit|sigma|median|estimate"
    "|j_per_k|w_per_k|g_per_cm3|g_per_cm2|per_c|per_bar|per_bar_s|per_unit|kn_per_mm|mm_per_k"
    "|k_per_s|c_per_s|c_per_s2|c_per_s3|mpa_per_s|mpa_per_s2|mpa_per_s3|bar_per_min"
    "|fraction_per_s|unit_per_s|unit_per_s2|unit_per_s3"
    "|ml|ppm|mbar|mbar_per_min|ml_per_s|mpa_per_min|mpa_per_k|k_per_mpa|bar_per_mpa"
)
QUALIFIERS = (
    "min|max|trip|ref|reference|base|slope|setpoint|target|estimate|sigma|median|previous"
    "|readback|held|worn|warn|hold|slow|predicted|wanted|alarm|relief"
)
NAMED = re.compile(rf"(?:^|_)(?:{UNITS})(?:_(?:{QUALIFIERS}))*$")
STRUCTS = [name for name in ffi.list_types()[0] if name.endswith("_t")]


def doubles_of(struct):
    for name, info in ffi.typeof(struct).fields:
        kind = info.type.item if info.type.kind == "array" else info.type
        if kind.cname == "double":
            yield name


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_double_says_its_unit(struct):
    if ffi.typeof(struct).kind != "struct":
        pytest.skip("not a struct")
    assert [name for name in doubles_of(struct) if not NAMED.search(name)] == []


@pytest.mark.parametrize("bare", ["value", "temp", "setpoint", "pressure", "rate", "data", "limit"])
def test_the_walk_would_notice_a_bare_name(bare):
    assert not NAMED.search(bare)


def test_the_walk_sees_the_frames():
    assert {"press_config_t", "press_state_t", "press_sensor_t", "press_observation_t"} <= {
        *STRUCTS
    }
    assert sum(1 for struct in STRUCTS for _ in doubles_of(struct)) > 150
