"""Whether a segment's limit of the heaters' duty leaves what its own ramp and its end need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.config.model import Station
from controller.recipe.finding import Finding, Stage, warning
from controller.recipe.phases import Programme
from controller.recipe.segments import Segment


def output_limit(station: Station, walk: Sequence[Stage]) -> Iterator[Finding]:
    """A warning for every segment that its limit keeps from its rate or its temperature."""
    for stage in walk:
        if not isinstance(stage.phase, Programme):
            continue
        here_c = stage.start.temperature_c
        for index, segment in enumerate(stage.phase.segment):
            move = segment.temperature
            there_c = here_c if move is None else move.temperature_c
            yield from _segment(f"{stage.path}.segment[{index}]", segment, here_c, there_c, station)
            here_c = there_c


def _segment(
    place: str, segment: Segment, here_c: float, there_c: float, station: Station
) -> Iterator[Finding]:
    limit, move = segment.heater_duty_fraction_max, segment.temperature
    path = f"{place}.heater_duty_fraction_max"
    reason = f"machine {station.station.id}: power and loss of its weakest zone, stack included"
    keeps = duty_fraction(station, there_c, 0.0)
    if limit >= 1.0:
        return
    if limit < keeps:
        message = f"{limit:g} is below {keeps:.3f}, which keeps {there_c:g} °C; raise it"
        yield warning(path, message, reason)
    elif move is not None and move.kind == "ramp" and there_c > here_c:
        rate_c_per_min = 60.0 * move.rate_c_per_s(here_c)
        needs = duty_fraction(station, there_c, rate_c_per_min)
        if limit < needs:
            yield warning(
                path,
                f"{limit:g} is below {needs:.3f}, which {rate_c_per_min:.3g} °C/min needs at "
                f"{there_c:g} °C; raise it, or ramp at no more than "
                f"{able_c_per_min(station, there_c, limit):.2f} °C/min",
                reason,
            )


def duty_fraction(station: Station, temperature_c: float, rate_c_per_min: float) -> float:
    """What the weakest zone needs to rise at that rate at that temperature."""
    over_k = temperature_c - station.machine.ambient_temperature_c
    return max(
        (rate_c_per_min / 60.0 * (zone.heat_capacity_j_per_k + _share_j_per_k(station))
         + zone.loss_w_per_k * over_k) / zone.power_w
        for zone in station.zone
    )  # fmt: skip


def able_c_per_min(station: Station, temperature_c: float, limit: float) -> float:
    """The rate that the weakest zone still has there under the limit."""
    over_k = temperature_c - station.machine.ambient_temperature_c
    return min(
        60.0 * (limit * zone.power_w - zone.loss_w_per_k * over_k)
        / (zone.heat_capacity_j_per_k + _share_j_per_k(station))
        for zone in station.zone
    )  # fmt: skip


def _share_j_per_k(station: Station) -> float:
    return station.stack.heat_capacity_j_per_k / len(station.zone)
