"""Indicators of a press batch, computed from its record alone.

Setpoints, phases and signals come from the samples; what a record's samples cannot know
(true density, heater power, recipe limits) comes from the header's `parameters`:

    true_density_g_per_cm3            relative density and its slope
    activation_energy_kj_per_mol      equivalent time (Arrhenius)
    zone_<n>_power_w                  energy
    hold_s                            the time in band that is asked for
    temperature_c_max, stack_pressure_mpa_max     the envelope drawn in the p-T plot
    <indicator>_min, <indicator>_max  replaces the indicator's default limit

An indicator whose signals or parameters are missing has no value and says what it lacks;
it neither passes nor fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.record import measures
from controller.record.measures import Batch, NotMeasurableError
from controller.record.reader import StoredRecord
from controller.record.series import Series, load_series


@dataclass(frozen=True, slots=True)
class Limit:
    """Bounds of an indicator in its own unit; None is no bound on that side."""

    low: float | None = None
    high: float | None = None

    def holds(self, number: float) -> bool:
        above = self.low is None or number >= self.low
        return above and (self.high is None or number <= self.high)

    def text(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} … {self.high:g}"
        if self.low is not None:
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if self.high is not None else ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One indicator of a batch.

    `passed` is None when there is no limit or no value; `note` says what was missing.
    """

    key: str
    title: str
    unit: str
    definition: str
    value: float | None
    limit: Limit
    passed: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kpis:
    """The indicators of one batch, in the order in which they are shown."""

    entries: tuple[Kpi, ...]

    def __iter__(self) -> Iterator[Kpi]:
        return iter(self.entries)

    def __getitem__(self, key: str) -> Kpi:
        return next(entry for entry in self.entries if entry.key == key)

    @property
    def failed(self) -> tuple[Kpi, ...]:
        return tuple(entry for entry in self.entries if entry.passed is False)


@dataclass(frozen=True, slots=True)
class _Indicator:
    key: str
    title: str
    unit: str
    definition: str
    measure: Callable[[Batch], float]
    limit: Limit = Limit()


_INDICATORS = (
    _Indicator(
        "time_in_band_s",
        "Time in band",
        "s",
        "time in the hold with every zone within 2 K and the pressure within 2 % of its setpoint",
        measures.time_in_band_s,
    ),
    _Indicator(
        "zone_deviation_k_max",
        "Zone deviation",
        "K",
        "largest distance of any zone from the setpoint during soak and hold",
        measures.zone_deviation_k_max,
        Limit(high=2.0),
    ),
    _Indicator(
        "zone_spread_k_max",
        "Uniformity",
        "K",
        "largest difference between two zones during soak and hold",
        measures.zone_spread_k_max,
        Limit(high=2.0),
    ),
    _Indicator(
        "temperature_overshoot_k",
        "Temperature overshoot",
        "K",
        "hottest zone above the highest setpoint of the batch",
        measures.temperature_overshoot_k,
        Limit(high=1.0),
    ),
    _Indicator(
        "pressure_overshoot_fraction",
        "Pressure overshoot",
        "",
        "highest stack pressure above the highest setpoint, as a fraction of it",
        measures.pressure_overshoot_fraction,
        Limit(high=0.02),
    ),
    _Indicator(
        "temperature_ramp_error_fraction",
        "Ramp fidelity, temperature",
        "",
        "RMS of mean zone temperature minus setpoint over the longest rise, by its span",
        measures.temperature_ramp_error_fraction,
        Limit(high=0.02),
    ),
    _Indicator(
        "pressure_ramp_error_fraction",
        "Ramp fidelity, pressure",
        "",
        "RMS of stack pressure minus setpoint over the longest rise, by its span",
        measures.pressure_ramp_error_fraction,
        Limit(high=0.02),
    ),
    _Indicator(
        "pressure_integral_mpa_s",
        "Pressure integral",
        "MPa·s",
        "∫ p dt over the batch",
        measures.pressure_integral_mpa_s,
    ),
    _Indicator(
        "equivalent_time_s",
        "Equivalent time at 100 °C",
        "s",
        "∫ exp(Ea/R · (1/373.15 K − 1/T)) dt with the stack estimate as T,"
        " while p is above 95 % of its highest setpoint",
        measures.equivalent_time_s,
    ),
    _Indicator(
        "density_g_per_cm3",
        "Density",
        "g/cm³",
        "mean of the measured density over the last 10 s of the hold",
        measures.density_g_per_cm3,
    ),
    _Indicator(
        "relative_density_fraction",
        "Relative density D",
        "",
        "density by the true density of the mixture",
        measures.relative_density_fraction,
    ),
    _Indicator(
        "densification_per_decade",
        "Densification slope dD/dlog t",
        "1/decade",
        "least-squares slope of D over log10 of the time in the hold, from 1 s on",
        measures.densification_per_decade,
    ),
    _Indicator(
        "springback_fraction",
        "Springback Δh/h",
        "",
        "thickness when the pressure has fallen below 2 % of its highest setpoint, less the"
        " last thickness above 98 % of it, as a fraction of the latter",
        measures.springback_fraction,
    ),
    _Indicator(
        "tilt_um_max",
        "Tilt",
        "µm",
        "largest tilt of the platens above half of the highest pressure setpoint",
        measures.tilt_um_max,
        Limit(high=30.0),
    ),
    _Indicator(
        "heater_duty_hold_fraction",
        "Heater duty at hold",
        "",
        "mean duty of all zones during the hold; a drift between batches is a fault trend",
        measures.heater_duty_hold_fraction,
    ),
    _Indicator(
        "energy_kwh",
        "Heater energy",
        "kWh",
        "∫ Σ duty · nominal zone power dt",
        measures.energy_kwh,
    ),
    _Indicator(
        "duration_s",
        "Duration",
        "s",
        "from the start of the batch to its last sample",
        measures.duration_s,
    ),
)


def kpis(record: StoredRecord, series: Series | None = None) -> Kpis:
    """All indicators of a record; pass its series when it has been loaded already.

    Raises `RecordError` when the file cannot be read.
    """
    batch = Batch(series or load_series(record), record.header.parameters)
    return Kpis(tuple(_evaluated(indicator, batch) for indicator in _INDICATORS))


def _evaluated(indicator: _Indicator, batch: Batch) -> Kpi:
    number, note = None, ""
    try:
        number = _finite(indicator.measure(batch))
    except NotMeasurableError as reason:
        note = str(reason)
    except ArithmeticError:
        note = "measurements or parameters beyond any plausible range"
    limit = _limit(indicator, batch)
    bounded = number is not None and limit != Limit()
    passed = limit.holds(number) if number is not None and bounded else None
    text = (indicator.key, indicator.title, indicator.unit, indicator.definition)
    return Kpi(*text, number, limit, passed, note)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise OverflowError
    return number


def _limit(indicator: _Indicator, batch: Batch) -> Limit:
    given = batch.parameters.get
    low = given(f"{indicator.key}_min", indicator.limit.low)
    high = given(f"{indicator.key}_max", indicator.limit.high)
    if indicator.key == "time_in_band_s" and low is None and "hold_s" in batch.parameters:
        low = batch.parameters["hold_s"] - measures.SAMPLE_S
    return Limit(low, high)
