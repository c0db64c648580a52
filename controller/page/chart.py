"""How every chart looks, and how a figure becomes SVG for a page.

The SVG is the same on every run: no date, no random id. Text stays text, so that it can
be searched, copied and read aloud; ids carry the chart's name, because charts share a page.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2933", "#5f6b7a", "#d5dbe2"
SETPOINT, STACK, PRESSURE, LIMIT = "#111827", "#d9480f", "#1d4ed8", "#b91c1c"
ZONES = ("#0b7285", "#1098ad", "#66c2d0", "#8f5f00", "#c78a0a", "#e6bd57")
DASH = (0, (4, 2))
_BUCKETS = 600  # two points each: finer than the chart's pixels
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hotpress",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial"],
    "font.size": 8.5,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.xmargin": 0.0,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "legend.handlelength": 1.6,
    "lines.solid_joinstyle": "round",
    "path.simplify": False,
    "text.parse_math": False,  # a name may hold a dollar sign
}
_ID = re.compile(r'(\bid="|"#|url\(#)')
_PREAMBLE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_PATH = re.compile(r' d="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_ROOT = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')


@contextmanager
def figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """A figure in this style; draw and turn it into SVG inside the `with`."""
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width_in, height_in))


def svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an SVG element to put into a page. `name` makes its ids unique."""
    buffer = io.StringIO()
    empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(buffer, metadata={**empty, "Title": title})  # type: ignore[no-untyped-call]
    text = _METADATA.sub("", _PREAMBLE.sub("", buffer.getvalue(), count=1), count=1)
    text = _ID.sub(rf"\g<1>{name}-", text)
    text = re.sub(r"<title>.*?</title>", "", text, count=1)
    text = _PATH.sub(lambda path: _DECIMALS.sub(r"\1", path[0]).replace(" \n", " "), text)
    root = (
        rf'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        rf' viewBox="\1" role="img" aria-labelledby="{name}-title">'
        rf'<title id="{name}-title">{escape(title)}</title>'
    )
    return _ROOT.sub(root, text, count=1)


def line(
    axis: Axes,
    x: Sequence[float],
    y: Sequence[float],
    label: str | None,
    color: str,
    width: float = 1.2,
    *,
    dashed: bool = False,
) -> None:
    """A line of at most two points a pixel column; nothing for a column without numbers."""
    if any(number == number for number in y):
        style = DASH if dashed else "-"
        axis.plot(
            *thinned(x, y, _BUCKETS), color=color, linewidth=width, linestyle=style, label=label
        )


def thinned(
    x: Sequence[float], y: Sequence[float], buckets: int
) -> tuple[list[float], list[float]]:
    """Fewer points that look the same: the lowest and the highest of every bucket.

    A bucket without a number leaves a break in the line.
    """
    size = max(1, len(x) // buckets)
    xs: list[float] = []
    ys: list[float] = []
    for start in range(0, len(x), size):
        good = [i for i in range(start, min(start + size, len(x))) if y[i] == y[i]]
        if not good:
            xs.append(x[start])
            ys.append(math.nan)
            continue
        for i in sorted({min(good, key=y.__getitem__), max(good, key=y.__getitem__)}):
            xs.append(x[i])
            ys.append(y[i])
    return xs, ys


def key(axis: Axes) -> None:
    """Explain an axis's lines to its right, outside the data."""
    handles, _ = axis.get_legend_handles_labels()
    if handles:
        axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), borderaxespad=0.0)
