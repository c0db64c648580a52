"""Cpk and its bound: what the textbook says."""

import math
import random

import pytest

from controller.capability import capability, cpk_bound


def test_cpk_of_a_known_spread():
    rng = random.Random(1)
    found = capability([rng.gauss(3.10, 0.01) for _ in range(20_000)], 3.05, 3.15)
    assert found.cpk == pytest.approx(0.05 / 0.03, rel=0.03)
    assert found.cpk_low < found.cpk
    off = capability([rng.gauss(3.12, 0.01) for _ in range(20_000)], 3.05, 3.15)
    assert off.cpk == pytest.approx(0.03 / 0.03, rel=0.03), "the nearer limit counts"


def test_the_interval_covers_as_often_as_it_says():
    rng = random.Random(2)
    true_cpk = 0.05 / 0.03
    inside = sum(
        capability([rng.gauss(3.10, 0.01) for _ in range(40)], 3.05, 3.15).cpk_low <= true_cpk
        for _ in range(1000)
    )
    assert 920 <= inside <= 985


def test_the_bound_is_that_of_a_centred_process():
    assert cpk_bound(0.05, 0.01) == pytest.approx(5.0 / 3.0)
    assert math.isinf(cpk_bound(0.05, 0.0))


@pytest.mark.parametrize(("found", "low", "high"), [([3.1], 3.0, 3.2), ([3.1, 3.1], 3.2, 3.0)])
def test_what_is_no_sample_is_refused(found, low, high):
    with pytest.raises(ValueError, match="batches within"):
        capability(found, low, high)
