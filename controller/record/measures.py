"""How each indicator is measured. Every function takes a batch and returns one number.

`NotMeasurableError` says which signal, phase or parameter was missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from controller.record.series import (
    HEATER_DUTY,
    ZONE_TEMPERATURE,
    Column,
    Series,
    finite,
    largest,
    mean,
)

SAMPLE_S = 0.1  # a hold may miss its first sample
TEMPERATURE_BAND_K = 2.0
PRESSURE_BAND_FRACTION = 0.02
REFERENCE_K = 373.15
GAS_CONSTANT_J_PER_MOL_K = 8.314462618
KELVIN = 273.15
_RAMP_STEP_MIN = 1e-6  # a setpoint that moves less between two samples stands still


class NotMeasurableError(Exception):
    """Something an indicator needs is not in the record; the text says what."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What indicators are computed from."""

    series: Series
    parameters: Mapping[str, float]

    def parameter(self, name: str) -> float:
        if name not in self.parameters:
            raise NotMeasurableError(f"header has no parameter {name}")
        return self.parameters[name]

    def column(self, name: str) -> Column:
        column = self.series.column(name)
        if not any(number == number for number in column):
            raise NotMeasurableError(f"no good measurement of {name}")
        return column

    def zones(self) -> list[Column]:
        zones = self.series.matching(ZONE_TEMPERATURE)
        if not zones or not self.series.time_s:
            raise NotMeasurableError("no zone temperature in the record")
        return zones

    def duties(self) -> list[Column]:
        duties = self.series.matching(HEATER_DUTY)
        if not duties or not self.series.time_s:
            raise NotMeasurableError("no heater duty in the record")
        return duties

    def during(self, *words: str) -> list[int]:
        found = self.series.in_phase(*words)
        if not found:
            raise NotMeasurableError(f"no phase called {' or '.join(words)}")
        return found

    def setpoint_max(self, name: str) -> float:
        """Highest setpoint of the batch; raises when it never asked for anything."""
        highest = max(number for number in self.column(name) if number == number)
        if highest <= 0.0:
            raise NotMeasurableError(f"{name} was never above zero")
        return highest


def required(number: float | None, lacking: str) -> float:
    if number is None:
        raise NotMeasurableError(lacking)
    return number


def time_in_band_s(batch: Batch) -> float:
    zones, setpoint_c = batch.zones(), batch.column("zone_temperature_setpoint_c")
    pressure, target = (
        batch.column("stack_pressure_mpa"),
        batch.column("stack_pressure_setpoint_mpa"),
    )

    def in_band(i: int) -> bool:
        warm = all(abs(zone[i] - setpoint_c[i]) <= TEMPERATURE_BAND_K for zone in zones)
        return warm and abs(pressure[i] - target[i]) <= PRESSURE_BAND_FRACTION * target[i]

    return math.fsum(batch.series.step_s[i] for i in batch.during("hold") if in_band(i))


def zone_deviation_k_max(batch: Batch) -> float:
    setpoint_c = batch.column("zone_temperature_setpoint_c")
    steady = batch.during("soak", "hold")
    return required(
        largest(
            [
                abs(zone[i] - setpoint_c[i])
                for zone in batch.zones()
                for i in steady
                if zone[i] == zone[i] and setpoint_c[i] == setpoint_c[i]
            ]
        ),
        "no good zone temperature during soak and hold",
    )


def zone_spread_k_max(batch: Batch) -> float:
    zones = batch.zones()
    readings = (
        [zone[i] for zone in zones if zone[i] == zone[i]] for i in batch.during("soak", "hold")
    )
    spreads = [max(at_once) - min(at_once) for at_once in readings if len(at_once) > 1]
    return required(largest(spreads), "fewer than two good zones during soak and hold")


def temperature_overshoot_k(batch: Batch) -> float:
    highest = batch.setpoint_max("zone_temperature_setpoint_c")
    hottest = largest([number for zone in batch.zones() for number in zone if number == number])
    return max(0.0, required(hottest, "no good zone temperature") - highest)


def pressure_overshoot_fraction(batch: Batch) -> float:
    return overshoot_fraction(batch, "stack_pressure_mpa", "stack_pressure_setpoint_mpa")


def overshoot_fraction(batch: Batch, measured: str, setpoint: str) -> float:
    """Highest measurement above the highest setpoint, as a fraction of it."""
    highest = batch.setpoint_max(setpoint)
    peak = max(number for number in batch.column(measured) if number == number)
    return max(0.0, peak - highest) / highest


def temperature_ramp_error_fraction(batch: Batch) -> float:
    zones = batch.zones()
    means = [
        required(mean(good), "") if (good := [z[i] for z in zones if z[i] == z[i]]) else math.nan
        for i in range(len(batch.series.time_s))
    ]
    return ramp_error_fraction(means, batch.column("zone_temperature_setpoint_c"))


def pressure_ramp_error_fraction(batch: Batch) -> float:
    setpoint = batch.column("stack_pressure_setpoint_mpa")
    return ramp_error_fraction(batch.column("stack_pressure_mpa"), setpoint)


def ramp_error_fraction(measured: Column, setpoint: Column) -> float:
    """RMS of their difference over the longest rise of the setpoint, by its span."""
    start, end = _longest_rise(setpoint)
    span = setpoint[end] - setpoint[start]
    squares = [(measured[i] - setpoint[i]) ** 2 for i in range(start, end + 1)]
    good = mean([square for square in squares if square == square])
    return math.sqrt(required(good, "no good measurement during the rise")) / span


