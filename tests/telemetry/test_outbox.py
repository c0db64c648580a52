"""What waits: bounded, in order, nothing lost that was not counted; and the pauses."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.telemetry.backoff import Backoff
from controller.telemetry.outbox import Lane

STEPS = st.lists(st.sampled_from(["put", "put", "next", "next", "prove", "rewind"]), max_size=200)


@given(STEPS, st.integers(1, 12))
def test_every_entry_is_proven_waiting_unproven_or_counted_as_dropped(
    steps: list[str], size_max: int
) -> None:
    lane: Lane[int] = Lane(size_max)
    sent: list[int] = []  # since the last proof or rewind: what the broker may have
    proven: set[int] = set()
    for step in steps:
        if step == "put":
            lane.put(lane.taken_count)
        elif step == "next":
            if (entry := lane.next()) is not None:
                assert entry[0] == entry[1]
                assert not sent or entry[0] > sent[-1]
                sent.append(entry[0])
        elif step == "prove":
            proven.update(sent)
            sent.clear()
            lane.prove()
        else:
            sent.clear()
            lane.rewind()
        assert len(lane) + lane.unproven_count <= size_max
    lane.rewind()
    waiting = []
    while (entry := lane.next()) is not None:
        waiting.append(entry[0])
    assert waiting == sorted(set(waiting))
    lost = set(range(lane.taken_count)) - proven - set(waiting)
    assert len(lost) <= lane.dropped_count
    assert all(number < min(waiting, default=lane.taken_count) for number in lost)


def test_the_oldest_go_first() -> None:
    lane: Lane[str] = Lane(2)
    for text in "abc":
        lane.put(text)
    assert lane.next() == (1, "b")
    assert lane.next() == (2, "c")
    assert lane.dropped_count == 1


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_pauses_double_up_to_the_cap_less_a_jitter_of_half(seed: int, count: int) -> None:
    backoff = Backoff(Random(seed), 0.5, 30.0)
    for attempt in range(count):
        ceiling_s = min(0.5 * 2.0**attempt, 30.0)
        assert ceiling_s / 2 <= backoff.next_s(0.0) <= ceiling_s


def test_stations_that_lost_the_same_broker_come_back_apart() -> None:
    pauses = {Backoff(Random(seed), 0.5, 30.0).next_s(0.0) for seed in range(100)}
    assert len(pauses) == 100


def test_only_a_link_that_lived_starts_the_pauses_over() -> None:
    backoff = Backoff(Random(1), 0.5, 30.0)
    for _ in range(20):
        backoff.next_s(1.0)
    assert backoff.next_s(29.0) >= 15.0
    assert backoff.next_s(30.0) <= 0.5
