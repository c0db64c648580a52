"""The simulated press under the kernel, tick by tick, with nobody's recipe: commands by hand.

What is judged is the machine's true state, not what its instruments say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.composition import load_press_plan
from controller.config.stack import Batch
from controller.kernel import PRESS, Kernel, lib
from controller.ports import Tick
from hil.plant import Plant
from hil.station import SimulatedStation, open_simulation
from tools.bench.scene import MACHINE, RECIPE, STATION

SAMPLE_TICKS = 10
_RESET_TICK = 50
_LEASE_TICKS = 500
_ZONES = tuple(f"zone_{zone + 1}_temperature_c" for zone in range(lib.PRESS_ZONE_COUNT))
Valve = Callable[[Kernel, float], float]  # kernel, tick_s -> opening


@dataclass
class Trace:
    """Samples of a part of a run, ten a second, of true quantities."""

    stack_pressure_mpa: list[float] = field(default_factory=list)
    pressure_setpoint_mpa: list[float] = field(default_factory=list)
    zone_temperature_c: list[list[float]] = field(default_factory=list)
    zone_temperature_c_seen: list[list[float]] = field(default_factory=list)
    stack_temperature_c: list[float] = field(default_factory=list)
    valve_open_fraction: list[float] = field(default_factory=list)
    trip_bits: int = 0

    @property
    def pressure_error_mpa(self) -> NDArray[np.float64]:
        return np.subtract(self.stack_pressure_mpa, self.pressure_setpoint_mpa)

    @property
    def zones_c(self) -> NDArray[np.float64]:
        return np.array(self.zone_temperature_c)

    @property
    def instrument_error_k(self) -> NDArray[np.float64]:
        """What each zone's instrument is off, in the mean: no law can know it."""
        return np.asarray((self.zones_c - np.array(self.zone_temperature_c_seen)).mean(axis=0))


class Press:
    """A press on its feet: armed, cold, open."""

    def __init__(self, seed: int, *, vary: bool = False, valve: Valve | None = None) -> None:
        plan = load_press_plan(RECIPE, STATION)
        stack = plan.recipe.stack
        self.kernel = plan.kernel(Batch(id="bench"))
        self.tick_s: float = plan.station.station.tick_s
        station = open_simulation(
            MACHINE,
            PRESS.names,
            seed=seed,
            variation_seed=seed if vary else None,
            tick_s=self.tick_s,
            stack={
                "area_mm2": stack.area_mm2,
                "areal_mass_g_per_cm2": stack.areal_mass_g_per_cm2,
            },
        )
        assert isinstance(station, SimulatedStation)
        self._station = station
        self.plant: Plant = station.plant
        self._valve = valve
        self._index = 0
        asyncio.run(station.open())
        self.run(1.0)
        if self.kernel.observation.trip_bits:
            raise RuntimeError(f"not armed: trips {self.kernel.observation.trip_bits:#x}")

    def command(self, **fields: Any) -> None:
        """What to ask from now on; leases are renewed by themselves."""
        for name, number in fields.items():
            setattr(self.kernel.command, name, number)

    def run(self, duration_s: float, until: Callable[[Kernel], bool] | None = None) -> Trace:
        """Go on for so long, or until something is seen. Trips are kept in the trace."""
        trace = Trace()
        asyncio.run(self._run(round(duration_s / self.tick_s), until, trace))
        return trace

    async def _run(self, ticks: int, until: Callable[[Kernel], bool] | None, trace: Trace) -> None:
        kernel, station, tick_s = self.kernel, self._station, self.tick_s
        command, first = kernel.command, self._index
        for index in range(first, first + ticks):
            tick = Tick(index, index * tick_s, 0)
            kernel.sensor.tick = index
            await station.sense(tick, kernel.sensor)
            kernel.observe()
            command.reset = int(index == _RESET_TICK)
            command.valid_until_tick = index + _LEASE_TICKS
            kernel.act()
            if self._valve is not None and command.hydraulics == lib.PRESS_HYDRAULICS_PRESSURE:
                opening = self._valve(kernel, tick_s)
                # The kernel compares the read-back with what it believes it wrote.
                kernel.output.valve_open_fraction = opening
                kernel._state.valve_open_fraction = opening
            await station.actuate(tick, kernel.output)
            self._index = index + 1
            if index % SAMPLE_TICKS == 0:
                self._sample(trace)
                if until is not None and until(kernel):
                    return

    def _sample(self, trace: Trace) -> None:
        seen, truth = self.kernel.observation, self.plant.truth()
        trace.stack_pressure_mpa.append(truth["stack_pressure_mpa"])
        trace.pressure_setpoint_mpa.append(seen.stack_pressure_setpoint_mpa)
        trace.zone_temperature_c.append([truth[name] for name in _ZONES])
        trace.zone_temperature_c_seen.append(list(seen.measurement_channel_unit[0 : len(_ZONES)]))
        trace.stack_temperature_c.append(truth["stack_temperature_c"])
        trace.valve_open_fraction.append(self.kernel.output.valve_open_fraction)
        trace.trip_bits |= seen.trip_bits if self._index > 2 * _RESET_TICK else 0

    def close(self) -> Trace:
        """The platens, until they touch the stack. Raises RuntimeError when they do not."""
        self.command(hydraulics=lib.PRESS_HYDRAULICS_CLOSE)
        trace = self.run(60.0, lambda kernel: bool(kernel.observation.contact))
        if not self.kernel.observation.contact:
            raise RuntimeError("the platens did not touch the stack within 60 s")
        return trace

    def heat(self, target_c: float, rate_c_per_min: float) -> None:
        self.command(
            heat_enable=1,
            heater_duty_fraction_max=1.0,
            temperature_target_c=target_c,
            temperature_rate_c_per_s=rate_c_per_min / 60.0,
        )

    def press(self, target_mpa: float, rate_mpa_per_s: float) -> None:
        self.command(
            hydraulics=lib.PRESS_HYDRAULICS_PRESSURE,
            pressure_target_mpa=target_mpa,
            pressure_rate_mpa_per_s=rate_mpa_per_s,
        )
