"""The batch report: one HTML page that needs nothing else, to read, print and keep.

No script, no link to anywhere, charts as inline SVG. Made from the record alone; the same
record gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from controller.page.document import document
from controller.record.kpi import Kpi
from controller.record.model import EventEntry, RecordError
from controller.record.phases import PhaseSpan, Spread
from controller.record.reader import StoredRecord
from controller.record.summary import PhaseLine, Summary, summarise
from controller.record.wording import clock_text, duration_text, fixed_text, shown, utc_text

if TYPE_CHECKING:
    from controller.record.charts import Chart

_EVENTS_MAX = 500


def render_report(record: StoredRecord) -> str:
    """The report as HTML text; write it as UTF-8.

    Raises `RecordError` when the file is damaged or the charts' library is not installed.
    """
    summary = summarise(record)
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    sections = (
        _head(summary, record),
        _faults(summary),
        _figures(summary),
        _charts(summary, record),
        _phases(summary),
        _indicators(summary),
        _events(summary, record),
        _facts("Batch", summary.identity),
        _facts("Hashes (SHA-256)", summary.integrity, "hash"),
        f"<h2>Recipe</h2><pre>{escape(record.header.recipe_text)}</pre>",
    )
    return document(f"Batch {summary.batch_id}", "".join(sections), style)


def _head(summary: Summary, record: StoredRecord) -> str:
    header = record.header
    recipe = escape(f"{header.recipe_name}, version {header.recipe_version}")
    where = escape(f"{header.station_id} · {header.material_name}")
    state = escape(summary.status.lower().split()[0], quote=True)
    return (
        f"<header><div><h1>Batch {escape(summary.batch_id)}</h1>"
        f"<p>{recipe}</p><p>{where} · {escape(utc_text(header.start_utc_ns))}</p></div>"
        f'<div class="outcome"><span class="badge {state}">{escape(summary.status)}</span>'
        f"<p>{escape(summary.cause)}</p></div></header>"
    )


def _faults(summary: Summary) -> str:
    if not summary.faults:
        return ""
    lines = "".join(f"<p>{escape(fault)}</p>" for fault in summary.faults)
    return f'<section class="faults" role="alert"><strong>This record</strong>{lines}</section>'


def _figures(summary: Summary) -> str:
    figures = "".join(_figure(summary.kpis[key]) for key in summary.profile.first)
    return f'<dl class="figures">{figures}</dl>'


def _figure(kpi: Kpi) -> str:
    failed = ' class="failed"' if kpi.passed is False else ""
    number, unit, limit = shown(kpi)
    below = f"limit {limit}" if limit else kpi.note
    return (
        f"<div{failed}><dt>{escape(kpi.title)}</dt>"
        f"<dd>{number} <small>{escape(unit)}</small></dd>"
        f'<dd class="limit">{escape(below)}</dd></div>'
    )


def _charts(summary: Summary, record: StoredRecord) -> str:
    try:
        from controller.record.charts import CHARTS
    except ImportError as error:
        raise RecordError(
            f"{record.path}: the report's charts need matplotlib ({error});"
            " install hotpress with the extra 'report'"
        ) from error
    spans, charts = [line.span for line in summary.phases], CHARTS[summary.profile.name]

    def drawn(chart: Chart) -> str:
        svg = chart.draw(summary.series, spans, record.header.parameters)
        return f"<h2>{escape(chart.title)}</h2>{svg}"

    course, *closer = map(drawn, charts.wide)
    pair = "".join(f"<div>{drawn(chart)}</div>" for chart in charts.pair)
    return f'{course}{_phase_key(spans)}{"".join(closer)}<div class="pair">{pair}</div>'


def _phase_key(spans: Sequence[PhaseSpan]) -> str:
    names = " · ".join(f"{span.number} {escape(span.name)}" for span in spans)
    return f'<p class="caption">Phases: {names}</p>'


def _phases(summary: Summary) -> str:
    heated, pressed = summary.profile.heated, summary.profile.pressed
    head = (
        '<tr><th rowspan="2" scope="col">Phase</th><th rowspan="2" scope="col">Entered because</th>'
        '<th rowspan="2" scope="col" class="number">Start</th>'
        '<th rowspan="2" scope="col" class="number">Duration</th>'
        '<th colspan="5" scope="colgroup" class="group">'
        f"{escape(heated.capitalize())} temperature [°C]</th>"
        '<th colspan="5" scope="colgroup" class="group">'
        f"{escape(pressed.capitalize())} pressure [MPa]</th></tr><tr>"
        + 2 * _heads("enter", "min", "mean", "max", "exit")
        + "</tr>"
    )
    rows = "".join(_phase(line) for line in summary.phases)
    return f"<h2>Phases</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _heads(*names: str) -> str:
    return "".join(f'<th scope="col" class="number">{name}</th>' for name in names)


def _phase(line: PhaseLine) -> str:
    span = line.span
    return (
        f"<tr><td>{span.number} {escape(span.name)}</td><td>{escape(span.cause)}</td>"
        f'<td class="number">{clock_text(span.start_s)}</td>'
        f'<td class="number">{duration_text(span.duration_s)}</td>'
        f"{_spread(line.temperature, 1)}{_spread(line.pressure, 2)}</tr>"
    )


def _spread(found: Spread | None, decimals: int) -> str:
    if found is None:
        return '<td class="number">–</td>' * 5
    numbers = (found.enter, found.low, found.mean, found.high, found.exit)
    return "".join(f'<td class="number">{fixed_text(number, decimals)}</td>' for number in numbers)


def _indicators(summary: Summary) -> str:
    head = (
        '<tr><th scope="col">Indicator</th><th scope="col" class="number">Value</th>'
        '<th scope="col">Unit</th><th scope="col">Limit</th><th scope="col">Result</th>'
        '<th scope="col">Definition</th></tr>'
    )
    rows = "".join(_indicator(kpi) for kpi in summary.kpis)
    return f"<h2>Indicators</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _indicator(kpi: Kpi) -> str:
    number, unit, limit = shown(kpi)
    results = {
        True: '<td class="passed">✓ passed</td>',
        False: '<td class="failed-text">✗ failed</td>',
        None: f"<td>{escape(kpi.note)}</td>",
    }
    return (
        f'<tr><td>{escape(kpi.title)}</td><td class="number">{number}</td>'
        f'<td>{escape(unit)}</td><td class="limit">{escape(limit)}</td>{results[kpi.passed]}'
        f'<td class="definition">{escape(kpi.definition)}</td></tr>'
    )


def _events(summary: Summary, record: StoredRecord) -> str:
    shown = summary.events[:_EVENTS_MAX]
    if not shown:
        return '<h2>Events</h2><p class="note">None.</p>'
    start_s = record.header.start_monotonic_s
    rows = "".join(_event(event, event.monotonic_s - start_s) for event in shown)
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Time", "Severity", "Kind", "Source", "What happened")
    )
    left_out = len(summary.events) - len(shown)
    note = f'<p class="note">{left_out} more are in the record.</p>' if left_out else ""
    return (
        f"<h2>Events</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
    )


def _event(event: EventEntry, at_s: float) -> str:
    cells = (event.severity, event.kind, event.source, event.message)
    texts = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    severity = escape(event.severity, quote=True)
    return f'<tr class="{severity}"><td>{clock_text(at_s)}</td>{texts}</tr>'


def _facts(title: str, facts: Iterable[tuple[str, str]], style: str = "") -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="{style}">{escape(text)}</td></tr>'
        for name, text in facts
    )
    return f"<h2>{escape(title)}</h2><table><tbody>{rows}</tbody></table>"
