"""Numbers at the end of a run, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table


def figures_table(title: str, figures: Mapping[str, float | str]) -> Table:
    """Name and value, a row each; numbers to four significant figures."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, figure in figures.items():
        shown = f"{figure:.4g}" if isinstance(figure, float) else str(figure)
        table.add_row(name, shown)
    return table
