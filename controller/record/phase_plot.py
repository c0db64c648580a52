"""Phases on a chart: as bands over time, and as a path through temperature and pressure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from controller.page import chart
from controller.page.chart import DASH, LIMIT
from controller.record.phases import PhaseSpan
from controller.record.series import Column

WIDE_IN, HALF_IN = 10.0, 5.0
LEFT, RIGHT = 0.072, 0.878
MINUTE_S = 60.0
_LETTER_IN = 0.068
_MOVED_MIN = 3.0  # kelvin and MPa together; a phase that moved less is not named
_BANDS = ("#ffffff", "#f1f4f8")
_STRIP = ("#e9eef4", "#d3dce6")
_PATH = ("#5f6b7a", "#d9480f", "#e8a33d", "#1d4ed8", "#7c3aed", "#0b7285", "#047857", "#be4b7b")
_NOTE: dict[str, Any] = {
    "color": LIMIT,
    "fontsize": 8.0,
    "ha": "center",
    "va": "center",
    "textcoords": "offset points",
}


def phase_bands(
    strip: Axes, axes: Sequence[Axes], spans: Sequence[PhaseSpan], begin_s: float = 0.0
) -> None:
    """Phases as bands behind the axes, with their names on a strip of their own."""
    strip.set_axis_off()
    if not spans:
        return
    begin_min = begin_s / MINUTE_S
    whole_min = max(spans[-1].end_s / MINUTE_S - begin_min, 1e-3)
    strip.set_xlim(begin_min, begin_min + whole_min)
    letter_min = whole_min * _LETTER_IN / (WIDE_IN * (RIGHT - LEFT))
    for span in spans:
        start_min, end_min = span.start_s / MINUTE_S, span.end_s / MINUTE_S
        ground = _STRIP[span.number % 2]
        strip.add_patch(Rectangle((start_min, 0.0), end_min - start_min, 1.0, color=ground, lw=0))
        _phase_label(strip, span, letter_min)
    for axis in axes:
        shade(axis, spans)


def _phase_label(strip: Axes, span: PhaseSpan, letter_min: float) -> None:
    """The phase's number and name, or its number, or nothing, as room allows."""
    for label in (f"{span.number} {span.name}", str(span.number)):
        if len(label) * letter_min <= span.duration_s / MINUTE_S:
            middle = (span.start_s + span.end_s) / 2.0 / MINUTE_S
            strip.text(middle, 0.44, label, ha="center", va="center", fontsize=8.0)
            return


def shade(axis: Axes, spans: Sequence[PhaseSpan]) -> None:
    """Every other phase on another ground."""
    for span in spans:
        start_min, end_min = span.start_s / MINUTE_S, span.end_s / MINUTE_S
        axis.axvspan(start_min, end_min, color=_BANDS[span.number % 2], zorder=-10, linewidth=0)


def path(axis: Axes, warm: Column, pressure: Column, spans: Sequence[PhaseSpan]) -> None:
    """Where temperature and pressure went, a colour for each phase that moved them."""
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


def envelope(axis: Axes, temperature_c: float | None, pressure_mpa: float | None) -> None:
    """The limits as lines with their text inside the allowed side; both always in view."""
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
