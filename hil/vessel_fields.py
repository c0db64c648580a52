"""A described warm isostatic press as fields of the plant's C configuration."""

from __future__ import annotations

from typing import Any

import msgspec

from hil.instruments import sensor_fields
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
    fields["sensor"] = sensor_fields(machine.sensor, points, without=PRESS_ONLY)
    return fields
