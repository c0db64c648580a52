"""One batch among many: a machine whose numbers differ as those of real batches do.

    machine = draw(read_machine("lab-press"), seed=7)

Film loading, initial density, tooling thickness, contact conductance, mains and the bias of
every instrument are drawn from the distributions of the machine file's [variation]. The same
seed gives the same machine on every computer; each quantity has a stream of its own, so that
another one added tomorrow changes none of them. Noise has its own seed: that of the plant.
"""

from __future__ import annotations

import random

from msgspec.structs import replace

from hil.description import Machine
from hil.instruments import Sensor
from hil.spread import Normal, Spread

SEED_MAX = 2**64 - 1


def draw(machine: Machine, seed: int) -> Machine:
    """The machine as batch number `seed` finds it. Raises ValueError for a seed out of bounds."""
    if not 0 <= seed <= SEED_MAX:
        raise ValueError(f"variation seed is {seed}, must be within 0 .. 2**64 - 1")
    spread = machine.variation

    def times(name: str) -> float:
        return 1.0 + _drawn(getattr(spread, name), seed, name)

    stack, thermal, electrical = machine.stack, machine.thermal, machine.electrical
    tooling_mm = _drawn(spread.tooling_thickness_mm, seed, "tooling_thickness_mm")
    contact = times("contact_conductance_ratio")
    density = stack.density_ratio_initial * times("density_ratio_initial_ratio")
    return replace(
        machine,
        stack=replace(
            stack,
            areal_mass_g_per_cm2=stack.areal_mass_g_per_cm2 * times("areal_mass_ratio"),
            density_ratio_initial=min(density, stack.density_ratio_max),
        ),
        thermal=replace(
            thermal,
            contact_w_per_k_base=thermal.contact_w_per_k_base * contact,
            contact_w_per_k_slope=thermal.contact_w_per_k_slope * contact,
        ),
        electrical=replace(
            electrical,
            mains_voltage_ratio=electrical.mains_voltage_ratio * times("mains_voltage_ratio"),
        ),
        # Thicker pads leave less daylight and hold the platens further apart.
        hydraulic=replace(
            machine.hydraulic, daylight_mm=max(0.0, machine.hydraulic.daylight_mm - tooling_mm)
        ),
        displacement=replace(
            machine.displacement, zero_mm=machine.displacement.zero_mm + tooling_mm
        ),
        sensor=tuple(
            _biased(sensor, point, seed, spread.sensor_bias_ratio)
            for sensor in machine.sensor
            for point in sensor.points
        ),
    )


def _biased(sensor: Sensor, point: str, seed: int, spread: Spread) -> Sensor:
    """The one instrument at this point, with an offset of its own instead of the plant's seed."""
    middle = 0.5 * (sensor.range_low_channel_unit + sensor.range_high_channel_unit)
    allowed = sensor.bias_channel_unit_max + sensor.bias_slope_ratio_max * abs(middle)
    offset = allowed * _drawn(spread, seed, f"sensor_bias_ratio/{point}")
    return replace(
        sensor,
        points=(point,),
        offset_channel_unit=sensor.offset_channel_unit + offset,
        bias_channel_unit_max=0.0,
        bias_slope_ratio_max=0.0,
    )


def _drawn(spread: Spread, seed: int, name: str) -> float:
    """One number. Python promises that a seed gives the same `random()` for ever."""
    stream = random.Random(f"{seed}/{name}")
    if not isinstance(spread, Normal):
        return spread.limit * (2.0 * stream.random() - 1.0)
    while True:
        # Sum of twelve uniforms (Irwin-Hall): sigma 1 from additions alone.
        normal = sum(stream.random() for _ in range(12)) - 6.0
        if abs(spread.sigma * normal) <= spread.limit:
            return spread.sigma * normal
