"""How each indicator of a WIP batch is measured; see controller.record.measures."""

from __future__ import annotations

import math
from collections.abc import Iterator

from controller.record import measures
from controller.record.measures import Batch, NotMeasurableError, required
from controller.record.series import Column, Series, finite, largest

PRESSURE = "vessel_pressure_mpa"
SETPOINT = "vessel_pressure_setpoint_mpa"
FLUID = "fluid_temperature_c_estimate"
TARGET = "fluid_temperature_target_c"
_RATE_S = 3.0  # a transducer's noise of 0.1 MPa is 0.03 MPa/s over this, and 0.1 over a second
"""Rates are means over so long: a check valve that falls shut is no release."""
_RATE_TOLERANCE_S = 0.05
_SECONDS_PER_MIN = 60.0
_ARRIVED_S = 0.95


def fluid_target(series: Series) -> Column:
    """What pump and hold want of the fluid; NaN elsewhere, and until a phase's own command and
    prediction have arrived."""
    meant = {*series.in_phase("pump", "hold")}
    target: Column = []
    begun_s, before = 0.0, ""
    for i, number in enumerate(series.column(TARGET)):
        if series.phase[i] != before:
            begun_s, before = series.time_s[i], series.phase[i]
        settled = series.time_s[i] - begun_s >= _ARRIVED_S
        target.append(number if settled and i in meant else math.nan)
    return target


def time_in_band_s(batch: Batch) -> float:
    pressure, setpoint = batch.column(PRESSURE), batch.column(SETPOINT)
    fluid, target = batch.column(FLUID), batch.column(TARGET)
    band_fraction = batch.parameter("hold_pressure_band_fraction")
    band_k = batch.parameter("hold_temperature_band_k")

    def in_band(i: int) -> bool:
        warm = abs(fluid[i] - target[i]) <= band_k
        return warm and abs(pressure[i] - setpoint[i]) <= band_fraction * setpoint[i]

    return math.fsum(batch.series.step_s[i] for i in batch.during("hold") if in_band(i))


def fluid_peak_error_k(batch: Batch) -> float:
    fluid, target = batch.column(FLUID), fluid_target(batch.series)
    wanted = largest(finite(target, batch.during("pump")))
    hottest = largest(finite(fluid, batch.during("pump", "hold")))
    lacking = "no target or no good temperature of the fluid while pumping"
    return required(hottest, lacking) - required(wanted, lacking)


def hold_fluid_deviation_k(batch: Batch) -> float:
    fluid, target = batch.column(FLUID), fluid_target(batch.series)
    away = [abs(fluid[i] - target[i]) for i in batch.during("hold")]
    good = [number for number in away if number == number]
    return required(largest(good), "no good temperature of the fluid in the hold")


def hold_pressure_deviation_fraction(batch: Batch) -> float:
    pressure, setpoint = batch.column(PRESSURE), batch.column(SETPOINT)
    away = [
        abs(pressure[i] / setpoint[i] - 1.0)
        for i in batch.during("hold")
        if pressure[i] == pressure[i] and setpoint[i] > 0.0
    ]
    return required(largest(away), "no good pressure in the hold")


def pressure_overshoot_fraction(batch: Batch) -> float:
    return measures.overshoot_fraction(batch, PRESSURE, SETPOINT)


def pressure_ramp_error_fraction(batch: Batch) -> float:
    return measures.ramp_error_fraction(batch.column(PRESSURE), batch.column(SETPOINT))


def release_mpa_per_s(batch: Batch) -> float:
    slow_mpa = batch.parameter("release_slow_below_mpa")
    return _fastest([rate for start_mpa, rate in _falls(batch) if start_mpa > slow_mpa])


def release_slow_mpa_per_s(batch: Batch) -> float:
    slow_mpa = batch.parameter("release_slow_below_mpa")
    return _fastest([rate for start_mpa, rate in _falls(batch) if start_mpa <= slow_mpa])


def _fastest(rates: Column) -> float:
    return max(0.0, required(largest(rates), "the pressure was never that high"))


