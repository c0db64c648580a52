"""What the bench says about numbers it was given. Nothing here is timed."""

from __future__ import annotations

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.bench.harness import Metric, Samples, Target, compare, interleave, quantiles, report

positive = st.floats(min_value=1e-9, max_value=1e9)


@given(st.lists(positive, min_size=7, max_size=31), positive)
def test_ratio_of_medians_ignores_one_disturbed_round(rounds: list[float], other: float) -> None:
    rounds = sorted(rounds)
    disturbed = [*rounds[:-1], rounds[-1] * 1e6]
    quiet = compare(Samples(tuple(rounds)), Samples((other,)), "other", "ns")
    noisy = compare(Samples(tuple(disturbed)), Samples((other,)), "other", "ns")
    assert noisy.ratio == quiet.ratio
    assert math.isclose(quiet.ratio, statistics.median(rounds) / other)


@given(st.lists(positive, min_size=1, max_size=300))
def test_a_quantile_is_a_measured_number_with_its_share_below(numbers: list[float]) -> None:
    found = quantiles(numbers)
    for name, share in {"p50": 500, "p99": 990, "p999": 999, "max": 1000}.items():
        assert found[name] in numbers
        assert 1000 * sum(number <= found[name] for number in numbers) >= share * len(numbers)
        assert 1000 * sum(number < found[name] for number in numbers) < share * len(numbers)


def test_of_a_hundred_beats_one_may_be_later_than_p99() -> None:
    assert quantiles(range(1, 101)) == {"p50": 50, "p99": 99, "p999": 100, "max": 100}


def test_no_beats_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        quantiles([])


def test_every_round_takes_everyone_once_and_another_one_first() -> None:
    order: list[str] = []

    def contestant(name: str) -> float:
        order.append(name)
        return float(len(order))

    taken = interleave({n: lambda n=n: contestant(n) for n in "abc"}, rounds=3)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"  # the first time is thrown away
    assert taken["a"].rounds == (4.0, 9.0, 11.0)


def test_iqr_is_the_distance_of_the_quartiles() -> None:
    assert Samples((1.0, 2.0, 3.0, 4.0, 5.0)).iqr == 2.0
    assert Samples((5.0,)).iqr == 0.0


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("ratio", "<=", 0.5), True),
        (Target("ratio", "<=", 0.49), False),
        (Target("ratio", ">=", 0.51), False),
        (Target("ours", ">=", 2.0), True),
        (Target("ours", ">=", 2.1), False),
        (Target("ours", "<=", 2.0), True),
    ],
)
def test_a_target_is_of_the_ratio_or_of_our_own_number(target: Target, met: bool) -> None:
    assert target.met(Metric(2.0, 4.0, "other", "ns")) is met


def test_the_report_has_the_agreed_shape() -> None:
    metric = Metric(2.0, 4.0, "other", "ns", Target("ratio", "<=", 0.2), iqr=0.1, samples=7)
    shape = json.loads(json.dumps(report({"ramp": {"step": metric, "plan": metric}})))
    assert set(shape) == {"ramp"}
    assert set(shape["ramp"]) == {"step", "plan"}
    assert shape["ramp"]["step"] == {
        "ours": 2.0,
        "reference": 4.0,
        "reference_name": "other",
        "ratio": 0.5,
        "unit": "ns",
        "iqr": 0.1,
        "samples": 7,
        "target": "ratio <= 0.2",
        "met": False,
    }


def test_a_reference_of_zero_leaves_valid_json() -> None:
    text = json.dumps(report({"g": {"m": Metric(2.0, 0.0, "none", "1")}}), allow_nan=False)
    assert json.loads(text)["g"]["m"]["ratio"] == 0.0
