"""Histograms keep what a percentile needs and no more."""

from hypothesis import given
from hypothesis import strategies as st

from controller.ports import Tick
from controller.timing import Histogram, LoopTiming

durations = st.lists(st.floats(0.0, 10.0), min_size=1, max_size=200)


@given(durations, st.sampled_from([0.5, 0.99, 0.999, 1.0]))
def test_a_quantile_is_true_to_within_a_sixteenth(seconds, fraction):
    histogram = Histogram()
    for duration_s in seconds:
        histogram.add(duration_s)
    rank = max(1, -(-len(seconds) * fraction // 1))
    exact_s = sorted(seconds)[int(rank) - 1]
    found_s = histogram.quantile_s(fraction)
    assert found_s <= histogram.max_s
    assert exact_s - 1e-6 <= found_s + 1e-6
    assert found_s <= exact_s * (1 + 1 / 16) + 2e-6


@given(st.floats(-1.0, 1e9))
def test_any_duration_is_counted_once(duration_s):
    histogram = Histogram()
    histogram.add(duration_s)
    assert histogram.count == 1
    assert histogram.quantile_s(1.0) <= max(duration_s, 0.0)


@given(durations)
def test_the_published_histogram_is_cumulative_and_true_to_a_bucket(seconds):
    histogram = Histogram()
    for duration_s in seconds:
        histogram.add(duration_s)
    counts = histogram.histogram("x")
    assert list(counts.values()) == sorted(counts.values())
    for name, count in counts.items():
        edge_us = int(name.removeprefix("x_us_le_"))
        assert count <= sum(int(duration_s * 1e6) <= edge_us for duration_s in seconds)
        assert count >= sum(
            int(duration_s * 1e6) <= edge_us * 15 / 16 - 1 for duration_s in seconds
        )


def test_nothing_counted_is_zero():
    assert Histogram().quantile_s(0.99) == 0.0


def test_overruns_and_missed_beats_are_counted_and_named_with_units():
    timing = LoopTiming(0.010)
    timing.beat(Tick(0, 0.0, 0, lateness_s=0.001), 0.002)
    timing.beat(Tick(3, 0.03, 0, lateness_s=0.006, missed=2), 0.005)
    told = timing.statistics()
    assert told["overrun_count"] == 1
    assert told["missed_tick_count"] == 2
    assert told["tick_count"] == 2
    assert 6000 * 0.99 <= told["tick_lateness_us_max"] <= 6000
