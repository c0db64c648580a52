"""Verdicts and scenarios as tables: a run is one line, what went wrong stands below it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hil.faults.catalogue import catalogue
from hil.scenarios.campaign import Difference
from hil.scenarios.model import Scenario
from hil.scenarios.verdict import Verdict

_COLOUR = {"PASS": "green", "FAIL": "bold red", "INVALID": "bold yellow"}


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """One line a run at any width: titles and sources are cut, numbers never."""
    table = Table(title="Reactions measured at the plant, machine time", box=None, pad_edge=False)
    table.add_column("Scenario", no_wrap=True, min_width=28)
    table.add_column("Fault", no_wrap=True, overflow="ellipsis", max_width=40)
    for name in ("Face", "Expected", "Seen"):
        table.add_column(name, no_wrap=True)
    table.add_column("Source", no_wrap=True, overflow="ellipsis", max_width=22)
    table.add_column("s / limit", justify="right", no_wrap=True)
    table.add_column("Demands", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for one in verdicts:
        demands = f"{one.demands}" + (f" of {one.demands_expected}" if one.demands_expected else "")
        known = " (known)" if one.known and one.word == "FAIL" else ""
        table.add_row(
            one.id, Text(one.title), one.face, one.expected, one.found, Text(one.source),
            _measured(one), demands, Text(one.word + known, _COLOUR[one.word]),
        )  # fmt: skip
    return table


def print_details(console: Console, verdicts: Sequence[Verdict], *, verbose: bool) -> None:
    """Why, and what is known of it, for every run that did not pass; for all if `verbose`."""
    for one in verdicts:
        if one.passed and not one.known and not verbose:
            continue
        lines = [f"{one.word} {one.id} on {one.face}: {one.title}"]
        lines += [f"  ended {one.outcome}" + (f": {one.cause}" if one.cause else "")]
        lines += [f"  {reason}" for reason in one.why]
        lines += [f"  the bench is not to be believed: {one.invalid}"] if one.invalid else []
        if one.known:
            stale = "passes; take `known` out of its file: " if one.passed else ""
            lines += [f"  known: {stale}{one.known}"]
        console.print(Text("\n".join(lines)), soft_wrap=True)


def _measured(one: Verdict) -> str:
    reaction, limit = _seconds(one.reaction_s) or "-", _limit(one.within_s) or "-"
    return "" if reaction == limit == "-" else f"{reaction} / {limit}"


def difference_table(apart: Sequence[Difference]) -> Table:
    table = Table(title="Faces compared")
    for name in ("Scenario", "Faces", "Verdict", "Seen"):
        table.add_column(name)
    table.add_column("Difference of reaction, s", justify="right")
    for one in apart:
        shown = "" if one.reaction_s is None else f"{one.reaction_s:+.2f}"
        same = "[green]same[/]" if one.same_verdict else "[bold red]differs[/]"
        table.add_row(one.id, f"{one.first} → {one.other}", same, one.found, shown)
    return table


def scenario_table(scenarios: Sequence[Scenario]) -> Table:
    table = Table(title=f"{len(scenarios)} scenarios")
    for name in ("Scenario", "Fault", "Recipe", "Expected", "Limit s", "Outcome", "Faces"):
        table.add_column(name)
    for one in scenarios:
        header, expect = one.scenario, one.expect
        faces = "all" if len(header.faces) == len(("sim", "tcp", "rtu", "rig")) else ""
        table.add_row(
            one.id, Text(header.title), header.recipe, expect.reaction, _limit(expect.within_s),
            expect.outcome, faces or " ".join(header.faces),
        )  # fmt: skip
    return table


def row_table(scenarios: Sequence[Scenario]) -> Table:
    table = Table(title="Field-side rows of the fault catalogue")
    for name in ("Row", "Fault", "Expected reaction", "Limit s", "Scenarios"):
        table.add_column(name)
    for row in catalogue().values():
        ids = [one.id for one in scenarios if one.scenario.row == row.id]
        limit, found = _limit(row.within_s), " ".join(ids) or "none"
        table.add_row(row.id, row.title, row.reaction, limit, found)
    return table


def _seconds(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def _limit(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
