"""The charts of a WIP batch: what happened over time, how the fluid went up the isentrope, and
what the pressure lost in the hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from controller.page import chart
from controller.page.chart import DASH, LIMIT, MUTED, PRESSURE, SETPOINT, STACK
from controller.record import phase_plot
from controller.record.measures import Batch, NotMeasurableError
from controller.record.phase_plot import HALF_IN, LEFT, MINUTE_S, RIGHT, WIDE_IN
from controller.record.phases import PhaseSpan
from controller.record.series import Column, Series
from controller.record.wip_measures import (
    FLUID,
    fluid_target,
    leak_compensated_mpa,
)
from controller.record.wip_measures import (
    PRESSURE as VESSEL,
)
from controller.record.wip_measures import (
    SETPOINT as ASKED,
)

Parameters = Mapping[str, float]
_GOOD = "#047857"
_WALL, _JACKET, _PEAK, _BAG = "#8f5f00", "#e6bd57", "#7c3aed", "#0b7285"
_DEVIATION_PERCENT = 2.0
_JUDGED_FRACTION = 0.1  # of the highest setpoint; a deviation from less is noise
_PRESSED = re.compile(r"\b(pump|hold|decompress|aborting)\b")
_ISENTROPE = re.compile(r"isentrope_(\d+)_mpa")


def timeline(series: Series, spans: Sequence[PhaseSpan], parameters: Parameters) -> str:
    """Temperatures, pressure and the bag's vacuum on one time axis, phases as bands."""
    with chart.figure(WIDE_IN, 6.4) as figure:
        strip, *axes = figure.subplots(4, 1, sharex=True, height_ratios=(0.26, 2.2, 1.7, 1.3))
        minutes = [at / MINUTE_S for at in series.time_s]
        _temperatures(axes[0], series, minutes)
        _pressures(axes[1], series, minutes)
        _bag(axes[2], series, minutes)
        phase_plot.phase_bands(strip, axes, spans)
        axes[-1].set_xlabel("time since start of batch [min]")
        figure.align_ylabels(axes)
        figure.subplots_adjust(LEFT, 0.075, RIGHT, 0.995, hspace=0.13)
        return chart.svg(figure, "timeline", "Temperatures, pressure and bag vacuum over time")


def pressing(series: Series, spans: Sequence[PhaseSpan], parameters: Parameters) -> str:
    """The same from the first pumping to the end of the release, with the band of the fluid."""
    with chart.figure(WIDE_IN, 6.4) as figure:
        strip, *axes = figure.subplots(4, 1, sharex=True, height_ratios=(0.26, 2.2, 1.7, 1.3))
        pressed = [span for span in spans if _PRESSED.search(span.name)]
        at = range(pressed[0].first, pressed[-1].after) if pressed else range(0)
        part = _part(series, at)
        minutes = [at_s / MINUTE_S for at_s in part.time_s]
        _fluid(axes[0], part, minutes, parameters)
        _pressures(axes[1], part, minutes)
        _deviation(axes[2], part, minutes, parameters)
        if pressed:
            inside = spans[pressed[0].number - 1 : pressed[-1].number]
            phase_plot.phase_bands(strip, axes, inside, pressed[0].start_s)
        axes[-1].set_xlabel("time since start of batch [min]")
        figure.align_ylabels(axes)
        figure.subplots_adjust(LEFT, 0.075, RIGHT, 0.995, hspace=0.13)
        return chart.svg(figure, "pressing", "Fluid temperature and pressure while pressing")


def trajectory(series: Series, spans: Sequence[PhaseSpan], parameters: Parameters) -> str:
    """The path of the fluid through temperature and pressure, between isentropes and limits."""
    with chart.figure(HALF_IN, 4.2) as figure:
        axis = figure.subplots()
        pressed = [span for span in spans if _PRESSED.search(span.name)]
        phase_plot.path(axis, series.column(FLUID), series.column(VESSEL), pressed)
        _isentropes(axis, parameters)
        limit_c, limit_mpa = (
            parameters.get(name) for name in ("temperature_c_max", "pressure_mpa_max")
        )
        phase_plot.envelope(axis, limit_c, limit_mpa)
        axis.set_xlabel("fluid temperature, estimate [°C]")
        axis.set_ylabel("vessel pressure [MPa]")
        figure.subplots_adjust(0.115, 0.115, 0.97, 0.975)
        return chart.svg(figure, "trajectory", "Vessel pressure over fluid temperature")


def tightness(series: Series, spans: Sequence[PhaseSpan], parameters: Parameters) -> str:
    """What the pressure did in the hold, and what is left of it without temperature and pump."""
    with chart.figure(HALF_IN, 4.2) as figure:
        axis = figure.subplots()
        axis.set_xlabel("time in hold [s]")
        axis.set_ylabel("change of pressure [MPa]")
        try:
            changes = leak_compensated_mpa(Batch(series, parameters))
        except NotMeasurableError as reason:
            axis.text(0.5, 0.5, str(reason), ha="center", va="center", transform=axis.transAxes)
        else:
            at_s, measured, compensated = ([*column] for column in zip(*changes, strict=True))
            chart.line(axis, at_s, measured, "measured", PRESSURE, 1.2)
            chart.line(axis, at_s, compensated, "without temperature and pump", _GOOD, 1.4)
            axis.legend(loc="best")
        figure.subplots_adjust(0.13, 0.115, 0.97, 0.975)
        return chart.svg(figure, "tightness", "Measured and leak-compensated pressure in the hold")


