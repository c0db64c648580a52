"""The parser: whatever bytes come, a bounded request or one reason that can be answered."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.command.request import SIZE_MAX, VERBS, Request, RequestError, parse
from controller.recipe.manual import Manual
from controller.telemetry.settings import CommandVerb

GOOD: dict[str, Any] = {
    "id": "a-1",
    "verb": "hold",
    "by": "A. Operator",
    "ts": 1_790_000_000_000,
    "valid_for_s": 10.0,
}
BY_HAND = GOOD | {"verb": "manual", "manual": {"temperature_c": 80.0}}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def refused(payload: bytes) -> RequestError:
    with pytest.raises(RequestError) as found:
        parse(payload)
    assert len(str(found.value)) < 300
    msgspec.json.encode(str(found.value))  # it can be answered
    return found.value


def either(payload: bytes) -> None:
    try:
        request = parse(payload)
    except RequestError as error:
        msgspec.json.encode([str(error), error.id])
    else:
        again = msgspec.json.decode(msgspec.json.encode(request), type=Request)
        assert again == request


@given(st.binary(max_size=300))
def test_any_bytes(payload: bytes) -> None:
    either(payload)


@given(ANY_JSON)
def test_any_json(found: object) -> None:
    either(json.dumps(found).encode("utf-8", "surrogatepass"))


@given(st.sampled_from([*GOOD, "manual", "else"]), ANY_JSON)
@settings(max_examples=100)
def test_a_request_with_one_field_that_is_anything(name: str, field: object) -> None:
    either(json.dumps(GOOD | {name: field}).encode())


@pytest.mark.parametrize("whole", [GOOD, BY_HAND])
def test_no_part_of_a_request_is_a_request(whole: dict[str, Any]) -> None:
    payload = json.dumps(whole).encode()
    assert parse(payload).id == "a-1"
    for end in range(len(payload)):
        refused(payload[:end])


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_field_is_named(name: str) -> None:
    assert name in str(refused(json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("id", ["a", "x" * 64, "A.b:c-d_0"], ["", "x" * 65, "a b", "a\n", "ä", 7, None]),
        ("verb", [v for v in VERBS if v not in ("manual", "tune")], ["", "HOLD", "explode", 1]),
        ("by", ["A", "Jörg Müller", "hmi@line-1"], ["", "x" * 65, "a\nb", "a\x00", "\ud800", "日"]),
        ("ts", [0, 1 << 53], [-1, (1 << 53) + 1, 10**400, 1.5, "now", True]),
        ("valid_for_s", [0.5, 60, 60.0], [0.49, 60.01, 0, -1, 1e300, "10"]),
    ],
)
def test_every_field_has_bounds(name: str, good: list[Any], bad: list[Any]) -> None:
    for field in good:
        assert getattr(parse(json.dumps(GOOD | {name: field}).encode()), name) == field
    for field in bad:
        assert f"$.{name}" in str(refused(json.dumps(GOOD | {name: field}).encode()))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("temperature_c", 400.0),
        ("rate_c_per_min", 60.0),
        ("pressure_mpa", 700.0),
        ("rate_mpa_per_s", 20.0),
        ("duty_fraction", 1.0),
    ],
)
def test_every_number_of_a_hand_has_bounds(name: str, most: float) -> None:
    for number in (0.0, most):
        parse(json.dumps(BY_HAND | {"manual": {name: number}}).encode())
    for bad in (-1e-9, math.nextafter(most, math.inf), "1", [1]):
        assert f"$.manual.{name}" in str(
            refused(json.dumps(BY_HAND | {"manual": {name: bad}}).encode())
        )
    for word in ("1e999", "-1e999", "NaN", "Infinity"):
        text = json.dumps(BY_HAND | {"manual": {name: 0}}).replace(
            f'"{name}": 0', f'"{name}": {word}'
        )
        refused(text.encode())


def test_numbers_belong_to_the_hand_and_the_hand_needs_them() -> None:
    assert "of no other" in str(refused(json.dumps(GOOD | {"manual": {}}).encode()))
    assert "of no other" in str(refused(json.dumps(GOOD | {"tune": {}}).encode()))
    assert "of no other" in str(refused(json.dumps(GOOD | {"verb": "manual"}).encode()))
    assert "of no other" in str(refused(json.dumps(GOOD | {"verb": "tune"}).encode()))
    experiment = {"verb": "tune", "tune": {"zone": 2, "rise_k": 6}}
    assert parse(json.dumps(GOOD | experiment).encode()).numbers["zone"] == 2
    for bad in ({"zone": 7}, {"rise_k": 1.9}, {"duty_fraction": 1.1}, {"time_s": 299}, {"x": 1}):
        refused(json.dumps(GOOD | experiment | {"tune": bad}).encode())


def test_what_is_too_large_too_deep_or_there_twice() -> None:
    padded = json.dumps(GOOD).encode().ljust(SIZE_MAX)
    assert parse(padded).verb == "hold"
    assert f"at most {SIZE_MAX}" in str(refused(padded + b" "))
    refused(b"[" * SIZE_MAX)
    refused(b'{"a":' * (SIZE_MAX // 5))
    assert "twice" in str(refused(json.dumps(GOOD).encode()[:-1] + b', "verb": "abort"}'))
    assert "else" in str(refused(json.dumps(GOOD | {"else": 1}).encode()))


def test_the_id_of_a_bad_request_is_answered_if_it_is_one() -> None:
    assert refused(json.dumps(GOOD | {"verb": "x"}).encode()).id == "a-1"
    assert refused(json.dumps(GOOD | {"id": "a b", "verb": "x"}).encode()).id == ""


def test_the_words_are_the_same_in_every_room() -> None:
    assert CommandVerb.__args__ == VERBS
    numbers = BY_HAND | {"manual": {}}
    asked = parse(json.dumps(numbers).encode()).manual
    assert msgspec.structs.asdict(asked) == {k: getattr(Manual(), k) for k in Manual.__slots__}
