"""The queue between loop and writer: it waits or it counts, and it keeps every event."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st
from synthetic_batch import event_at, tick_at

from controller.ports import Event, Sample
from controller.record.backlog import Backlog
from controller.record.model import Gap, Item


def sample(index: int) -> Sample:
    return Sample(tick_at(index), "hold", (1.0,), b"")


def drained(backlog: Backlog) -> list[Item]:
    found: list[Item] = []
    while (taken := backlog.take()) is not None:
        found += taken
    return found


@given(
    kinds=st.lists(st.sampled_from("ssssse"), max_size=200),
    batch_rows=st.integers(1, 12),
    rows_max=st.integers(1, 60),
)
def test_what_is_dropped_is_counted_and_old(
    kinds: list[str], batch_rows: int, rows_max: int
) -> None:
    """With no consumer: every event is kept, every sample kept or counted, the newest kept."""
    backlog = Backlog(batch_rows=batch_rows, rows_max=rows_max, lossless=False)
    for index, kind in enumerate(kinds):
        item = sample(index) if kind == "s" else event_at(index, "link", "ai", "late")
        backlog.offer(item, urgent=kind == "e")
        assert backlog.waiting_rows <= rows_max
    backlog.end()
    found = drained(backlog)
    kept = [item.tick.index for item in found if isinstance(item, Sample)]
    lost = sum(item.lost_sample_count for item in found if isinstance(item, Gap))
    events = [item.tick for item in found if isinstance(item, Event)]
    assert events == [index for index, kind in enumerate(kinds) if kind == "e"]
    assert len(kept) + lost == kinds.count("s")
    newest = [index for index, kind in enumerate(kinds) if kind == "s"][lost:]
    assert kept == newest
    assert all(gap.lost_event_count == 0 for gap in found if isinstance(gap, Gap))


def test_gaps_name_the_ticks_they_stand_for() -> None:
    backlog = Backlog(batch_rows=2, rows_max=2, lossless=False)
    for index in range(8):
        backlog.offer(sample(index))
    backlog.end()
    gap = drained(backlog)[0]
    assert isinstance(gap, Gap)
    assert (gap.first_tick, gap.last_tick, gap.lost_sample_count) == (0, 5, 6)


def test_a_lossless_backlog_makes_the_producer_wait() -> None:
    """Sixty rows through room for four: all arrive, in order, and the room is never exceeded."""
    backlog = Backlog(batch_rows=2, rows_max=4, lossless=True)
    waiting_max = 0

    def produce() -> None:
        nonlocal waiting_max
        for index in range(60):
            backlog.offer(sample(index))
            waiting_max = max(waiting_max, backlog.waiting_rows)
        backlog.end()

    producer = threading.Thread(target=produce)
    producer.start()
    found = drained(backlog)
    producer.join()
    assert [item.tick.index for item in found if isinstance(item, Sample)] == list(range(60))
    assert waiting_max <= 5


def test_a_waiting_producer_is_let_go_at_the_end() -> None:
    backlog = Backlog(batch_rows=1, rows_max=1, lossless=True)
    backlog.offer(sample(0))
    producer = threading.Thread(target=backlog.offer, args=(sample(1),), daemon=True)
    producer.start()
    backlog.end()
    producer.join(10.0)
    assert not producer.is_alive()
    assert drained(backlog)[0] == sample(0)
