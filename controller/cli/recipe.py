"""`hotpress recipe`: list, lint, schema."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.cli.errors import EXIT_REFUSED, refusals
from controller.composition import read_files
from controller.config.names import shipped
from controller.config.problem import ConfigError
from controller.recipe.finding import Finding, Weight
from controller.recipe.schema import as_text, schemas

app = typer.Typer(no_args_is_help=True, help="Recipes: list, lint, schema for editors.")


@app.command("list")
def list_command() -> None:
    """The shipped recipes, materials and stations."""
    table = Table(box=None)
    for heading in ("kind", "name"):
        table.add_column(heading)
    for kind in ("recipe", "material", "station"):
        for name in shipped(kind):
            table.add_row(kind, name)
    Console().print(table)


@app.command("lint")
def lint_command(
    recipes: Annotated[list[str], typer.Argument(help="Shipped names or files")],
    station: Annotated[str, typer.Option(help="Station: name or file")] = "demo-press",
) -> None:
    """Every problem of a recipe with place, bound and the material's or machine's reason.

    Exit code 2 when a recipe has an error, 0 when all could be run.
    """
    console = Console(highlight=False, soft_wrap=True)
    failed = False
    for name in recipes:
        try:
            path, findings = _findings(name, station)
        except ConfigError as error:
            console.print(escape(str(error)))
            failed = True
            continue
        _print(console, path, findings)
        failed = failed or any(finding.weight is Weight.ERROR for finding in findings)
    if failed:
        raise typer.Exit(EXIT_REFUSED)


def _findings(name: str, station_name: str) -> tuple[str, tuple[Finding, ...]]:
    files = read_files(name, station_name)
    return str(files.recipe_source.path), files.lint()


def _print(console: Console, path: str, findings: tuple[Finding, ...]) -> None:
    colour = {Weight.ERROR: "red", Weight.WARNING: "yellow"}
    for finding in findings:
        console.print(
            f"{escape(path)}: [{colour[finding.weight]}]{finding.weight}[/]: "
            f"{escape(f'{finding.path}: {finding.message} ({finding.reason})')}"
        )
    if not findings:
        console.print(f"{escape(path)}: no problem found")


@app.command()
def schema(
    kind: Annotated[
        Literal["recipe", "material", "station", "wip-recipe", "wip-station"],
        typer.Argument(help="Which file's schema"),
    ] = "recipe",
) -> None:
    """JSON Schema of a file, for editors that complete and check TOML."""
    with refusals():
        print(as_text(schemas()[kind]), end="")
