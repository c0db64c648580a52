"""`hotpress-hil run`, `plot` and `scenario list`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console

from hil.faults.catalogue import catalogue
from hil.scenarios.absent import absent_rows
from hil.scenarios.campaign import (
    Difference,
    cases,
    differences,
    is_as_known,
    read_run,
    run_cases,
    summary,
)
from hil.scenarios.course import Course
from hil.scenarios.faces import FACES, FaceError
from hil.scenarios.model import Scenario, ScenarioError, read_scenario, shipped_scenarios
from hil.scenarios.runner import play
from hil.scenarios.table import (
    difference_table,
    print_details,
    row_table,
    scenario_table,
    verdict_table,
)
from hil.scenarios.verdict import Verdict, judge

_WIDTH = 160  # of a table in a file or a pipe

scenario_app = typer.Typer(no_args_is_help=True, help="What may be run.")


def add_commands(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(plot)
    app.add_typer(scenario_app, name="scenario")


def run(
    scenario: Annotated[
        list[str] | None, typer.Argument(help="Ids of shipped scenarios, or TOML files.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All shipped scenarios.")] = False,
    face: Annotated[
        str, typer.Option(help="sim, tcp, rtu or rig; several with commas are compared.")
    ] = "sim",
    json: Annotated[Path | None, typer.Option(help="Write the verdicts to this file.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = os.cpu_count() or 1,
    runs: Annotated[
        Path | None, typer.Option(help="Keep every run in this folder, to plot it.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Details of every run, not only of failures.")
    ] = False,
) -> None:
    """Run scenarios and print verdicts: reaction at the plant beside the catalogue's limit.

    Exit code 0 when every FAIL is a known one (its scenario says why), no known one passes and
    faces agree; 1 when not; 2 when something was refused.
    """
    faces = _faces(face)
    chosen = _chosen(scenario or [], all_=all_)
    if runs is not None:
        runs.mkdir(parents=True, exist_ok=True)
    todo = list(cases(chosen, faces, runs))
    if not todo:
        _refuse(f"none of these scenarios is for face {face}")
    begun_s = time.monotonic()
    try:
        verdicts = list(run_cases(todo, jobs))
    except FaceError as error:
        _refuse(str(error))
    wall_s = time.monotonic() - begun_s
    apart = differences(verdicts)
    console = _console()
    console.print(verdict_table(verdicts))
    if len(faces) > 1:
        console.print(difference_table(apart))
    print_details(console, verdicts, verbose=verbose)
    skipped = len(chosen) * len(faces) - len(todo)
    console.print(
        f"{summary(verdicts)} in {wall_s:.1f} s"
        + (f"; {skipped} not for this face" if skipped else "")
    )
    if json is not None:
        json.write_bytes(_json(verdicts, apart))
    if not is_as_known(verdicts, apart):
        raise typer.Exit(1)


def plot(
    run: Annotated[str, typer.Argument(help="A run kept with `run --runs`, or a scenario.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")],
    face: Annotated[str, typer.Option(help="Face to run a scenario on.")] = "sim",
) -> None:
    """Draw a run: signals, fault windows, reactions and limits, as one HTML page."""
    scenario, course = _course(run, face)
    try:
        from hil.scenarios.page import page
    except ImportError as error:
        _refuse(f"plots need matplotlib ({error}); install hotpress with the extra 'report'")
    text = page(scenario, course, judge(scenario, course))
    output.write_text(text, encoding="utf-8")
    typer.echo(f"{output}")


@scenario_app.command("list")
def list_(
    rows: Annotated[bool, typer.Option("--rows", help="By row of the fault catalogue.")] = False,
) -> None:
    """Shipped scenarios, and the rows of the catalogue that have none, with the reason."""
    console = _console()
    scenarios = [read_scenario(name) for name in shipped_scenarios()]
    if rows:
        console.print(row_table(scenarios))
    else:
        console.print(scenario_table(scenarios))
    for row, reason in absent_rows().items():
        console.print(f"{row} {catalogue()[row].title}: no scenario: {reason}", highlight=False)


def _json(verdicts: Sequence[Verdict], apart: Sequence[Difference]) -> bytes:
    passed = sum(verdict.passed for verdict in verdicts)
    found = {"passed": passed, "count": len(verdicts), "verdicts": verdicts, "differences": apart}
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def _faces(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FACES:
            _refuse(f"no face {name!r} on this bench; there are: {', '.join(FACES)}")
    return list(dict.fromkeys(names))


def _chosen(names: Sequence[str], *, all_: bool) -> list[Scenario]:
    if bool(names) == all_:
        _refuse("give scenarios or --all; `hotpress-hil scenario list` shows them")
    try:
        return [read_scenario(name) for name in (shipped_scenarios() if all_ else names)]
    except ScenarioError as error:
        _refuse(str(error))


def _course(name: str, face: str) -> tuple[Scenario, Course]:
    """A kept run, or a scenario played now."""
    try:
        if name.endswith(".json"):
            kept = read_run(Path(name))
            return kept.scenario, kept.course
        scenario = read_scenario(name)
        return scenario, asyncio.run(play(scenario, face))
    except (ScenarioError, FaceError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{name}: {error.strerror or error}")
    except msgspec.DecodeError as error:
        _refuse(f"{name}: no run of this bench: {error}")


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH)


def _refuse(message: str) -> NoReturn:
    typer.echo(f"hotpress-hil: {message}", err=True)
    raise typer.Exit(2)
