"""What a record is of, known by the signals it holds: which indicators and columns it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller.record import indicators, wip_indicators
from controller.record.indicator import Indicator


@dataclass(frozen=True, slots=True)
class Profile:
    """How batches of one class of unit are summed up.

    A record that holds the signal `pressure` is of this class. What it is measured in is
    `pressed`, as what `temperature` is measured in is `heated`; both are told phase by phase.
    `trends` are shown as sparklines, `first` are the indicators on top of the report.
    """

    name: str
    heated: str
    temperature: str
    pressed: str
    pressure: str
    trends: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    first: tuple[str, ...]


PRESS = Profile(
    name="press",
    heated="stack",
    temperature="stack_temperature_c_estimate",
    pressed="stack",
    pressure="stack_pressure_mpa",
    trends=("zone_temperature_c_median", "stack_pressure_mpa", "density_g_per_cm3"),
    indicators=indicators.INDICATORS,
    first=(
        "density_g_per_cm3",
        "time_in_band_s",
        "zone_deviation_k_max",
        "temperature_overshoot_k",
        "pressure_overshoot_fraction",
    ),
)
WIP = Profile(
    name="wip",
    heated="fluid",
    temperature="fluid_temperature_c_estimate",
    pressed="vessel",
    pressure="vessel_pressure_mpa",
    trends=("fluid_temperature_c_estimate", "vessel_pressure_mpa", "bag_pressure_mbar"),
    indicators=wip_indicators.INDICATORS,
    first=(
        "fluid_peak_error_k",
        "time_in_band_s",
        "hold_pressure_deviation_fraction",
        "leak_mpa_per_min",
        "release_slow_mpa_per_s",
    ),
)
_PROFILES = (WIP, PRESS)


def profile_of(names: Iterable[str]) -> Profile:
    """The profile of a record with these signals; that of a press when none tells."""
    held = {*names}
    return next((profile for profile in _PROFILES if profile.pressure in held), PRESS)
