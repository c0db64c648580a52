"""Which charts a report has, by profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.record import plot, wip_plot
from controller.record.phases import PhaseSpan
from controller.record.profile import PRESS, WIP
from controller.record.series import Series


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, and what draws it as SVG from samples, phases and the header's parameters."""

    title: str
    draw: Callable[[Series, Sequence[PhaseSpan], Mapping[str, float]], str]


@dataclass(frozen=True, slots=True)
class Charts:
    """`wide` ones one under the other, the first with the key of the phases; then a pair."""

    wide: tuple[Chart, ...]
    pair: tuple[Chart, Chart]


CHARTS: Mapping[str, Charts] = {
    PRESS.name: Charts(
        wide=(Chart("Course of the batch", plot.timeline),),
        pair=(
            Chart("Pressure over temperature", plot.trajectory),
            Chart("Densification", plot.densification),
        ),
    ),
    WIP.name: Charts(
        wide=(
            Chart("Course of the batch", wip_plot.timeline),
            Chart("From pumping to release", wip_plot.pressing),
        ),
        pair=(
            Chart("Pressure over temperature", wip_plot.trajectory),
            Chart("Tightness in the hold", wip_plot.tightness),
        ),
    ),
}
