"""`hotpress record`: list, show, report, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.cli.errors import refusals
from controller.record.export import export_csv
from controller.record.kpi import kpis
from controller.record.reader import StoredRecord, list_records, open_record
from controller.record.summary import Summary, sparkline, summarise
from controller.record.wording import duration_text, shown, utc_text

app = typer.Typer(no_args_is_help=True, help="Batch records: list, show, report, export.")

Folder = Annotated[Path, typer.Option("--records", help="Folder of the batch records")]
Batch = Annotated[str, typer.Argument(help="Batch id in the folder, or a record file")]
_RECORDS = Path("records")


def kpi_table(record: StoredRecord) -> Table:
    """The batch's indicators with their limits."""
    table = Table(title="Key figures of the batch", title_justify="left", box=None)
    for heading in ("", "value", "unit", "limit", ""):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for kpi in kpis(record):
        mark = {True: "[green]pass[/]", False: "[red]fail[/]", None: escape(kpi.note)}[kpi.passed]
        table.add_row(kpi.title, *shown(kpi), mark)
    return table


def write_report(record: StoredRecord, path: Path) -> Path:
    """Render the HTML report beside its record. Raises RecordError."""
    from controller.record.report import render_report  # draws: a second of start-up

    path.write_text(render_report(record), encoding="utf-8")
    return path


@app.command("list")
def list_command(records: Folder = _RECORDS) -> None:
    """All batches of a folder, newest first."""
    with refusals():
        listings = list_records(records)
    table = Table(box=None)
    for heading in ("batch", "recipe", "started (UTC)", "outcome", "samples"):
        table.add_column(heading)
    for line in listings:
        started = utc_text(line.start_utc_ns)
        outcome = line.problem or line.outcome
        table.add_row(line.batch_id, line.recipe_name, started, outcome, str(line.sample_count))
    Console().print(table if listings else f"no batch records in {records}")


@app.command()
def show(batch: Batch, records: Folder = _RECORDS) -> None:
    """One batch: identity, trends, phases with causes, key figures, events, integrity."""
    console = Console(highlight=False)
    with refusals(), open_record(batch, records) as record:
        summary = summarise(record)
        table = kpi_table(record)
    console.print(f"[bold]{summary.batch_id}[/]  {summary.status}: {summary.cause}")
    for fault in summary.faults:
        console.print(f"[bold red]{fault}[/]")
    for label, text in (*summary.identity, *summary.integrity):
        console.print(f"  {label}: {text}")
    for name in summary.profile.trends:
        console.print(f"  {sparkline(summary.series.column(name), 60)}  {name}")
    console.print(_phase_table(summary))
    console.print(table)
    for event in summary.events:
        console.print(f"  {utc_text(event.utc_ns)}  {event.message}")


def _phase_table(summary: Summary) -> Table:
    table = Table(title="Phases", title_justify="left", box=None)
    ranged = (f"{summary.profile.heated} °C", f"{summary.profile.pressed} MPa")
    for heading in ("phase", "duration", *ranged, "entered because"):
        table.add_column(heading)
    for line in summary.phases:
        ranges = [
            f"{found.low:.1f} … {found.high:.1f}" if found else "–"
            for found in (line.temperature, line.pressure)
        ]
        span = line.span
        table.add_row(span.name, duration_text(span.duration_s), *ranges, span.cause)
    return table


@app.command()
def report(
    batch: Batch,
    records: Folder = _RECORDS,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="HTML file")] = None,
) -> None:
    """Write the batch report: one HTML file with plots, no network needed to read it."""
    with refusals(), open_record(batch, records) as record:
        print(write_report(record, output or record.path.with_suffix(".html")))


@app.command()
def export(
    batch: Batch,
    records: Folder = _RECORDS,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV file")] = None,
) -> None:
    """Write every sample as CSV, to a file or to standard output."""
    with refusals(), open_record(batch, records) as record:
        if output is None:
            export_csv(record, sys.stdout)
            return
        with output.open("w", newline="", encoding="utf-8") as stream:
            count = export_csv(record, stream)
    print(f"{output}: {count} samples")
