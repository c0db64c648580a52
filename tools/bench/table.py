"""The result as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from tools.bench.harness import Metric

Groups = Mapping[str, Mapping[str, Metric]]


def _verdict(metric: Metric) -> str:
    if metric.target is None:
        return ""
    return "[green]met[/]" if metric.target.met(metric) else "[red]not met[/]"


def _row(group: str, name: str, metric: Metric) -> tuple[str, ...]:
    return (
        group,
        name,
        f"{metric.ours:.4g}",
        f"{metric.reference:.4g}",
        metric.unit,
        f"{metric.ratio:.3g}",
        str(metric.target or ""),
        _verdict(metric),
        metric.reference_name,
    )


def table(groups: Groups) -> Table:
    shown = Table(title="hotpress bench: medians, ours / reference", title_justify="left")
    for heading in ("group", "metric"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("ours", "reference"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("unit", no_wrap=True)
    shown.add_column("ratio", justify="right", no_wrap=True)
    for heading in ("target", "", "reference is"):
        shown.add_column(heading)
    for group, metrics in groups.items():
        for name, metric in metrics.items():
            if metric.detail:
                continue
            shown.add_row(*_row(group, name, metric))
        shown.add_section()
    return shown


def notes(groups: Groups) -> Iterator[str]:
    """Each remark once."""
    said: set[str] = set()
    for metrics in groups.values():
        for metric in metrics.values():
            if metric.note and metric.note not in said:
                said.add(metric.note)
                yield metric.note