def _longest_rise(setpoint: Column) -> tuple[int, int]:
    """First and last sample of the run of rising setpoints with the largest span."""
    best, span, start = (0, 0), 0.0, 0
    for i in range(1, len(setpoint)):
        if not setpoint[i] - setpoint[i - 1] > _RAMP_STEP_MIN:
            start = i
        elif setpoint[i] - setpoint[start] > span:
            best, span = (start, i), setpoint[i] - setpoint[start]
    if span == 0.0:
        raise NotMeasurableError("the setpoint never rose")
    return best


def pressure_integral_mpa_s(batch: Batch) -> float:
    return integral(batch, "stack_pressure_mpa")


def integral(batch: Batch, name: str) -> float:
    """Of a signal over time; what was not measured adds nothing."""
    column, step_s = batch.column(name), batch.series.step_s
    return math.fsum(x * step for x, step in zip(column, step_s, strict=True) if x == x)


def equivalent_time_s(batch: Batch) -> float:
    names = ("stack_temperature_c_estimate", "stack_pressure_mpa", "stack_pressure_setpoint_mpa")
    return arrhenius_time_s(batch, *names)


def arrhenius_time_s(batch: Batch, temperature: str, measured: str, setpoint: str) -> float:
    """Time under at least 95 % of the highest pressure asked for, weighed by Arrhenius."""
    energy_j = 1000.0 * batch.parameter("activation_energy_kj_per_mol")
    warm, pressure = batch.column(temperature), batch.column(measured)
    enough = 0.95 * batch.setpoint_max(setpoint)
    pressed = batch.series.where(lambda i: pressure[i] > enough and warm[i] == warm[i])

    def rate(celsius: float) -> float:
        inverse = 1.0 / REFERENCE_K - 1.0 / (celsius + KELVIN)
        return math.exp(energy_j / GAS_CONSTANT_J_PER_MOL_K * inverse)

    return math.fsum(rate(warm[i]) * batch.series.step_s[i] for i in pressed)


def density_g_per_cm3(batch: Batch) -> float:
    density, time_s, hold = (
        batch.column("density_g_per_cm3"),
        batch.series.time_s,
        batch.during("hold"),
    )
    last = [density[i] for i in hold if time_s[i] > time_s[hold[-1]] - 10.0 and density[i] > 0.0]
    return required(mean(last), "density was not measurable at the end of the hold")


def relative_density_fraction(batch: Batch) -> float:
    return density_g_per_cm3(batch) / batch.parameter("true_density_g_per_cm3")


def densification_per_decade(batch: Batch) -> float:
    true_density = batch.parameter("true_density_g_per_cm3")
    points = [(math.log10(t), rho / true_density) for t, rho in held_density(batch) if t >= 1.0]
    return slope(points, "densities in the hold")


def held_density(batch: Batch) -> list[tuple[float, float]]:
    """Seconds since the start of the (last) hold and the density measured then."""
    density, time_s, hold = (
        batch.column("density_g_per_cm3"),
        batch.series.time_s,
        batch.during("hold"),
    )
    last = last_run(hold)
    start_s = time_s[last[0]]
    return [(time_s[i] - start_s, density[i]) for i in last if density[i] > 0.0]


def last_run(at: Sequence[int]) -> Sequence[int]:
    """The last indices that follow one another without a gap."""
    start = 0
    for place, (before, after) in enumerate(pairwise(at), start=1):
        if after != before + 1:
            start = place
    return at[start:]


def slope(points: Sequence[tuple[float, float]], of: str) -> float:
    """Least squares."""
    x_mean = mean([x for x, _ in points])
    y_mean = mean([y for _, y in points])
    if x_mean is None or y_mean is None or len(points) < 10:
        raise NotMeasurableError(f"fewer than 10 {of}")
    spread = math.fsum((x - x_mean) ** 2 for x, _ in points)
    return math.fsum((x - x_mean) * (y - y_mean) for x, y in points) / spread


def springback_fraction(batch: Batch) -> float:
    thickness, pressure = batch.column("thickness_mm"), batch.column("stack_pressure_mpa")
    highest = batch.setpoint_max("stack_pressure_setpoint_mpa")
    loaded = [
        i for i in batch.series.where(lambda i: pressure[i] > 0.98 * highest) if thickness[i] > 0
    ]
    if not loaded:
        raise NotMeasurableError("no thickness under full pressure")
    free = next(
        (i for i in range(loaded[-1], len(thickness)) if pressure[i] < 0.02 * highest), None
    )
    if free is None or not thickness[free] > 0:
        raise NotMeasurableError("no thickness after release")
    return thickness[free] / thickness[loaded[-1]] - 1.0


def tilt_um_max(batch: Batch) -> float:
    tilt, pressure = batch.column("tilt_um"), batch.column("stack_pressure_mpa")
    half = 0.5 * batch.setpoint_max("stack_pressure_setpoint_mpa")
    pressed = batch.series.where(lambda i: pressure[i] > half)
    return required(largest([abs(t) for t in finite(tilt, pressed)]), "no tilt under pressure")


def heater_duty_hold_fraction(batch: Batch) -> float:
    hold = batch.during("hold")
    duties = [number for duty in batch.duties() for number in finite(duty, hold)]
    return required(mean(duties), "no heater duty during the hold")


def energy_kwh(batch: Batch) -> float:
    step_s = batch.series.step_s
    joules = 0.0
    for zone, duty in enumerate(batch.duties(), start=1):
        power_w = batch.parameter(f"zone_{zone}_power_w")
        joules += power_w * math.fsum(
            d * step for d, step in zip(duty, step_s, strict=True) if d == d
        )
    return joules / 3.6e6


def duration_s(batch: Batch) -> float:
    if not batch.series.time_s:
        raise NotMeasurableError("the record has no sample")
    return batch.series.time_s[-1]
