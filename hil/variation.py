"""One batch among many: a machine whose numbers differ as those of real batches do.

    machine = draw(read_machine("lab-press"), seed=7)

Of a press film loading, initial density, tooling thickness, contact conductance, mains and the
bias of every instrument are drawn from the distributions of the machine file's [variation]; of a
WIP loading and density of each layer, the filling supply, mains and bias. The same
seed gives the same machine on every computer; each quantity has a stream of its own, so that
another one added tomorrow changes none of them. Noise has its own seed: that of the plant.
"""

from __future__ import annotations

import random
from typing import TypeVar

from msgspec.structs import replace

from hil.description import Machine
from hil.instruments import Sensor
from hil.spread import Normal, Spread
from hil.vessel_description import WATER_C, Layer, Vessel

SEED_MAX = 2**64 - 1
AnyMachine = TypeVar("AnyMachine", Machine, Vessel)
AnySensor = TypeVar("AnySensor", bound=Sensor)


def draw(machine: AnyMachine, seed: int) -> AnyMachine:
    """The machine as batch number `seed` finds it. Raises ValueError for a seed out of bounds."""
    if not 0 <= seed <= SEED_MAX:
        raise ValueError(f"variation seed is {seed}, must be within 0 .. 2**64 - 1")
    return _press(machine, seed) if isinstance(machine, Machine) else _vessel(machine, seed)


def _press(machine: Machine, seed: int) -> Machine:
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
        sensor=_all_biased(machine.sensor, seed, spread.sensor_bias_ratio),
    )


def _vessel(machine: Vessel, seed: int) -> Vessel:
    spread, electrical = machine.variation, machine.electrical
    mains = 1.0 + _drawn(spread.mains_voltage_ratio, seed, "mains_voltage_ratio")
    supply_c = machine.water_temperature_c
    supply_c += _drawn(spread.water_temperature_c, seed, "water_temperature_c")
    layers = enumerate(machine.workpiece.layer, 1)
    return replace(
        machine,
        workpiece=replace(
            machine.workpiece,
            layer=tuple(_loaded(layer, number, machine, seed) for number, layer in layers),
        ),
        water_temperature_c=min(max(supply_c, WATER_C[0]), WATER_C[1]),
        electrical=replace(electrical, mains_voltage_ratio=electrical.mains_voltage_ratio * mains),
        # What drifts with the body's temperature stays with the plant's seed.
        sensor=_all_biased(machine.sensor, seed, spread.sensor_bias_ratio),
    )


def _loaded(layer: Layer, number: int, machine: Vessel, seed: int) -> Layer:
    """Each layer was cast and calendered for itself."""
    spread = machine.variation
    mass = 1.0 + _drawn(spread.areal_mass_ratio, seed, f"areal_mass_ratio/{number}")
    name = f"density_ratio_initial_ratio/{number}"
    density = 1.0 + _drawn(spread.density_ratio_initial_ratio, seed, name)
    return replace(
        layer,
        areal_mass_g_per_cm2=layer.areal_mass_g_per_cm2 * mass,
        density_ratio_initial=min(layer.density_ratio_initial * density, layer.density_ratio_max),
    )


def _all_biased(sensors: tuple[AnySensor, ...], seed: int, spread: Spread) -> tuple[AnySensor, ...]:
    return tuple(
        _biased(sensor, point, seed, spread) for sensor in sensors for point in sensor.points
    )


def _biased(sensor: AnySensor, point: str, seed: int, spread: Spread) -> AnySensor:
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
