"""The pictures of a run: the whole of it, and the moments around the fault at every tick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from controller.page import chart
from controller.page.chart import INK, LIMIT, MUTED, SETPOINT
from hil.scenarios.course import Course
from hil.scenarios.verdict import Verdict, reaction_of

_FAULT, _REACTION, _TRUE, _LANE = "#d97706", "#047857", "#8aa4ea", "#5f7c9e"
_POINTS = ("#1d4ed8", "#7c3aed", "#0b7285")
_STRIP = ("#e9eef4", "#d3dce6")
_WIDE_IN = 10.0
_LEFT, _RIGHT = 0.15, 0.865
_FOOT_IN, _TOP_IN = 0.45, 0.1
_LABELS_IN = 0.55  # room above the picture around the fault
_CLOSE_BEFORE_S = 0.5
_LANES = (
    ("contactor_top", "contactor top"),
    ("contactor_bottom", "contactor bottom"),
    ("pump", "pump"),
    ("load_holding_valve_open", "load holding open"),
    ("approach_valve", "approach valve"),
    ("dump_valve", "dump valve"),
    ("cooling_water_top", "water top"),
    ("cooling_water_bottom", "water bottom"),
    ("contactor_jacket", "contactor jacket"),
    ("decompression_valve", "decompression"),
    ("fill_valve", "fill"),
    ("vent_valve", "vent"),
    ("lid_unlock", "lid unlock"),
)


# ---- the whole run ------------------------------------------------------------------------------


def whole(course: Course, verdict: Verdict) -> str:
    """Temperatures, pressures and outputs of the whole run, as an SVG element."""
    with chart.figure(_WIDE_IN, 8.2) as figure:
        strip, heat, press, lanes = figure.subplots(
            4, 1, sharex=True, height_ratios=(0.26, 2.2, 2.2, 2.3)
        )
        _temperatures(heat, course)
        _pressures(press, course)
        _outputs(lanes, course, 0.0, course.end_s)
        lanes.set_title("outputs at the plant", loc="left", fontsize=8.5, pad=3.0)
        _phases(strip, course)
        axes = (heat, press, lanes)
        for axis in axes:
            _marks(axis, course, verdict)
        lanes.set_xlim(0.0, max(course.end_s, course.tick_s))
        return _finished(figure, axes, "whole", "Temperatures, pressures and outputs of the run")


def _finished(
    figure: Figure, axes: Sequence[Axes], name: str, title: str, top_in: float = _TOP_IN
) -> str:
    axes[-1].set_xlabel("machine time [s]")
    height_in = figure.get_figheight()
    foot, top = _FOOT_IN / height_in, 1.0 - top_in / height_in
    figure.subplots_adjust(_LEFT, foot, _RIGHT, top, hspace=0.2)
    return chart.svg(figure, name, title)


def _temperatures(axis: Axes, course: Course) -> None:
    zones = [f"zone_{i + 1}_temperature_c" for i in range(len(chart.ZONES))]
    for name, color in zip(zones, chart.ZONES, strict=True):
        if name in course.columns:
            label = f"zone {name.split('_')[1]}"
            chart.line(axis, course.time_s, course.columns[name], label, color, 1.0)
    _column(axis, course, "true jacket_temperature_c", "jacket, true", chart.ZONES[2], width=1.0)
    _column(axis, course, "true wall_temperature_c", "wall, true", chart.ZONES[4], width=1.0)
    _column(axis, course, "true fluid_temperature_c", "fluid, true", _TRUE, width=3.0)
    _column(axis, course, "fluid_temperature_c_estimate", "fluid, estimate", chart.PRESSURE)
    _column(axis, course, "true stack_temperature_c", "stack, true", chart.STACK)
    _column(axis, course, "zone_temperature_setpoint_c", "setpoint", SETPOINT, dashed=True)
    axis.set_ylabel("temperature [°C]")
    chart.key(axis)


def _pressures(axis: Axes, course: Course) -> None:
    """Of a WIP the vessel's; what its bag lets through to the stack beside it."""
    _column(axis, course, "true vessel_pressure_mpa", "vessel, true", _TRUE, width=3.0)
    _column(axis, course, "vessel_pressure_mpa", "vessel, measured", chart.PRESSURE)
    _column(axis, course, "vessel_pressure_setpoint_mpa", "setpoint", SETPOINT, dashed=True)
    in_vessel = "true vessel_pressure_mpa" in course.columns
    true = {"color": chart.STACK} if in_vessel else {"color": _TRUE, "width": 3.0}
    _column(axis, course, "true stack_pressure_mpa", "stack, true", **true)
    _column(axis, course, "stack_pressure_mpa", "stack, measured", chart.PRESSURE)
    _column(axis, course, "stack_pressure_setpoint_mpa", "setpoint", SETPOINT, dashed=True)
    limit_mpa = course.limits.get("pressure_mpa_max")
    if limit_mpa is not None:
        axis.axhline(limit_mpa, color=LIMIT, linewidth=0.9, linestyle=chart.DASH, label="limit")
    axis.set_ylim(bottom=0.0)
    axis.set_ylabel("pressure [MPa]")
    chart.key(axis)


