"""A machine file that says only what is different from another one: `like = "lab-press"`.

Numbers and texts replace, keys of a table replace the same keys, a `[[device]]` of a new name is
one more, an instrument takes its points out of the `[[sensor]]` they were in, `[[zone]]` are all or
none. The other file may not be like a third.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil.bounds import MachineError

Tables = dict[str, Any]


def with_base(tables: Tables, source: str, base_of: Callable[[str], Tables]) -> Tables:
    """The whole description. Raises MachineError, also what `base_of` raises."""
    if "like" not in tables:
        return tables
    name = tables["like"]
    if not isinstance(name, str):
        raise MachineError(f"{source}: like: must be the name of a machine or a file")
    base = base_of(name)
    if "like" in base:
        raise MachineError(f"{source}: like: {name} is itself like {base['like']!r}")
    changed = {key: found for key, found in tables.items() if key != "like"}
    return {**base, **{key: _merged(key, base.get(key), found) for key, found in changed.items()}}


def _merged(key: str, base: Any, found: Any) -> Any:
    if isinstance(base, dict) and isinstance(found, dict):
        return {**base, **{name: _merged(name, base.get(name), found[name]) for name in found}}
    if key == "device" and _are_tables(base) and _are_tables(found):
        names = [device.get("name") for device in found]
        return [device for device in base if device.get("name") not in names] + found
    if key == "sensor" and _are_tables(base) and _are_tables(found):
        return _without_points(base, found) + found
    return found


def _are_tables(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(entry, dict) for entry in found)


def _points(sensor: Mapping[str, Any]) -> list[Any]:
    points = sensor.get("points")
    return points if isinstance(points, list) else []


def _without_points(base: list[Tables], found: list[Tables]) -> list[Tables]:
    taken = [point for sensor in found for point in _points(sensor)]
    left = [
        {**sensor, "points": [point for point in _points(sensor) if point not in taken]}
        for sensor in base
    ]
    return [sensor for sensor in left if sensor["points"]]
