"""Status in, events out: one alarm a fault, the truth last, no flood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.alarms.table import TABLES
from controller.alarms.watch import Watch
from controller.ports import Event, Severity, Tick

PRESS = TABLES["press"]
TRIP = {name: i for i, name in enumerate(PRESS.trips)}
INTERLOCK = {name: i for i, name in enumerate(PRESS.interlocks)}
PERMISSIVE = {name: i for i, name in enumerate(PRESS.permissives)}
ADVISORY = {name: i for i, name in enumerate(PRESS.advisories)}
CHANNELS = [f"channel_{i}_c" for i in range(24)]


@dataclass
class Status:
    trip_bits: int = 0
    first_out_trip: int = -1
    first_out_channel: int = -1
    first_out_channel_unit: float = 0.0
    interlock_bits: int = 0
    advisory_bits: int = 0
    permissive_missing_bits: int = 0
    quality: list[int] = field(default_factory=lambda: [0] * 24)
    quality_reason_bits: list[int] = field(default_factory=lambda: [0] * 24)


def make_watch() -> Watch:
    return Watch(
        PRESS,
        [*PRESS.trips],
        [*PRESS.interlocks],
        [*PRESS.permissives],
        CHANNELS,
        advisory_names=[*PRESS.advisories],
    )


def at(s: float) -> Tick:
    return Tick(round(s * 100), s, 10**18 + round(s * 1e9))


def tripped(*names: str, **fields: float) -> Status:
    bits = sum(1 << TRIP[name] for name in names)
    return Status(trip_bits=bits, first_out_trip=TRIP[names[0]], **fields)  # type: ignore[arg-type]


def alarms(events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if event.severity in (Severity.ALARM, Severity.TRIP)]


def test_the_first_out_is_the_one_alarm_and_names_the_offending_measurement() -> None:
    status = tripped(
        "over_temperature", "limiter", first_out_channel=3, first_out_channel_unit=121.5
    )
    (event,) = make_watch().step(at(1.0), status)
    assert (event.kind, event.source, event.severity) == (
        "trip",
        "over_temperature",
        Severity.TRIP,
    )
    assert event.message == "over-temperature: channel_3_c 121.5"
    assert event.detail["channel_3_c"] == 121.5
    assert event.detail["also"] == "limiter"
    assert {"priority", "cause", "consequence", "action"} <= set(event.detail)
    assert (event.tick, event.monotonic_s, event.utc_ns) == (100, 1.0, 10**18 + 10**9)


def test_what_follows_a_first_out_is_information() -> None:
    watch = make_watch()
    watch.step(at(1.0), tripped("over_temperature"))
    (event,) = watch.step(at(2.0), tripped("over_temperature", "limiter", "contactor_mismatch"))
    assert event.severity is Severity.INFO
    assert event.message == "followed the first-out over_temperature: limiter, contactor_mismatch"


def test_the_start_is_tripped_but_no_alarm() -> None:
    watch = make_watch()
    (event,) = watch.step(at(0.0), tripped("boot"))
    assert (event.source, event.severity) == ("boot", Severity.INFO)
    (event,) = watch.step(at(1.0), Status())
    assert "alarm_state" not in event.detail


def test_clearing_is_told_and_the_next_group_begins_anew() -> None:
    watch = make_watch()
    watch.step(at(1.0), tripped("estop", "guard_open"))
    (cleared,) = watch.step(at(2.0), Status())
    assert cleared.message == "trips cleared: estop, guard_open"
    assert cleared.detail == {"alarm_state": "normal"}
    (again,) = watch.step(at(3.0), tripped("estop"))
    assert (again.source, again.severity) == ("estop", Severity.TRIP)


def test_what_stays_when_the_first_out_is_cleared_becomes_a_first_out_itself() -> None:
    watch = make_watch()
    watch.step(at(1.0), tripped("estop", "mains"))
    cleared, first_out = watch.step(at(2.0), tripped("mains"))
    assert cleared.message == "trips cleared: estop; still tripped: mains"
    assert "alarm_state" not in cleared.detail
    assert (first_out.source, first_out.severity) == ("mains", Severity.TRIP)


def test_a_trip_without_a_named_first_out_is_still_an_alarm() -> None:
    status = tripped("io_lost", "mains")
    status.first_out_trip = -1
    (event,) = make_watch().step(at(1.0), status)
    assert (event.source, event.severity) == ("mains", Severity.TRIP)


@pytest.mark.parametrize("offending", [math.nan, math.inf])
def test_an_offending_measurement_that_is_no_number_stays_printable(offending: float) -> None:
    status = tripped("zone_sensor", first_out_channel=0, first_out_channel_unit=offending)
    (event,) = make_watch().step(at(1.0), status)
    assert event.detail["channel_0_c"] == str(offending)


def test_the_same_status_again_says_nothing() -> None:
    watch = make_watch()
    status = tripped("mains")
    status.interlock_bits, status.permissive_missing_bits, status.quality[2] = 3, 1, 2
    assert watch.step(at(1.0), status)
    assert watch.step(at(2.0), status) == ()


@pytest.mark.parametrize("name", PRESS.interlocks)
def test_an_interlock_comes_and_goes(name: str) -> None:
    watch, row = make_watch(), PRESS.interlocks[name]
    (on,) = watch.step(at(1.0), Status(interlock_bits=1 << INTERLOCK[name]))
    (off,) = watch.step(at(2.0), Status())
    assert (on.kind, on.source, on.severity, on.message) == (
        "interlock",
        name,
        row.severity,
        row.text,
    )
    assert off.severity is Severity.INFO
    warned = row.severity is not Severity.INFO
    assert (on.detail.get("alarm_state"), off.detail.get("alarm_state")) == (
        ("active", "normal") if warned else (None, None)
    )


@pytest.mark.parametrize(
    ("quality", "severity", "word"),
    [(1, Severity.WARNING, "uncertain"), (2, Severity.ALARM, "bad")],
)
def test_a_quality_change_says_why(quality: int, severity: Severity, word: str) -> None:
    watch, status = make_watch(), Status()
    status.quality[5], status.quality_reason_bits[5] = quality, 64 | 256
    (event,) = watch.step(at(1.0), status)
    assert (event.kind, event.source, event.severity) == ("quality", "channel_5_c", severity)
    assert event.message == f"channel_5_c is {word}: changes too fast, stuck"
    (back,) = watch.step(at(2.0), Status())
    assert (back.severity, back.message) == (Severity.INFO, "channel_5_c is good")
    assert back.detail["alarm_state"] == "normal"


def test_a_channel_that_is_not_fitted_is_nobodys_business() -> None:
    status = Status(quality=[2] * 24, quality_reason_bits=[1] * 24)
    assert make_watch().step(at(1.0), status) == ()


def test_a_lost_module_is_two_alarms_and_not_twenty_five() -> None:
    status = tripped("io_lost")
    status.quality, status.quality_reason_bits = [2] * 24, [128] * 24
    status.interlock_bits = 1 << INTERLOCK["zone_sensor_bad"] | 1 << INTERLOCK["pressure_uncertain"]
    watch = make_watch()
    events = watch.step(at(1.0), status)
    assert [event.source for event in alarms(events)] == ["io_lost", "channels"]
    assert "24 channels bad, 0 uncertain: too old" in [event.message for event in events]
    status.quality = [0] * 24
    (back,) = watch.step(at(2.0), status)
    assert back.message == "all channels are good again"


def test_permissives_are_told_in_one_event_and_only_to_who_wants_to_start() -> None:
    watch = make_watch()
    missing = Status(permissive_missing_bits=1 << PERMISSIVE["oil_ok"] | 1 << PERMISSIVE["no_trip"])
    (event,) = watch.step(at(1.0), missing)
    assert (event.kind, event.severity) == ("permissive", Severity.INFO)
    assert event.detail == {"missing": "no_trip, oil_ok", "missing_count": 2}
    (ready,) = watch.step(at(2.0), Status())
    assert ready.message == "ready to start"
    watch.starting = False
    assert watch.step(at(3.0), missing) == ()
    watch.starting = True
    assert len(watch.step(at(4.0), missing)) == 1


def flicker(watch: Watch, edges_s: list[float]) -> list[Event]:
    """An interlock that changes at each of the instants, watched every second besides."""
    events: list[Event] = []
    bits = 0
    for s in sorted({*edges_s, *range(int(max(edges_s, default=0)) + 130)}):
        bits ^= 1 << INTERLOCK["oil_not_ok"] if s in edges_s else 0
        events += watch.step(at(s), Status(interlock_bits=bits))
    return events


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 300.0), unique=True, max_size=120))
def test_no_source_says_more_than_seven_things_a_minute_and_the_last_is_true(
    edges_s: list[float],
) -> None:
    watch = make_watch()
    events = flicker(watch, edges_s)
    for event in events:
        window = [e for e in events if 0.0 <= e.monotonic_s - event.monotonic_s < 60.0]
        assert len(window) <= 7
    assert not watch.pending
    is_on = len(edges_s) % 2 == 1
    if events:
        last = events[-1]
        assert (last.severity is Severity.WARNING) == is_on
        assert last.message.startswith(PRESS.interlocks["oil_not_ok"].text if is_on else "over: ")
    else:
        assert not edges_s


def test_chatter_is_announced_once_and_settles_with_a_count() -> None:
    events = flicker(make_watch(), [float(s) for s in range(31)])
    told = [event.message for event in events]
    assert told[6] == "interlock oil_not_ok is chattering; told again when it has settled"
    assert told[7].endswith("(settled after 25 untold changes)")
    assert events[7].detail["untold_count"] == 25
    assert len(told) == 8


def test_slow_changes_are_all_told() -> None:
    assert len(flicker(make_watch(), [11.0 * i for i in range(40)])) == 40


def test_a_trip_is_never_taken_for_chatter() -> None:
    watch = make_watch()
    for i in range(50):
        (on,) = watch.step(at(i * 0.2), tripped("estop"))
        assert on.severity is Severity.TRIP
        (off,) = watch.step(at(i * 0.2 + 0.1), Status())
        assert off.detail["alarm_state"] == "normal"


STATUSES = st.builds(
    Status,
    trip_bits=st.integers(0, 2**24 - 1),
    first_out_trip=st.integers(-1, 40),
    first_out_channel=st.integers(-1, 40),
    first_out_channel_unit=st.floats(),
    interlock_bits=st.integers(0, 2**12 - 1),
    permissive_missing_bits=st.integers(0, 2**12 - 1),
    quality=st.lists(st.integers(0, 255), min_size=24, max_size=24),
    quality_reason_bits=st.lists(st.integers(0, 2**16 - 1), min_size=24, max_size=24),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STATUSES, max_size=8))
def test_any_status_is_told_without_an_error_and_with_at_most_one_trip_alarm_a_step(
    statuses: list[Status],
) -> None:
    watch = make_watch()
    for i, status in enumerate(statuses):
        events = watch.step(at(float(i)), status)
        assert sum(event.severity is Severity.TRIP for event in events) <= 1
        assert all(event.message for event in events)


@pytest.mark.parametrize("name", list(PRESS.advisories))
def test_an_advisory_comes_with_its_rationale_and_goes_quietly(name: str) -> None:
    watch = make_watch()
    (event,) = watch.step(at(1.0), Status(advisory_bits=1 << ADVISORY[name]))
    row = PRESS.advisories[name]
    assert (event.kind, event.source, event.severity) == ("advisory", name, row.severity)
    assert event.detail["action"] == row.action
    assert event.detail["alarm_state"] == "active"
    (gone,) = watch.step(at(3.0), Status())
    assert (gone.source, gone.severity) == (name, Severity.INFO)
    assert gone.detail["alarm_state"] == "normal"


@pytest.mark.parametrize("unit", TABLES)
def test_every_row_of_every_unit_is_told_in_its_own_words(unit: str) -> None:
    tables = TABLES[unit]
    rows = [*tables.trips], [*tables.interlocks], [*tables.permissives], CHANNELS
    watch = Watch(tables, *rows, advisory_names=[*tables.advisories])
    every = Status(
        trip_bits=2 ** len(tables.trips) - 1,
        first_out_trip=len(tables.trips) - 1,
        interlock_bits=2 ** len(tables.interlocks) - 1,
        advisory_bits=2 ** len(tables.advisories) - 1,
        permissive_missing_bits=2 ** len(tables.permissives) - 1,
    )
    first_out, *told, cannot_start = watch.step(at(1.0), every)
    assert first_out.message == [*tables.trips.values()][-1].text
    assert first_out.detail["also"] == ", ".join([*tables.trips][:-1])
    expected = [*tables.interlocks.values(), *tables.advisories.values()]
    assert [event.message for event in told] == [row.text for row in expected]
    assert all(text in cannot_start.message for text in tables.permissives.values())


def test_an_advisory_that_flickers_is_told_as_chatter() -> None:
    watch = make_watch()
    bits = 1 << ADVISORY["valve_slow"]
    told = [
        event
        for i in range(60)
        for event in watch.step(at(0.5 * i), Status(advisory_bits=bits * (i % 2)))
    ]
    assert len(told) <= 8
    assert "chattering" in told[-1].message