def _column(axis: Axes, course: Course, name: str, label: str, color: str, **how: Any) -> None:
    """A signal; a setpoint only after the gate, where it begins to mean something."""
    if name not in course.columns:
        return
    first = course.phases.count("gate") if "setpoint" in name else 0
    chart.line(axis, course.time_s[first:], course.columns[name][first:], label, color, **how)


def _outputs(axis: Axes, course: Course, begin_s: float, end_s: float) -> None:
    """What the plant has on its outputs, one lane each; the heaters as one."""
    heaters = course.bits_of([name for name in course.output_names if name.endswith("_ssr")])
    lanes = [("heaters, any", heaters)]
    lanes += [(label, course.bits_of([name])) for name, label in _LANES]
    used = [(label, mask) for label, mask in lanes if any(e.bits & mask for e in course.edges)]
    for row, (_, mask) in enumerate(used):
        spans = [(a, b - a) for a, b in _on_spans(course, mask, begin_s, end_s)]
        axis.broken_barh(spans, (row - 0.36, 0.72), facecolors=_LANE, linewidth=0)
    axis.set_yticks(range(len(used)), [label for label, _ in used])
    axis.set_ylim(len(used) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)


def _on_spans(course: Course, mask: int, begin_s: float, end_s: float) -> list[tuple[float, float]]:
    """When any of these bits was on, within the window."""
    spans: list[tuple[float, float]] = []
    since_s: float | None = None
    for edge in course.edges:
        if edge.bits & mask and since_s is None:
            since_s = edge.time_s
        elif not edge.bits & mask and since_s is not None:
            spans.append((since_s, edge.time_s))
            since_s = None
    if since_s is not None:
        spans.append((since_s, max(course.end_s, since_s)))
    return [(max(a, begin_s), min(b, end_s)) for a, b in spans if b > begin_s and a < end_s]


def _phases(strip: Axes, course: Course) -> None:
    strip.set_axis_off()
    begin = 0
    shade = 0
    for i in range(1, len(course.phases) + 1):
        if i < len(course.phases) and course.phases[i] == course.phases[begin]:
            continue
        last_s = course.time_s[i] if i < len(course.phases) else course.end_s
        first_s, name = course.time_s[begin], course.phases[begin]
        strip.axvspan(first_s, last_s, color=_STRIP[shade % 2], linewidth=0)
        if (last_s - first_s) / max(course.end_s, 1e-9) > 0.0095 * len(name):
            middle_s = (first_s + last_s) / 2.0
            strip.text(middle_s, 0.45, name, ha="center", va="center", fontsize=8.0)
        begin, shade = i, shade + 1


