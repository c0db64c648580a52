"""The fluid laws of the WIP, slow and obvious: what wip_fluid.c must equal with `==`."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace


def _along(nodes: list[float], number: float) -> tuple[int, float]:
    interval = 0
    for candidate in range(len(nodes) - 1):
        if number >= nodes[candidate]:
            interval = candidate
    share = (number - nodes[interval]) / (nodes[interval + 1] - nodes[interval])
    return interval, 0.0 if share < 0.0 else 1.0 if share > 1.0 else share


def _between(table: list[float], interval: int, share: float) -> float:
    return table[interval] + share * (table[interval + 1] - table[interval])


def heating(v: SimpleNamespace, pressure: float, temperature: float) -> float:
    p, along = _along(v.node_pressure_mpa, pressure)
    t, up = _along(v.node_temperature_c, temperature)
    rows = [v.heating_k_per_mpa[5 * row : 5 * row + 5] for row in range(5)]
    low, high = (_between(rows[row], p, along) for row in (t, t + 1))
    return low + up * (high - low)


def stiffness(v: SimpleNamespace, pressure: float) -> float:
    return _between(v.stiffness_mpa, *_along(v.node_pressure_mpa, pressure))


def expansion(v: SimpleNamespace, pressure: float) -> float:
    return _between(v.expansion_mpa_per_k, *_along(v.node_pressure_mpa, pressure))


def isentropic(v: SimpleNamespace, pressure: float, temperature: float) -> float:
    softening = 1.0 - expansion(v, pressure) * heating(v, pressure, temperature)
    return stiffness(v, pressure) / softening if softening > 0.5 else 2.0 * stiffness(v, pressure)


def peak(
    v: SimpleNamespace,
    start: float,
    fluid: float,
    wall: float,
    supply: float,
    to: float,
    rate: float,
) -> float:
    step, before = (to - start) / 24, start / 24
    if step <= 0.0 or rate <= 0.0:
        return fluid
    pressure, inflow = 0.0, supply
    for _ in range(24):
        inflow += before * heating(v, pressure + 0.5 * before, inflow)
        pressure += before
    exchange = v.wall_w_per_k / v.fluid_heat_capacity_j_per_k
    for _ in range(24):
        middle = pressure + 0.5 * step
        rise = step * heating(v, middle, fluid)
        wall_k = exchange * (wall - (fluid + 0.5 * rise)) * (step / rate)
        mixed = step / isentropic(v, middle, fluid) * (inflow - fluid)
        inflow += step * heating(v, middle, inflow)
        fluid += rise + wall_k + mixed
        pressure += step
    return fluid


def rate_chosen(v: SimpleNamespace, *state: float, rate: float, target: float) -> float:
    offered = [rate * (8 - slower) / 8 for slower in range(8)]
    peaks = [peak(v, *state, one) for one in offered]
    inside = [one for one, ends in zip(offered, peaks, strict=True) if ends <= target]
    return inside[0] if inside else offered[peaks.index(min(peaks))]


def leak(
    v: SimpleNamespace, pressure: float, rise: float, warming: float, delivered: float
) -> float:
    warmed = expansion(v, pressure) * warming
    return warmed + stiffness(v, pressure) * (delivered / v.volume_ml) - rise


def needle(full_ml_per_s: float, flow: float, pressure: float, gain: float) -> float:
    if flow <= 0.0:
        return 0.0
    return min(1.0, sqrt(flow / (full_ml_per_s * sqrt(max(pressure, 1e-3)) * gain)))