def _part(series: Series, at: range) -> Series:
    """Some samples that follow one another."""
    part = slice(at.start, at.stop)
    columns = {name: column[part] for name, column in series.columns.items()}
    return Series(series.time_s[part], series.step_s[part], series.phase[part], columns)


def _positive(column: Column) -> Column:
    return [number if number > 0.0 else math.nan for number in column]


def _temperatures(axis: Axes, series: Series, minutes: Column) -> None:
    chart.line(axis, minutes, series.column("jacket_temperature_c"), "jacket", _JACKET, 1.0)
    wall = series.column("wall_temperature_c_estimate")
    chart.line(axis, minutes, wall, "wall, estimate", _WALL, 1.2)
    chart.line(axis, minutes, series.column(FLUID), "fluid, estimate", STACK, 1.6)
    target = fluid_target(series)
    chart.line(axis, minutes, target, "fluid, target", SETPOINT, 0.9, dashed=True)
    axis.set_ylabel("temperature [°C]")
    chart.key(axis)


def _fluid(axis: Axes, series: Series, minutes: Column, parameters: Parameters) -> None:
    target = fluid_target(series)
    band_k = parameters.get("hold_temperature_band_k")
    if band_k is not None and any(number == number for number in target):
        low, high = ([number + sign * band_k for number in target] for sign in (-1.0, 1.0))
        axis.fill_between(
            minutes, low, high, color=_GOOD, alpha=0.10, linewidth=0, label=f"± {band_k:g} K"
        )
    wall = series.column("wall_temperature_c_estimate")
    chart.line(axis, minutes, wall, "wall, estimate", _WALL, 1.2)
    foretold = series.column("fluid_temperature_c_predicted")
    peak = [number if at == at else at for number, at in zip(foretold, target, strict=True)]
    chart.line(axis, minutes, peak, "predicted peak", _PEAK, 1.0)
    chart.line(axis, minutes, series.column(FLUID), "fluid, estimate", STACK, 1.6)
    chart.line(axis, minutes, target, "fluid, target", SETPOINT, 0.9, dashed=True)
    axis.set_ylabel("temperature [°C]")
    chart.key(axis)


def _pressures(axis: Axes, series: Series, minutes: Column) -> None:
    chart.line(axis, minutes, series.column(VESSEL), "vessel", PRESSURE, 1.5)
    setpoint = series.column(ASKED)
    chart.line(axis, minutes, setpoint, "setpoint", SETPOINT, 0.9, dashed=True)
    axis.set_ylim(bottom=0.0)
    axis.set_ylabel("pressure [MPa]")
    chart.key(axis)


def _deviation(axis: Axes, series: Series, minutes: Column, parameters: Parameters) -> None:
    band_fraction = parameters.get("hold_pressure_band_fraction")
    if band_fraction is not None:
        percent = 100.0 * band_fraction
        axis.axhspan(
            -percent, percent, color=_GOOD, alpha=0.10, linewidth=0, label=f"± {percent:g} %"
        )
    axis.axhline(0.0, color=SETPOINT, linewidth=0.9, linestyle=DASH)
    asked = series.column(ASKED)
    enough = _JUDGED_FRACTION * max((number for number in asked if number == number), default=0.0)
    asked = [number if number > enough else math.nan for number in asked]
    pairs = zip(series.column(VESSEL), asked, strict=True)
    away = [100.0 * (found / setpoint - 1.0) for found, setpoint in pairs]
    chart.line(axis, minutes, away, None, PRESSURE, 0.9)
    axis.set_ylim(-_DEVIATION_PERCENT, _DEVIATION_PERCENT)
    axis.set_ylabel("p − setpoint [%]")
    chart.key(axis)


def _bag(axis: Axes, series: Series, minutes: Column) -> None:
    bag = _positive(series.column("bag_pressure_mbar"))
    chart.line(axis, minutes, bag, "bag", _BAG, 1.2)
    if axis.lines:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda mbar, _: f"{mbar:g}"))
    axis.set_ylabel("bag [mbar]")
    chart.key(axis)


def _isentropes(axis: Axes, parameters: Parameters) -> None:
    """Pumping without the wall would follow one of these: what begins to the right of the second
    ends above the limit."""
    matches = (_ISENTROPE.fullmatch(name) for name in parameters)
    points = sorted(int(match[1]) for match in matches if match)
    pressure = [parameters[f"isentrope_{n}_mpa"] for n in points]
    for end, color in (("target", MUTED), ("limit", LIMIT)):
        warm = [parameters.get(f"isentrope_{n}_{end}_c", math.nan) for n in points]
        if any(number == number for number in warm):
            axis.plot(
                warm, pressure, color=color, linewidth=0.9, linestyle=DASH,
                label=f"isentrope to {end}",
            )  # fmt: skip
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", bbox_to_anchor=(0.0, 0.9))
