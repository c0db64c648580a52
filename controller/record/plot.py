"""The charts of a press batch: what happened over time, where the stack went, how it densified."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from controller.page import chart
from controller.page.chart import DASH, PRESSURE, SETPOINT, STACK
from controller.record import phase_plot
from controller.record.measures import Batch, NotMeasurableError, held_density
from controller.record.phase_plot import HALF_IN, LEFT, MINUTE_S, RIGHT, WIDE_IN
from controller.record.phases import PhaseSpan
from controller.record.profile import PRESS
from controller.record.series import ZONE_TEMPERATURE, Column, Series

_THICKNESS, _DENSITY = "#7c3aed", "#047857"
_CONTACT_MPA = 0.2  # below it the platens do not measure the stack


def timeline(series: Series, spans: Sequence[PhaseSpan], parameters: Mapping[str, float]) -> str:
    """Temperatures, deviation, pressure and thickness on one time axis, phases as bands."""
    with chart.figure(WIDE_IN, 8.6) as figure:
        ratios = (0.26, 2.6, 1.3, 1.9, 1.6)
        strip, *axes = figure.subplots(5, 1, sharex=True, height_ratios=ratios)
        minutes = [at / MINUTE_S for at in series.time_s]
        _temperatures(axes[0], series, minutes)
        _deviations(axes[1], series, minutes)
        _pressures(axes[2], series, minutes)
        _thickness(axes[3], series, minutes)
        phase_plot.phase_bands(strip, axes, spans)
        axes[-1].set_xlabel("time since start of batch [min]")
        figure.align_ylabels(axes)
        figure.subplots_adjust(LEFT, 0.055, RIGHT, 0.995, hspace=0.13)
        return chart.svg(figure, "timeline", "Temperatures, pressure and thickness over time")


def trajectory(series: Series, spans: Sequence[PhaseSpan], parameters: Mapping[str, float]) -> str:
    """The path of the stack through temperature and pressure, with the recipe's limits."""
    with chart.figure(HALF_IN, 4.2) as figure:
        axis = figure.subplots()
        warm, pressure = series.column(PRESS.temperature), series.column(PRESS.pressure)
        phase_plot.path(axis, warm, pressure, spans)
        limit_c, limit_mpa = (
            parameters.get(name) for name in ("temperature_c_max", "stack_pressure_mpa_max")
        )
        phase_plot.envelope(axis, limit_c, limit_mpa)
        axis.set_xlabel("stack temperature, estimate [°C]")
        axis.set_ylabel("stack pressure [MPa]")
        figure.subplots_adjust(0.115, 0.115, 0.97, 0.975)
        return chart.svg(figure, "trajectory", "Stack pressure over stack temperature")


def densification(
    series: Series, spans: Sequence[PhaseSpan], parameters: Mapping[str, float]
) -> str:
    """Density over the batch, and over the logarithm of the time in the hold."""
    with chart.figure(HALF_IN, 4.2) as figure:
        over_time, in_hold = figure.subplots(2, 1)
        _density_over_time(over_time, series, parameters)
        phase_plot.shade(over_time, spans)
        _density_in_hold(in_hold, series, parameters)
        figure.align_ylabels()
        figure.subplots_adjust(0.13, 0.115, 0.97, 0.975, hspace=0.42)
        return chart.svg(figure, "densification", "Density over time and in the hold")


def _zones(series: Series) -> list[tuple[str, Column, str]]:
    names = [name for name in series.columns if ZONE_TEMPERATURE.fullmatch(name)]
    return [
        (f"zone {name.split('_')[1]}", series.column(name), color)
        for name, color in zip(names, cycle(chart.ZONES), strict=False)
    ]


def _temperatures(axis: Axes, series: Series, minutes: Column) -> None:
    for label, zone, color in _zones(series):
        chart.line(axis, minutes, zone, label, color, 1.0)
    stack = series.column("stack_temperature_c_estimate")
    chart.line(axis, minutes, stack, "stack, estimate", STACK, 1.6)
    setpoint = series.column("zone_temperature_setpoint_c")
    chart.line(axis, minutes, setpoint, "setpoint", SETPOINT, 0.9, dashed=True)
    axis.set_ylabel("temperature [°C]")
    chart.key(axis)


def _deviations(axis: Axes, series: Series, minutes: Column) -> None:
    setpoint = series.column("zone_temperature_setpoint_c")
    axis.axhspan(-1.0, 1.0, color=_DENSITY, alpha=0.10, linewidth=0, label="± 1 K")
    axis.axhline(0.0, color=SETPOINT, linewidth=0.9, linestyle=DASH)
    for _, zone, color in _zones(series):
        away = [found - asked for found, asked in zip(zone, setpoint, strict=True)]
        chart.line(axis, minutes, away, None, color, 0.8)
    axis.set_ylim(-3.3, 3.3)
    axis.set_ylabel("zone − setpoint [K]")
    chart.key(axis)


def _pressures(axis: Axes, series: Series, minutes: Column) -> None:
    chart.line(axis, minutes, series.column("stack_pressure_mpa"), "stack", PRESSURE, 1.5)
    setpoint = series.column("stack_pressure_setpoint_mpa")
    chart.line(axis, minutes, setpoint, "setpoint", SETPOINT, 0.9, dashed=True)
    axis.set_ylim(bottom=0.0)
    axis.set_ylabel("pressure [MPa]")
    chart.key(axis)


def _thickness(axis: Axes, series: Series, minutes: Column) -> None:
    pairs = zip(series.column("thickness_mm"), series.column("stack_pressure_mpa"), strict=True)
    pressed = [thick if thick > 0.0 and p > _CONTACT_MPA else math.nan for thick, p in pairs]
    chart.line(axis, minutes, pressed, "stack", _THICKNESS, 1.5)
    axis.set_ylabel("thickness [mm]")
    chart.key(axis)


def _density_over_time(axis: Axes, series: Series, parameters: Mapping[str, float]) -> None:
    density = [rho if rho > 0.0 else math.nan for rho in series.column("density_g_per_cm3")]
    minutes = [at / MINUTE_S for at in series.time_s]
    chart.line(axis, minutes, density, None, _DENSITY, 1.4)
    _density_limits(axis, parameters)
    axis.set_ylabel("density [g/cm³]")
    axis.set_xlabel("time since start of batch [min]")


def _density_limits(axis: Axes, parameters: Mapping[str, float]) -> None:
    low = parameters.get("density_g_per_cm3_min")
    high = parameters.get("density_g_per_cm3_max")
    if low is not None and high is not None:
        axis.axhspan(low, high, color=_DENSITY, alpha=0.10, linewidth=0)
        where = axis.get_yaxis_transform()
        text = f"limits {low:g} … {high:g}"
        axis.text(0.02, high, text, transform=where, va="top", color=_DENSITY, fontsize=8.0)


def _density_in_hold(axis: Axes, series: Series, parameters: Mapping[str, float]) -> None:
    axis.set_xlabel("time in hold [s], logarithmic")
    axis.set_ylabel("density [g/cm³]")
    try:
        held = [(at, rho) for at, rho in held_density(Batch(series, parameters)) if at >= 1.0]
    except NotMeasurableError as reason:
        axis.text(0.5, 0.5, str(reason), ha="center", va="center", transform=axis.transAxes)
        return
    if held:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
        at, rho = ([*column] for column in zip(*held, strict=True))
        axis.plot(at, rho, color=_DENSITY, linewidth=1.2)