def _marks(axis: Axes, course: Course, verdict: Verdict) -> None:
    for mark in course.marks:
        until_s = course.end_s if mark.ended_s is None else mark.ended_s
        width_s = max(until_s - mark.begun_s, course.tick_s)
        axis.axvspan(mark.begun_s, mark.begun_s + width_s, color=_FAULT, alpha=0.13, linewidth=0)
        axis.axvline(mark.begun_s, color=_FAULT, linewidth=0.9)
    fault_s = course.fault_s
    if fault_s is None:
        return
    if verdict.within_s is not None:
        at_s = fault_s + verdict.within_s
        axis.axvline(at_s, color=LIMIT, linewidth=1.1, linestyle=chart.DASH)
    if verdict.reaction_s is not None:
        axis.axvline(fault_s + verdict.reaction_s, color=_REACTION, linewidth=1.4)


# ---- around the fault ---------------------------------------------------------------------------


def around(course: Course, verdict: Verdict) -> str:
    """What was read and put out around the fault; empty for a run without one."""
    fault_s = course.fault_s
    if fault_s is None or not course.close_s:
        return ""
    begin_s, end_s = _close_window(course, verdict, fault_s)
    signals = list(course.close)
    height_in = 2.6 + 1.5 * len(signals[:3])
    with chart.figure(_WIDE_IN, height_in) as figure:
        ratios = [1.5] * len(signals[:3]) + [2.2]
        grid = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)
        axes: list[Axes] = [row[0] for row in grid]
        for axis, name, color in zip(axes, signals, _POINTS, strict=False):
            numbers = [v if math.isfinite(v) else math.nan for v in course.close[name]]
            axis.plot(course.close_s, numbers, color=color, linewidth=1.2, drawstyle="steps-post")
            axis.set_ylabel(_short(name))
        _outputs(axes[-1], course, begin_s, end_s)
        for axis in axes:
            _marks(axis, course, verdict)
        axes[-1].set_xlim(begin_s, end_s)
        _label_times(axes[0], course, verdict, fault_s)
        _events(axes[-1], course, begin_s, end_s)
        return _finished(figure, axes, "close", "Readings and outputs around the fault", _LABELS_IN)


def _close_window(course: Course, verdict: Verdict, fault_s: float) -> tuple[float, float]:
    wanted = [2.0 * (verdict.reaction_s or 0.0), 1.25 * (verdict.within_s or 0.0), 1.0]
    return fault_s - _CLOSE_BEFORE_S, min(course.close_s[-1], fault_s + max(wanted))


def _short(name: str) -> str:
    """As the wire carries it: a current loop in mA."""
    loops = ("_pressure_bar", "_force_kn")
    for loop in loops:
        if name.endswith(loop):
            return f"{name.removesuffix(loop).replace('_', ' ')}\n[mA]"
    head, _, unit = name.rpartition("_")
    return (
        f"{head.removesuffix('_temperature').replace('_', ' ')}\n[{'°C' if unit == 'c' else unit}]"
    )


def _label_times(axis: Axes, course: Course, verdict: Verdict, fault_s: float) -> None:
    labels = [(fault_s, "fault", _FAULT, 0)]
    if verdict.reaction_s is not None:
        labels.append(
            (fault_s + verdict.reaction_s, f"reaction {verdict.reaction_s:.2f} s", _REACTION, 1)
        )
    if verdict.within_s is not None:
        labels.append((fault_s + verdict.within_s, f"limit {verdict.within_s:g} s", LIMIT, 2))
    low_s, high_s = axis.get_xlim()
    for at_s, text, color, step in labels:
        if low_s <= at_s <= high_s:
            axis.annotate(
                text, (at_s, 1.0), (2, 5 + 11 * step), xycoords=axis.get_xaxis_transform(),
                textcoords="offset points", color=color, fontsize=8.0,
            )  # fmt: skip


def _events(axis: Axes, course: Course, begin_s: float, end_s: float) -> None:
    """Where the controller said what it does; the words are in the table below."""
    for note in course.notes:
        if begin_s <= note.time_s <= end_s and reaction_of(note) is not None:
            axis.plot(
                [note.time_s], [1.0], marker="v", color=MUTED, markersize=5,
                transform=axis.get_xaxis_transform(), clip_on=False,
            )  # fmt: skip
    axis.plot([], [], marker="v", color=MUTED, linestyle="", label="event", markersize=5)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), labelcolor=INK)
