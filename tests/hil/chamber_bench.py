"""What the chamber's tests share: a chamber in which only what is looked at happens."""

from __future__ import annotations

import msgspec

from hil import Machine, Plant, read_machine

VACUUM_PRESS = read_machine("vacuum-hot-press")


def chamber_with(**fields: float) -> Machine:
    chamber = msgspec.structs.replace(VACUUM_PRESS.chamber, **fields)
    return msgspec.structs.replace(VACUUM_PRESS, chamber=chamber)


def published(purge_dew_point_c: float, **fields: float) -> Machine:
    """The room of the published numbers: 1 m3, 10 changes an hour, 10 g of loose powder."""
    room = {
        "volume_l": 1000.0,
        "purge_l_per_min": 10_000.0 / 60.0,
        "purge_dew_point_c": purge_dew_point_c,
        "sulfide_g": 10.0,
        "sulfide_exposed_fraction": 1.0,
        "leak_l_per_h": 0.0,
        "wall_outgas_mbar_l_per_s": 0.0,
        "moisture_g": 0.0,
        "moisture_g_saturated": 0.0,
    }
    return chamber_with(**(room | fields))


def quiet(machine: Machine, start_c: float | None = None) -> Plant:
    return Plant(machine, noise=False, start_temperature_c=start_c)


def shown(plant: Plant, name: str) -> float:
    """A current loop in the unit of its point."""
    for sensor in plant.machine.sensor:
        if name in sensor.points:
            low, high = sensor.range_low_channel_unit, sensor.range_high_channel_unit
            return low + (plant.reading(name) - 4.0) / 16.0 * (high - low)
    raise KeyError(name)
