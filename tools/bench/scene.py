"""The moment that is measured: the demo press heats up while its pressure follows a ramp.

Made by pressing: the simulated machine and the kernel run from cold until the platens carry
load, then a few seconds of sensor frames are kept. The same frames, from the same state,
are replayed in C and through cffi, so both do the same work to the last bit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from controller.composition import load_press_plan
from controller.config.stack import Batch
from controller.kernel import PRESS, Kernel, ffi, lib
from controller.ports import SimulatedStation, Tick
from hil.station import open_simulation

MACHINE = "press-500kN"
STATION = "demo-press"
RECIPE = "sulfide-hot-press-100"
WARM_UP_TICKS = 1200
# Two windows of the heaters, and a multiple of the decimation of the thermal laws.
FRAMES = 400
_RESET_TICK = 50
_LEASE_TICKS = 900  # more than the frames kept, less than the gate takes for a lease


@dataclass(frozen=True, slots=True)
class Scene:
    """A kernel in the middle of it, and the frames of the next seconds."""

    kernel: Kernel
    state: bytes
    frames: list[Any]  # press_sensor_t *

    def rewind(self) -> None:
        ffi.memmove(self.kernel._state, self.state, len(self.state))

    def packed(self) -> bytes:
        """As kernel_loop.c reads it: config, state, command, frames."""
        config = ffi.buffer(self.kernel._config)[:]
        command = ffi.buffer(self.kernel.command)[:]
        return b"".join([config, self.state, command, *(ffi.buffer(f)[:] for f in self.frames)])


def demo_kernel() -> Kernel:
    """The kernel of the demo press with the shipped recipe's limits."""
    return load_press_plan(RECIPE, STATION).kernel(Batch(id="bench"))


def hot_scene() -> Scene:
    """Press until it is heating under rising load. Raises RuntimeError when it is not."""
    kernel = demo_kernel()
    tick_s: float = kernel._config.tick_s
    station = open_simulation(MACHINE, PRESS.names, seed=1, tick_s=tick_s)
    asyncio.run(_press(kernel, station, 0, WARM_UP_TICKS))
    state = ffi.buffer(kernel._state)[:]
    frames = asyncio.run(_press(kernel, station, WARM_UP_TICKS, FRAMES))
    _check(kernel)
    return Scene(kernel, state, frames)


async def _press(
    kernel: Kernel, station: SimulatedStation, first_tick: int, count: int
) -> list[Any]:
    """Run `count` ticks of the closed loop; the sensor frames it saw."""
    if first_tick == 0:
        await station.open()
    frames = []
    for index in range(first_tick, first_tick + count):
        tick = Tick(index, index * kernel._config.tick_s, 0)
        kernel.sensor.tick = index
        await station.sense(tick, kernel.sensor)
        frames.append(ffi.new("press_sensor_t *", kernel._sensor[0]))
        kernel.observe()
        if index < WARM_UP_TICKS:  # afterwards it stays as it is, as for nine ticks of ten
            _ask(kernel, index)
        kernel.act()
        await station.actuate(tick, kernel.output)
    return frames


def _ask(kernel: Kernel, index: int) -> None:
    command = kernel.command
    command.reset = int(index == _RESET_TICK)
    command.heat_enable, command.heater_duty_fraction_max = 1, 1.0
    command.temperature_target_c = 100.0
    command.temperature_rate_c_per_s = 0.1
    command.pressure_target_mpa = 80.0
    command.pressure_rate_mpa_per_s = 1.0
    command.valid_until_tick = index + _LEASE_TICKS
    touching = kernel.observation.contact
    command.hydraulics = lib.PRESS_HYDRAULICS_PRESSURE if touching else lib.PRESS_HYDRAULICS_CLOSE


def _check(kernel: Kernel) -> None:
    seen = kernel.observation
    heating = any(kernel.output.heater_duty_fraction)
    rising = seen.contact and not seen.pressure_ramp_done and not seen.temperature_ramp_done
    if seen.trip_bits or not heating or not rising:
        raise RuntimeError(
            f"the bench's scene is not one of heating and pressing: trips {seen.trip_bits:#x}, "
            f"heating {heating}, contact {seen.contact}, {seen.stack_pressure_mpa:.1f} MPa"
        )
