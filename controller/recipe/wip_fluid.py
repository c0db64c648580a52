"""What the commissioned tables of a vessel say of its fluid: enough for a lint before the batch.

The kernel foretells the peak of the run itself, with the wall's heat, on what it measures. Here
only the corner cases are asked for: all of the pumping's heat kept, and none of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from controller.config.wip_station import Vessel, WipStation

STEP_MPA = 10.0
STEP_S = 5.0
STEP_K = 0.5


def _between(nodes: Sequence[float], row: Sequence[float], at: float) -> float:
    """Linear between the nodes, the end's outside."""
    for low in range(len(nodes) - 1):
        if at < nodes[low + 1] or low == len(nodes) - 2:
            share = (at - nodes[low]) / (nodes[low + 1] - nodes[low])
            share = min(1.0, max(0.0, share))
            return row[low] + share * (row[low + 1] - row[low])
    raise ValueError("a table needs two nodes")


def heating_k_per_mpa(vessel: Vessel, pressure_mpa: float, temperature_c: float) -> float:
    rows = [
        _between(vessel.node_pressure_mpa, row, pressure_mpa) for row in vessel.heating_k_per_mpa
    ]
    return _between(vessel.node_temperature_c, rows, temperature_c)


def stiffness_mpa(vessel: Vessel, pressure_mpa: float) -> float:
    return _between(vessel.node_pressure_mpa, vessel.stiffness_mpa, pressure_mpa)


def expansion_mpa_per_k(vessel: Vessel, pressure_mpa: float) -> float:
    return _between(vessel.node_pressure_mpa, vessel.expansion_mpa_per_k, pressure_mpa)


def adiabatic_c(vessel: Vessel, start_c: float, pressure_mpa: float) -> float:
    """Fluid of `start_c` without pressure, pumped so fast that the wall has no say."""
    steps = max(1, math.ceil(pressure_mpa / STEP_MPA))
    step_mpa = pressure_mpa / steps
    for index in range(steps):
        middle_mpa = (index + 0.5) * step_mpa
        start_c += step_mpa * heating_k_per_mpa(vessel, middle_mpa, start_c)
    return start_c


def lead_c(station: WipStation, target_c: float, wall_c: float) -> float:
    """Where the law sets the jacket to bring a wall to its target; it cannot cool."""
    wanted_c = target_c + station.drive.wall_gain_ratio * (target_c - wall_c)
    return min(station.limit.jacket_temperature_c_max, max(wall_c, wanted_c))


def held_c(
    station: WipStation, fluid_c: float, wall_c: float, target_c: float, hold_s: float
) -> float:
    """Where the fluid ends after `hold_s` beside a wall of `wall_c` that the jacket, whose law
    leads it, brings towards `target_c`."""
    vessel, steps = station.vessel, max(1, math.ceil(hold_s / STEP_S))
    step_s = hold_s / steps
    for _ in range(steps):
        jacket_c = lead_c(station, target_c, wall_c)
        to_wall_w = vessel.wall_w_per_k * (fluid_c - wall_c)
        from_jacket_w = vessel.jacket_w_per_k * (jacket_c - wall_c)
        fluid_c -= step_s * to_wall_w / vessel.fluid_heat_capacity_j_per_k
        wall_c += step_s * (to_wall_w + from_jacket_w) / vessel.wall_heat_capacity_j_per_k
    return fluid_c


def warming_s(station: WipStation, from_c: float, target_c: float, to_c: float) -> float:
    """What the jacket, whose law leads the wall to `target_c`, takes to warm the wall to `to_c`,
    with what a batch before may have left in the vessel; inf when it never does."""
    vessel, total_s, here_c = station.vessel, 0.0, from_c
    warmed_j_per_k = vessel.wall_heat_capacity_j_per_k + vessel.fluid_heat_capacity_j_per_k
    while here_c < to_c:
        jacket_c = lead_c(station, target_c, here_c)
        lost_w = vessel.jacket_loss_w_per_k * (jacket_c - station.machine.ambient_temperature_c)
        through_w = vessel.jacket_w_per_k * (jacket_c - here_c)
        power_w = min(through_w, vessel.jacket_power_w - lost_w)
        if power_w <= 0.0:
            return math.inf
        step_k = min(STEP_K, to_c - here_c)
        total_s += warmed_j_per_k * step_k / power_w
        here_c += step_k
    return total_s
