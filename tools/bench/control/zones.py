"""The platens of a described machine as a generic plant: heaters, cores, faces, one stack.

The same heat network as `native/plant/thermal.c`, written a second time and solved exactly
(matrix exponential), so that thousands of hours of six zones take seconds. Sensors have the
machine's lag and dead time; noise lies on top of it, as with every plant here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hil.description import Machine
from hil.machine import read_machine

Matrix = NDArray[np.float64]


def _exponential(matrix: Matrix) -> Matrix:
    """e^matrix by scaling and squaring of its series."""
    squarings = max(0, int(np.ceil(np.log2(max(np.abs(matrix).sum(axis=1).max(), 1e-12)))) + 2)
    scaled = matrix / 2.0**squarings
    total = term = np.eye(len(matrix))
    for order in range(1, 14):
        term = term @ scaled / order
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


class _Network:
    """dx/dt of nodes joined by conductances, with inputs and a constant."""

    def __init__(self, capacities_j_per_k: Sequence[float], inputs: int) -> None:
        self._capacity = np.array(capacities_j_per_k)
        nodes = len(self._capacity)
        self.flow = np.zeros((nodes + inputs + 1, nodes + inputs + 1))

    def join(self, one: int, other: int, w_per_k: float) -> None:
        for here, there in ((one, other), (other, one)):
            self.flow[here, here] -= w_per_k / self._capacity[here]
            self.flow[here, there] += w_per_k / self._capacity[here]

    def lose(self, node: int, w_per_k: float, ambient_c: float) -> None:
        self.flow[node, node] -= w_per_k / self._capacity[node]
        self.flow[node, -1] += w_per_k * ambient_c / self._capacity[node]

    def heat(self, node: int, column: int, power_w: float) -> None:
        self.flow[node, len(self._capacity) + column] += power_w / self._capacity[node]


class ZonePlant:
    """Platens of a machine file, open and cold. `close` lays them on the cold stack."""

    def __init__(
        self,
        machine: str,
        *,
        weak: Mapping[int, float] | None = None,
        stack_j_per_k: float | None = None,
    ) -> None:
        self.machine: Machine = read_machine(machine)
        self.zones = len(self.machine.zone)
        self._power = np.ones(self.zones)
        for zone, ratio in (weak or {}).items():
            self._power[zone] = ratio
        self._stack_j_per_k = stack_j_per_k or self.machine.stack.heat_capacity_j_per_k
        sensor = next(s for s in self.machine.sensor if "zone_1_temperature_c" in s.points)
        self._lag_s, self._dead_time_s = sensor.lag_s, sensor.dead_time_s
        self._nodes = 4 * self.zones + 1
        self._state = np.full(self._nodes + 2 * self.zones + 1, self.machine.ambient_temperature_c)
        self._state[self._nodes :] = 0.0
        self._state[-1] = 1.0
        self.load_fraction = 0.0
        thermal = self.machine.thermal
        self._contact = [thermal.open_w_per_k, thermal.contact_w_per_k_base]
        self._step_s = 0.0

    @property
    def stack_c(self) -> float:
        return float(self._state[3 * self.zones])

    def close(self, stack_pressure_mpa: float) -> None:
        """Both platens touch the stack with this pressure."""
        thermal = self.machine.thermal
        ratio = min(1.0, stack_pressure_mpa / thermal.contact_pressure_mpa_ref)
        touching = ratio**thermal.contact_exponent_ratio * thermal.contact_w_per_k_slope
        self._contact = [thermal.contact_w_per_k_base + touching] * 2
        self._step_s = 0.0

    def step(self, duty: Sequence[float], dt_s: float) -> list[float]:
        if dt_s != self._step_s:
            self._take_step(dt_s)
        state, nodes = self._state, self._nodes
        state[nodes : nodes + self.zones] = duty
        state[nodes + self.zones : -1] = -self.load_fraction
        state[:nodes] = self._move @ state
        self._past.append(state[nodes - self.zones : nodes].tolist())
        return self._past[0]

    def _take_step(self, dt_s: float) -> None:
        self._move = _exponential(self._network() * dt_s)[: self._nodes]
        count = max(1, round(self._dead_time_s / dt_s) + 1)
        old = list(getattr(self, "_past", []))
        rest = [float(t) for t in self._state[self._nodes - self.zones : self._nodes]]
        self._past: deque[list[float]] = deque((old or [rest] * count)[-count:], maxlen=count)
        self._step_s = dt_s

    def _network(self) -> Matrix:
        """Nodes: heaters, cores, faces, the stack, then the sensors."""
        machine, zones, stack = self.machine, self.machine.zone, 3 * self.zones
        ambient_c = machine.ambient_temperature_c
        capacities = [z.heater_heat_capacity_j_per_k for z in zones]
        capacities += [z.core_heat_capacity_j_per_k for z in zones]
        capacities += [z.face_heat_capacity_j_per_k for z in zones]
        capacities += [self._stack_j_per_k, *[1.0] * self.zones]
        net = _Network(capacities, 2 * self.zones)
        for i, zone in enumerate(zones):
            heater, core, face, sensor = i, self.zones + i, 2 * self.zones + i, stack + 1 + i
            contact = self._contact[("top", "bottom").index(zone.platen)]
            net.heat(heater, i, zone.power_w * self._power[i])
            net.heat(core, self.zones + i, zone.power_w)
            net.join(heater, core, zone.heater_core_w_per_k)
            net.join(core, face, zone.core_face_w_per_k)
            net.join(face, stack, contact * zone.contact_weight_ratio)
            net.lose(core, zone.core_loss_w_per_k, ambient_c)
            net.lose(face, zone.face_loss_w_per_k, ambient_c)
            net.flow[sensor, core] += 1.0 / self._lag_s
            net.flow[sensor, sensor] -= 1.0 / self._lag_s
            if i + 1 < self.zones and zones[i + 1].platen == zone.platen:
                net.join(core, core + 1, machine.thermal.core_lateral_w_per_k)
                net.join(face, face + 1, machine.thermal.face_lateral_w_per_k)
        net.lose(stack, machine.thermal.stack_loss_w_per_k, ambient_c)
        return net.flow
