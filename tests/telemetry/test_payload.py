"""Messages as a consumer's JSON parser reads them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ports import Event, Sample, Severity, Signal, Tick
from controller.telemetry import payload
from controller.telemetry.settings import UnsPath
from controller.telemetry.topics import Topics

SIGNALS = [Signal("oil_temperature_c", "°C", 0), Signal("valve_open_fraction", "")]
TOPICS = Topics(UnsPath("e", "s", "a", "l", "c"))


def batch(value: float, quality: int, computed: float = 0.5) -> dict:  # type: ignore[type-arg]
    sample = Sample(Tick(7, 0.07, 1_234_567_899), "heat", (value, computed), bytes([quality]))
    return json.loads(payload.MeasurementEncoder(SIGNALS).encode(sample, 3))  # type: ignore[no-any-return]


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 2))
def test_a_reading_survives_exactly_or_is_null_and_bad(value: float, quality: int) -> None:
    told = batch(value, quality)["m"]["oil_temperature_c"]
    if math.isfinite(value):
        assert told == {"v": value, "q": (192, 64, 0)[quality], "u": "°C"}
        assert isinstance(told["v"], float)  # 70.0 and not 70: consumers infer the type once
    else:
        assert told == {"v": None, "q": 0, "u": "°C"}


def test_times_are_whole_milliseconds_of_the_sample() -> None:
    told = batch(1.0, 0)
    assert (told["ts"], told["seq"], told["phase"]) == (1234, 3, "heat")


def test_a_computed_signal_is_good_while_it_is_a_number() -> None:
    assert batch(1.0, 2)["m"]["valve_open_fraction"]["q"] == 192
    assert batch(1.0, 0, math.nan)["m"]["valve_open_fraction"] == {"v": None, "q": 0, "u": ""}


def test_a_sample_of_another_shape_is_an_error() -> None:
    sample = Sample(Tick(0, 0.0, 0), "heat", (1.0,), bytes(1))
    with pytest.raises(ValueError, match="shorter"):
        payload.MeasurementEncoder(SIGNALS).encode(sample, 0)


def event(kind: str, severity: Severity, **detail: str) -> Event:
    return Event(5, 0.05, 2_000_000, kind, "limiter", severity, "hot", detail)


def test_an_event_is_told_whole() -> None:
    told = json.loads(payload.encode_event(event("trip", Severity.TRIP, action="let it cool"), 9))
    assert told == {
        "ts": 2,
        "seq": 9,
        "tick": 5,
        "kind": "trip",
        "source": "limiter",
        "severity": "trip",
        "message": "hot",
        "detail": {"action": "let it cool"},
    }


@pytest.mark.parametrize(
    ("happening", "topic"),
    [
        (event("trip", Severity.TRIP), "e/s/a/l/c/alarm/trip"),
        (event("quality", Severity.ALARM), "e/s/a/l/c/alarm/quality"),
        (event("trip", Severity.INFO, alarm_state="normal"), "e/s/a/l/c/alarm/trip"),
        (event("interlock", Severity.WARNING), "e/s/a/l/c/event/interlock"),
        (event("phase", Severity.INFO), "e/s/a/l/c/event/phase"),
        (event("a/+#b", Severity.INFO), "e/s/a/l/c/event/a___b"),
        (event("", Severity.INFO), "e/s/a/l/c/event/_"),
    ],
)
def test_where_a_happening_goes(happening: Event, topic: str) -> None:
    message = TOPICS.happening(happening, b"")
    assert (message.topic, message.qos, message.retain) == (topic, 1, False)


def test_only_state_and_meta_are_retained_and_only_measurements_go_unanswered() -> None:
    messages = [TOPICS.birth(b""), TOPICS.statistics(b""), TOPICS.state(b"")]
    assert all(message.retain and message.qos == 1 for message in messages)
    measurement = TOPICS.measurement(b"")
    assert (measurement.retain, measurement.qos) == (False, 0)


def test_offline_carries_a_reason_and_online_none() -> None:
    online = payload.encode_state(0, online=True, reason="", state={"phase": "heat"})
    assert json.loads(online) == {"phase": "heat", "ts": 0, "online": True}
    offline = payload.encode_state(0, online=False, reason="closed", state={"online": True})
    assert json.loads(offline) == {"ts": 0, "online": False, "reason": "closed"}
