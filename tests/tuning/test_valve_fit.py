"""The valve's curve: full scale and play found from a ramp up and down, or refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.tuning import TuningError
from controller.tuning.valve import ValvePoint, fit_valve


def ramp(full_scale_bar, hysteresis, offset=0.0, noise_bar=0.1, seed=1, count=200):
    chance = random.Random(seed)
    points = []
    for rising in (True, False):
        for i in range(count):
            bar = 10.0 + 30.0 * (i / count if rising else 1.0 - i / count)
            opening = offset + bar / full_scale_bar + hysteresis * (0.5 if rising else -0.5)
            seen = bar + chance.gauss(0.0, noise_bar)
            points.append(ValvePoint(opening_fraction=opening, pressure_bar=seen, rising=rising))
    return points


@given(st.floats(50.0, 600.0), st.floats(0.0, 0.1), st.floats(-0.05, 0.05), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_full_scale_and_play_are_found(full_scale_bar, hysteresis, offset, seed):
    fit = fit_valve(ramp(full_scale_bar, hysteresis, offset, seed=seed), "hash")
    assert fit.full_scale_bar == pytest.approx(full_scale_bar, rel=0.01)
    assert fit.hysteresis_fraction == pytest.approx(
        hysteresis, abs=6.0 * fit.hysteresis_fraction_sigma + 1e-9
    )
    assert fit.offset_fraction == pytest.approx(offset, abs=0.005)


def reversed_valve():
    return [
        ValvePoint(
            opening_fraction=1.0 - p.opening_fraction, pressure_bar=p.pressure_bar, rising=p.rising
        )
        for p in ramp(250.0, 0.03)
    ]


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (reversed_valve(), "reversed"),
        ([p for p in ramp(250.0, 0.03) if p.rising], "too few samples"),
        (
            [
                ValvePoint(opening_fraction=0.1, pressure_bar=20.0, rising=i < 50)
                for i in range(100)
            ],
            "less than 5",
        ),
    ],
)
def test_what_is_no_curve_is_refused(points, why):
    with pytest.raises(TuningError, match=why):
        fit_valve(points, "hash")
