"""Machine descriptions: a machine is a TOML file, not C.

`read_machine` takes a shipped name ("press-500kN") or a path and returns a `Machine`
(`hil.description`), or what the file's `kind` says it is (KINDS). A description that is not
possible is refused with file, field path and reason (MachineError): numbers out of bounds,
unknown keys, unit ids twice, unknown instruments, registers that overlap, loose wires.
"""

from __future__ import annotations

import importlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, cast

import msgspec

from hil.bounds import MachineError, explained
from hil.description import Machine
from hil.hydraulic import ACTUATORS
from hil.instruments import sensor_fields
from hil.machine_like import with_base
from hil.terminals import loose_end, with_own_profiles

# What a machine file may describe: `kind` -> where its type lives.
KINDS = {"press": "hil.description:Machine", "wip": "hil.vessel_description:Vessel"}
SIZE_MAX_BYTES = 256 * 1024


def shipped_machines() -> tuple[str, ...]:
    """Names of the machine descriptions that come with the package."""
    folder = resources.files("hil") / "machines"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def read_machine(machine: str | Path) -> Machine:
    """A shipped machine by name, or one from a TOML file.

    Raises MachineError with file, field path and bound.
    """
    text = _text(machine)
    if isinstance(machine, str) and machine in shipped_machines():
        return parse_machine(text, machine)
    return parse_machine(text, str(machine), beside=Path(machine).parent)


def _text(machine: str | Path) -> str:
    """Of a shipped machine by name, or of a file. Raises MachineError."""
    if isinstance(machine, str) and machine in shipped_machines():
        return (resources.files("hil") / "machines" / f"{machine}.toml").read_text("utf-8")
    path = Path(machine)
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            raise MachineError(f"{path}: larger than {SIZE_MAX_BYTES} bytes, no machine file")
        return path.read_text("utf-8")
    except OSError as error:
        shipped = ", ".join(shipped_machines())
        reason = error.strerror or "cannot be read"
        raise MachineError(f"{path}: {reason}; give a TOML file or one of: {shipped}") from None
    except UnicodeDecodeError:
        raise MachineError(f"{path}: not UTF-8 text") from None


def _base(name: str, beside: Path | None) -> dict[str, Any]:
    """What another machine file says. Raises MachineError."""
    shipped = name in shipped_machines()
    text = _text(name if shipped or beside is None else beside / name)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MachineError(f"{name}: not TOML: {error}") from None


def kind_of(machine: object) -> str:
    """Which kind of machine a description is of."""
    return str(getattr(machine, "kind", "press"))


def parse_machine(text: str, source: str, *, beside: Path | None = None) -> Machine:
    """A machine from TOML text; `source` names it in errors, profiles of its own lie `beside`.

    For a kind other than "press" it is that kind's own type. Raises MachineError.
    """
    try:
        tables = with_base(tomllib.loads(text), source, lambda name: _base(name, beside))
        machine = cast(Machine, msgspec.convert(tables, _type_of(tables, source)))
        machine = with_own_profiles(machine, beside)
        if problem := loose_end(machine):
            raise MachineError(f"{source}: {problem}")
        return machine
    except tomllib.TOMLDecodeError as error:
        raise MachineError(f"{source}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise MachineError(explained(source, error)) from None


def _type_of(tables: dict[str, Any], source: str) -> type:
    kind = tables.get("kind", "press")
    if not isinstance(kind, str) or kind not in KINDS:
        raise MachineError(f"{source}: kind: {kind!r} is not one of: {', '.join(KINDS)}")
    module, _, name = KINDS[kind].partition(":")
    return cast(type, getattr(importlib.import_module(module), name))


def plant_fields(machine: Machine, points: tuple[str, ...]) -> dict[str, Any]:
    """The machine as fields of the plant's C configuration.

    `points` are the plant's readings in its own order. Raises MachineError when the file
    names a point that this plant does not have.
    """
    fields: dict[str, Any] = msgspec.to_builtins(machine)
    for key in ("kind", "name", "description", "device", "wiring", "variation"):
        del fields[key]
    hydraulic = fields["hydraulic"]
    hydraulic["actuator"] = ACTUATORS.index(hydraulic["actuator"])
    for option in ("directional", "pump_speed"):
        hydraulic[option] = hydraulic[option] or {}
    fields["stack"]["has_lithium"] = int(fields["stack"]["has_lithium"])
    chamber = fields["chamber"]
    fields["chamber"] = {} if chamber is None else {**chamber, "fitted": 1}
    for zone in fields["zone"]:
        zone["platen"] = ("top", "bottom").index(zone["platen"])
    fields["zone_count"] = len(machine.zone)
    electrical = fields["electrical"]
    electrical["limiter_zone"] = [
        electrical.pop("limiter_zone_top") - 1,
        electrical.pop("limiter_zone_bottom") - 1,
    ]
    fields["sensor"] = sensor_fields(machine.sensor, points)
    return fields
