"""The charts of a batch: what happened over time, where the stack went, how it densified."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from controller.page import chart
from controller.page.chart import DASH, LIMIT, PRESSURE, SETPOINT, STACK
from controller.record.measures import Batch, NotMeasurableError, held_density
from controller.record.phases import PhaseSpan
from controller.record.series import ZONE_TEMPERATURE, Column, Series

_WIDE_IN, _HALF_IN = 10.0, 5.0
_LEFT, _RIGHT = 0.072, 0.878
_LETTER_IN = 0.068
_MINUTE_S = 60.0
_CONTACT_MPA = 0.2  # below it the platens do not measure the stack
_MOVED_MIN = 3.0  # kelvin and MPa together; a phase that moved less is not named
_BANDS = ("#ffffff", "#f1f4f8")
_THICKNESS, _DENSITY = "#7c3aed", "#047857"
_STRIP = ("#e9eef4", "#d3dce6")
_PATH = ("#5f6b7a", "#d9480f", "#e8a33d", "#1d4ed8", "#7c3aed", "#0b7285", "#047857", "#be4b7b")
_NOTE: dict[str, Any] = {
    "color": LIMIT,
    "fontsize": 8.0,
    "ha": "center",
    "va": "center",
    "textcoords": "offset points",
}


def timeline(series: Series, spans: Sequence[PhaseSpan]) -> str:
    """Temperatures, deviation, pressure and thickness on one time axis, phases as bands."""
    with chart.figure(_WIDE_IN, 8.6) as figure:
        ratios = (0.26, 2.6, 1.3, 1.9, 1.6)
        strip, *axes = figure.subplots(5, 1, sharex=True, height_ratios=ratios)
        minutes = [at / _MINUTE_S for at in series.time_s]
        _temperatures(axes[0], series, minutes)
        _deviations(axes[1], series, minutes)
        _pressures(axes[2], series, minutes)
        _thickness(axes[3], series, minutes)
        _phase_bands(strip, axes, spans)
        axes[-1].set_xlabel("time since start of batch [min]")
        figure.align_ylabels(axes)
        figure.subplots_adjust(_LEFT, 0.055, _RIGHT, 0.995, hspace=0.13)
        return chart.svg(figure, "timeline", "Temperatures, pressure and thickness over time")


def trajectory(series: Series, spans: Sequence[PhaseSpan], parameters: Mapping[str, float]) -> str:
    """The path of the stack through temperature and pressure, with the recipe's limits."""
    with chart.figure(_HALF_IN, 4.2) as figure:
        axis = figure.subplots()
        _path(axis, series, spans)
        _envelope(axis, parameters)
        axis.set_xlabel("stack temperature, estimate [°C]")
        axis.set_ylabel("stack pressure [MPa]")
        figure.subplots_adjust(0.115, 0.115, 0.97, 0.975)
        return chart.svg(figure, "trajectory", "Stack pressure over stack temperature")


def densification(
    series: Series, spans: Sequence[PhaseSpan], parameters: Mapping[str, float]
) -> str:
    """Density over the batch, and over the logarithm of the time in the hold."""
    with chart.figure(_HALF_IN, 4.2) as figure:
        over_time, in_hold = figure.subplots(2, 1)
        _density_over_time(over_time, series, parameters)
        _shade(over_time, spans)
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


def _phase_bands(strip: Axes, axes: Sequence[Axes], spans: Sequence[PhaseSpan]) -> None:
    strip.set_axis_off()
    if not spans:
        return
    whole_min = max(spans[-1].end_s / _MINUTE_S, 1e-3)
    strip.set_xlim(0.0, whole_min)
    letter_min = whole_min * _LETTER_IN / (_WIDE_IN * (_RIGHT - _LEFT))
    for span in spans:
        start_min, end_min = span.start_s / _MINUTE_S, span.end_s / _MINUTE_S
        shade = _STRIP[span.number % 2]
        strip.add_patch(Rectangle((start_min, 0.0), end_min - start_min, 1.0, color=shade, lw=0))
        _phase_label(strip, span, letter_min)
    for axis in axes:
        _shade(axis, spans)


def _phase_label(strip: Axes, span: PhaseSpan, letter_min: float) -> None:
    """The phase's number and name, or its number, or nothing, as room allows."""
    for label in (f"{span.number} {span.name}", str(span.number)):
        if len(label) * letter_min <= span.duration_s / _MINUTE_S:
            middle = (span.start_s + span.end_s) / 2.0 / _MINUTE_S
            strip.text(middle, 0.44, label, ha="center", va="center", fontsize=8.0)
            return


def _shade(axis: Axes, spans: Sequence[PhaseSpan]) -> None:
    for span in spans:
        start_min, end_min = span.start_s / _MINUTE_S, span.end_s / _MINUTE_S
        axis.axvspan(start_min, end_min, color=_BANDS[span.number % 2], zorder=-10, linewidth=0)


def _path(axis: Axes, series: Series, spans: Sequence[PhaseSpan]) -> None:
    warm = series.column("stack_temperature_c_estimate")
    pressure = series.column("stack_pressure_mpa")
    colors = cycle(_PATH)
    for span in spans:
        at = range(span.first, min(span.after + 1, len(warm)))
        moved = _extent([warm[i] for i in at]) + _extent([pressure[i] for i in at])
        label = f"{span.number} {span.name}" if moved > _MOVED_MIN else None
        color = next(colors) if label else chart.MUTED
        kept = [*at[:: max(1, len(at) // 200)], *at[-1:]]
        x, y = [warm[i] for i in kept], [pressure[i] for i in kept]
        axis.plot(x, y, color=color, linewidth=1.8, label=label)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="center", title="phase", alignment="left")


def _extent(numbers: Sequence[float]) -> float:
    good = [number for number in numbers if number == number]
    return max(good) - min(good) if good else 0.0


def _envelope(axis: Axes, parameters: Mapping[str, float]) -> None:
    """The limits as lines with their text inside the allowed side; both always in view."""
    temperature_c = parameters.get("temperature_c_max")
    pressure_mpa = parameters.get("stack_pressure_mpa_max")
    if temperature_c is not None:
        axis.axvline(temperature_c, color=LIMIT, linewidth=1.0, linestyle=DASH)
        at, frame = (temperature_c, 0.5), axis.get_xaxis_transform()
        axis.annotate(
            f"limit {temperature_c:g} °C", at, (-7, 0), xycoords=frame, rotation=90, **_NOTE
        )
    if pressure_mpa is not None:
        axis.axhline(pressure_mpa, color=LIMIT, linewidth=1.0, linestyle=DASH)
        at, frame = (0.5, pressure_mpa), axis.get_yaxis_transform()
        axis.annotate(f"limit {pressure_mpa:g} MPa", at, (0, 6), xycoords=frame, **_NOTE)
    axis.margins(x=0.06, y=0.06)
    axis.autoscale_view()


def _density_over_time(axis: Axes, series: Series, parameters: Mapping[str, float]) -> None:
    density = [rho if rho > 0.0 else math.nan for rho in series.column("density_g_per_cm3")]
    minutes = [at / _MINUTE_S for at in series.time_s]
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
