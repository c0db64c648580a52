"""Curve and hysteresis of a pressure valve, from a slow ramp up and down.

Up and down the valve gives the same pressure at two openings; half the distance is the play
on each side (Merritt 1967, ch. 7: the width of the loop at constant input). On each branch
opening = offset + pressure / full scale, fitted together with one slope for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct

from controller.tuning.experiment import TuningError
from controller.tuning.least_squares import SingularError, inverse, normal

BRANCH_SAMPLES_MIN = 20
SPAN_BAR_MIN = 5.0


class ValveFit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """opening = offset + pressure / full_scale ± hysteresis / 2, up and down."""

    full_scale_bar: float
    full_scale_bar_sigma: float
    hysteresis_fraction: float
    """Full width."""
    hysteresis_fraction_sigma: float
    offset_fraction: float
    residual_fraction: float
    """Standard deviation of the openings that line and play do not explain."""
    pressure_bar_low: float
    pressure_bar_high: float
    data_sha256: str


class ValvePoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    opening_fraction: float
    pressure_bar: float
    rising: bool


def fit_valve(points: Sequence[ValvePoint], data_sha256: str) -> ValveFit:
    """Raises TuningError when a branch is missing, too short or runs backwards."""
    count_up = sum(point.rising for point in points)
    pressures = [point.pressure_bar for point in points]
    if min(count_up, len(points) - count_up) < BRANCH_SAMPLES_MIN:
        raise TuningError("valve: too few samples on the way up or down; ramp more slowly")
    if max(pressures) - min(pressures) < SPAN_BAR_MIN:
        raise TuningError(
            f"valve: the pressure moved by {max(pressures) - min(pressures):.1f} bar, less than "
            f"{SPAN_BAR_MIN:g}: pump, valve or transducer do not work"
        )
    columns = [
        [1.0] * len(points),
        pressures,
        [0.5 if point.rising else -0.5 for point in points],
    ]
    openings = [point.opening_fraction for point in points]
    try:
        covariance = inverse(normal(columns))
    except SingularError:
        raise TuningError("valve: up and down cannot be told apart") from None
    right = [sum(a * b for a, b in zip(column, openings, strict=True)) for column in columns]
    offset, slope, width = (
        sum(a * b for a, b in zip(row, right, strict=True)) for row in covariance
    )
    if slope <= 0.0:
        raise TuningError(
            "valve: opening it lowers the pressure: reversed output or transducer; look at the "
            "wiring"
        )
    residuals = [
        offset + slope * p + width * side - opening
        for p, side, opening in zip(pressures, columns[2], openings, strict=True)
    ]
    variance = sum(x * x for x in residuals) / (len(points) - 3)
    return ValveFit(
        full_scale_bar=1.0 / slope,
        full_scale_bar_sigma=sqrt(variance * covariance[1][1]) / slope**2,
        hysteresis_fraction=max(0.0, width),
        hysteresis_fraction_sigma=sqrt(variance * covariance[2][2]),
        offset_fraction=offset,
        residual_fraction=sqrt(variance),
        pressure_bar_low=min(pressures),
        pressure_bar_high=max(pressures),
        data_sha256=data_sha256,
    )