def _falls(batch: Batch) -> Iterator[tuple[float, float]]:
    """Pressure at the beginning of every three seconds from the first rise on, and its fall
    per second.

    Before that the transducers' zero is taken, which is no release. A span whose
    ends were not measured counts for nothing.
    """
    pressure, time_s = batch.column(PRESSURE), batch.series.time_s
    setpoint = batch.column(SETPOINT)
    first = next((i for i, number in enumerate(setpoint) if number > 0.0), len(setpoint))
    begin = first
    for i in range(first, len(time_s)):
        while time_s[i] - time_s[begin] > _RATE_S + _RATE_TOLERANCE_S:
            begin += 1
        span_s = time_s[i] - time_s[begin]
        fall_mpa = pressure[begin] - pressure[i]
        if span_s >= _RATE_S - _RATE_TOLERANCE_S and fall_mpa == fall_mpa:
            yield pressure[begin], fall_mpa / span_s


def leak_mpa_per_min(batch: Batch) -> float:
    points = [(at_s, left_mpa) for at_s, _, left_mpa in leak_compensated_mpa(batch)]
    return -_SECONDS_PER_MIN * measures.slope(points, "good samples in the hold")


def leak_compensated_mpa(batch: Batch) -> list[tuple[float, float, float]]:
    """Of the (last) hold: seconds since its start, the pressure's change, and what is left of it
    when temperature and pump are taken out. What is left falls by the leak alone."""
    pressure, fluid = batch.column(PRESSURE), batch.column(FLUID)
    delivered = batch.column("delivered_ml")
    per_k = batch.parameter("expansion_mpa_per_k")
    per_ml = batch.parameter("stiffness_mpa_per_ml")
    whole = [
        i
        for i in measures.last_run(batch.during("hold"))
        if pressure[i] == pressure[i] and fluid[i] == fluid[i] and delivered[i] == delivered[i]
    ]
    if not whole:
        raise NotMeasurableError("no good pressure and temperature in the hold")
    start, time_s = whole[0], batch.series.time_s
    changes = []
    for i in whole:
        change_mpa = pressure[i] - pressure[start]
        explained_mpa = per_k * (fluid[i] - fluid[start])
        explained_mpa += per_ml * (delivered[i] - delivered[start])
        changes.append((time_s[i] - time_s[start], change_mpa, change_mpa - explained_mpa))
    return changes


def pressure_integral_mpa_s(batch: Batch) -> float:
    return measures.integral(batch, PRESSURE)


def equivalent_time_s(batch: Batch) -> float:
    return measures.arrhenius_time_s(batch, FLUID, PRESSURE, SETPOINT)


def bag_vacuum_mbar(batch: Batch) -> float:
    _, mbar = _bag_test(batch)
    return mbar[0]


def bag_rise_mbar_per_min(batch: Batch) -> float:
    return _SECONDS_PER_MIN * measures.slope(
        [*zip(*_bag_test(batch), strict=True)], "bag pressures"
    )


def _bag_test(batch: Batch) -> tuple[Column, Column]:
    """Seconds and pressures of the (last) bag test."""
    pressure = batch.column("bag_pressure_mbar")
    good = [i for i in measures.last_run(batch.during("bag")) if pressure[i] == pressure[i]]
    if not good:
        raise NotMeasurableError("no good bag pressure in the test")
    return [batch.series.time_s[i] for i in good], [pressure[i] for i in good]


def h2s_ppm(batch: Batch) -> float:
    columns = [batch.series.column(f"h2s_{place}_ppm") for place in ("purge", "exhaust")]
    readings = [number for column in columns for number in column if number == number]
    return required(largest(readings), "no good reading of hydrogen sulfide")


def needle_gain_ratio(batch: Batch) -> float:
    gain = batch.column("needle_gain_ratio")
    return [number for number in gain if number == number][-1]


def stroke_efficiency_ratio(batch: Batch) -> float:
    efficiency = batch.column("stroke_efficiency_ratio")
    return min(number for number in efficiency if number == number)


def delivered_ml(batch: Batch) -> float:
    return max(number for number in batch.column("delivered_ml") if number == number)


def energy_kwh(batch: Batch) -> float:
    return (
        batch.parameter("jacket_power_w") * measures.integral(batch, "jacket_duty_fraction") / 3.6e6
    )
