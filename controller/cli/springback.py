"""`hotpress springback`: show, learn, revert the correction of a recipe's density target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from controller.cli.errors import refusals
from controller.composition import COMPLETE
from controller.record.measures import NotMeasurableError
from controller.record.reader import list_records, open_record
from controller.record.series import load_series
from controller.record.springback import springback_excess_fraction
from controller.springback import History, learned, load_history, reverted, save_history

app = typer.Typer(no_args_is_help=True, help="Springback learned run to run: show, learn, revert.")

Folder = Annotated[Path, typer.Option("--records", help="Folder of the batch records")]
Recipe = Annotated[str, typer.Argument(help="The recipe's name")]
_RECORDS = Path("records")


@app.command()
def show(recipe: Recipe, records: Folder = _RECORDS) -> None:
    """Every version of the correction, with the batch it was learned from."""
    with refusals():
        history = load_history(records, recipe)
    _print(history)


@app.command()
def learn(recipe: Recipe, records: Folder = _RECORDS) -> None:
    """Learn from every complete batch of the recipe that was not learned from yet."""
    with refusals():
        history, said = learn_from(records, recipe)
    for line in said:
        print(line)
    _print(history)


@app.command()
def revert(
    recipe: Recipe,
    to: Annotated[int, typer.Option(min=0, help="Version to go back to; 0: no correction")] = 0,
    by: Annotated[str, typer.Option(help="Who does it, for the history")] = "operator",
    records: Folder = _RECORDS,
) -> None:
    """Go back to an earlier correction. Adds a version; nothing is erased."""
    with refusals():
        history = reverted(load_history(records, recipe), to, by[:100])
        save_history(records, history)
    _print(history)


def learn_from(records: Path, recipe: str) -> tuple[History, list[str]]:
    """The oldest batch first. Raises RecordError and SpringbackError."""
    before = history = load_history(records, recipe)
    said: list[str] = []
    for listing in reversed(list_records(records)):
        if listing.recipe_name != recipe or listing.problem or listing.outcome != COMPLETE:
            continue
        if history.knows(listing.batch_id):
            continue
        try:
            with open_record(listing.path, records) as record:
                observed = springback_excess_fraction(load_series(record))
        except NotMeasurableError as reason:
            said.append(f"{listing.batch_id}: not learned from: {reason}")
            continue
        history = learned(history, listing.batch_id, observed)
    if history is not before:
        save_history(records, history)
    return history, said


def _print(history: History) -> None:
    table = Table(title=f"Springback of {history.recipe}", title_justify="left", box=None)
    for heading in ("version", "target raised by", "observed", "batch", "why"):
        table.add_column(heading)
    for number, entry in enumerate(history.version, start=1):
        observed = (
            "" if entry.observed_fraction is None else f"{100 * entry.observed_fraction:.3f} %"
        )
        raised = f"{100 * entry.correction_fraction:.3f} %"
        table.add_row(str(number), raised, observed, entry.batch_id, entry.cause)
    console = Console()
    console.print(table)
    console.print(f"in force: {100 * history.correction_fraction:.3f} %")
