"""The report and the export: complete, self-contained, the same on every run."""

from __future__ import annotations

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_batch
from hypothesis import given
from hypothesis import strategies as st
from synthetic_batch import CHANNELS, SIGNALS, batch, event_at, header, record_file, tick_at

from controller.page.chart import thinned
from controller.ports import Event, Sample, Signal
from controller.record import BatchRecord, StoredRecord, export_csv, summarise
from controller.record.report import render_report

HOSTILE = "</svg><script>alert('$x$')</script>&\"'"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rendered(make(tmp_path_factory.mktemp("report"), list(batch(step_s=0.5))))


def make(directory: Path, items: list[Sample | Event], **changes: object) -> Path:
    record = BatchRecord(record_file(directory), header(**changes), SIGNALS, lossless=True)
    for item in items:
        if isinstance(item, Sample):
            record.sample(item)
        else:
            record.event(item)
    record.close("complete", "procedure finished")
    return record_file(directory)


def rendered(path: Path) -> str:
    with StoredRecord(path) as stored:
        return render_report(stored)


def charts(page: str) -> list[ET.Element]:
    return [ET.fromstring(text) for text in re.findall(r"<svg .*?</svg>", page, re.DOTALL)]


def test_a_report_needs_nothing_else(report: str) -> None:
    """No script, no link, no image, no font, no style from anywhere."""
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", report))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b|@import|url\((?!#)", report)


def test_a_report_is_the_same_every_time(tmp_path: Path, report: str) -> None:
    assert rendered(make(tmp_path, list(batch(step_s=0.5)))) == report


def test_the_charts_are_well_formed_named_and_apart(report: str) -> None:
    found = charts(report)
    titles = [chart.findtext("{http://www.w3.org/2000/svg}title") for chart in found]
    assert titles == [
        "Temperatures, pressure and thickness over time",
        "Stack pressure over stack temperature",
        "Density over time and in the hold",
    ]
    assert all(chart.get("role") == "img" for chart in found)
    ids = re.findall(r'\bid="([^"]+)"', report)
    assert len(ids) == len(set(ids))
    referred = {*re.findall(r'"#([^"]+)"', report), *re.findall(r"url\(#([^)]+)\)", report)}
    assert referred <= {*ids}


def test_axes_have_units_and_lines_are_named(report: str) -> None:
    words = {text.strip() for chart in charts(report) for text in chart.itertext() if text.strip()}
    assert {
        "temperature [°C]",
        "pressure [MPa]",
        "thickness [mm]",
        "density [g/cm³]",
        "time since start of batch [min]",
        "stack, estimate",
        "setpoint",
        *(f"zone {n}" for n in range(1, 7)),
        "limit 110 °C",
        "limit 110 MPa",
        "8 hold",
    } <= words


def test_a_report_tells_the_whole_story(report: str) -> None:
    for name, *_, cause in synthetic_batch.PLAN:
        assert f">{cause}<" in report
        assert name in report
    for text in ("pressure ramp held", "sulfide-hot-press-100", "3" * 64, "✓ passed"):
        assert text in report
    assert "rows are those" not in report
    assert 'class="faults"' not in report


class _Balance(HTMLParser):
    """Every opened element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_balanced(report: str) -> None:
    balance = _Balance()
    balance.feed(report)
    assert balance.open == []


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    items: list[Sample | Event] = [
        event_at(0, "phase", HOSTILE, HOSTILE),
        *(Sample(tick_at(i * 10), HOSTILE, _flat(), bytes(len(CHANNELS))) for i in range(600)),
        event_at(6000, HOSTILE, HOSTILE, HOSTILE),
    ]
    page = rendered(make(tmp_path, items, recipe_text=HOSTILE, recipe_name=HOSTILE))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6
    balance = _Balance()
    balance.feed(page)
    assert balance.open == []
    assert len(charts(page)) == 3


def _flat() -> tuple[float, ...]:
    return tuple(50.0 for _ in SIGNALS)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_batch_of_hardly_any_samples_has_a_report(tmp_path: Path, count: int) -> None:
    samples = [item for item in batch(step_s=1.0) if isinstance(item, Sample)][:count]
    page = rendered(make(tmp_path, [*samples]))
    assert len(charts(page)) == 3


def test_measurements_that_are_all_bad_have_a_report(tmp_path: Path) -> None:
    bad = bytes([2] * len(CHANNELS))
    numbers = tuple(math.nan for _ in SIGNALS)
    items: list[Sample | Event] = [Sample(tick_at(i * 10), "hold", numbers, bad) for i in range(50)]
    assert len(charts(rendered(make(tmp_path, items)))) == 3


def test_an_unsealed_record_says_so_on_top(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), SIGNALS, lossless=False)
    page = rendered(record.path)
    record.close("complete", "done")
    assert "not sealed: batch still running, or interrupted" in page
    assert ">unsealed<" in page


def test_the_export_gives_every_number_back(tmp_path: Path) -> None:
    items = [item for item in batch(step_s=5.0) if isinstance(item, Sample)]
    stream = io.StringIO(newline="")
    with StoredRecord(make(tmp_path, [*items])) as stored:
        assert export_csv(stored, stream) == len(items)
    heads, *rows = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    values = [f"{s.name} [{s.unit}]" if s.unit else s.name for s in SIGNALS]
    assert heads == [
        *("tick", "monotonic_s [s]", "utc", "phase"),
        *values,
        *(f"{name} quality" for name in CHANNELS),
    ]
    for row, sample in zip(rows, items, strict=True):
        assert int(row[0]) == sample.tick.index
        assert tuple(map(float, row[4 : 4 + len(SIGNALS)])) == sample.values
        assert row[4 + len(SIGNALS) :] == ["good"] * len(CHANNELS)


def test_the_export_marks_quality_and_leaves_no_formula(tmp_path: Path) -> None:
    signals = (Signal("zone_1_temperature_c", "°C", 0), Signal("thickness_mm", "mm"))
    record = BatchRecord(record_file(tmp_path), header(), signals, lossless=True)
    for index, quality in enumerate((0, 1, 2)):
        record.sample(Sample(tick_at(index), "=cmd()", (20.0, math.nan), bytes([quality])))
    record.close("complete", "done")
    stream = io.StringIO(newline="")
    with StoredRecord(record.path) as stored:
        export_csv(stored, stream)
    _, *rows = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert [row[3:] for row in rows] == [
        ["'=cmd()", "20.0", "", quality] for quality in ("good", "uncertain", "bad")
    ]
    assert rows[0][2] == "2026-11-21T10:00:00.000Z"


def test_a_summary_names_what_is_missing(tmp_path: Path) -> None:
    path = make(tmp_path, list(batch(step_s=5.0)))
    with StoredRecord(path) as stored:
        summary = summarise(stored)
    assert summary.faults == ()
    assert dict(summary.identity)["Duration"] == "32 min 49 s"
    assert dict(summary.integrity)["Kernel header"] == "3" * 64


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), max_size=400), st.integers(1, 50)
)
def test_a_thinned_line_keeps_its_extremes(column: list[float], buckets: int) -> None:
    x = [float(i) for i in range(len(column))]
    xs, ys = thinned(x, column, buckets)
    good, kept = ([n for n in numbers if n == n] for numbers in (column, ys))
    assert sorted(xs) == xs
    assert min(kept, default=0) == min(good, default=0)
    assert max(kept, default=0) == max(good, default=0)
    assert set(kept) <= set(good)
    assert len(xs) <= len(column)
    assert len(xs) <= 4 * buckets + 2
