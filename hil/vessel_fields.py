"""A described warm isostatic press as fields of the plant's C configuration."""

from __future__ import annotations

from typing import Any

import msgspec

from hil.bounds import MachineError
from hil.vessel_description import PRESS_ONLY, Vessel


def vessel_fields(machine: Vessel, points: tuple[str, ...]) -> dict[str, Any]:
    """The machine as fields of the plant's C configuration; `points` are its readings in order.

    Raises MachineError when the file names a point that the plant does not have.
    """
    fields: dict[str, Any] = msgspec.to_builtins(machine)
    for key in ("kind", "name", "description", "device", "wiring", "variation"):
        del fields[key]
    fields["fluid"]["is_oil"] = int(fields["fluid"].pop("medium") == "oil")
    fields["intensifier"]["self_reversing"] = int(machine.intensifier.self_reversing)
    workpiece = fields["workpiece"]
    workpiece["has_lithium"] = int(machine.workpiece.has_lithium)
    workpiece["layer_count"] = len(machine.workpiece.layer)
    for layer in workpiece["layer"]:
        del layer["name"]
    fields["sensor"] = _sensors_in_order(machine, points)
    return fields


def _sensors_in_order(machine: Vessel, points: tuple[str, ...]) -> list[dict[str, Any]]:
    absent: dict[str, Any] = {"fitted": 0, "counts_per_unit": 1.0, "conversion_s": 1.0}
    by_point: dict[str, dict[str, Any]] = {}
    for number, sensor in enumerate(machine.sensor):
        for point in sensor.points:
            if point not in points:
                known = ", ".join(points)
                raise MachineError(
                    f"sensor[{number}].points: a wip has no point {point!r}; there are {known}"
                )
            row = msgspec.to_builtins(sensor)
            for field in ("points", *PRESS_ONLY):
                del row[field]
            row["current_loop"] = int(row.pop("kind") == "current_loop")
            by_point[point] = {**row, "fitted": 1}
    return [by_point.get(point, absent) for point in points]
