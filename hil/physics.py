"""The C of the simulated machines. The only importer of `_plant`.

Names and layouts come from its headers by cffi's introspection; `Kind` holds those of one kind of
machine, whose functions, structs and enums share a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.ports import SignalNames
from hil import _plant  # type: ignore[attr-defined]
from hil.bounds import MachineError

ffi: Any = _plant.ffi
lib: Any = _plant.lib

HEADER_SHA256: str = ffi.string(lib.header_sha256).decode()
STEP_S: float = 1.0 / lib.PLANT_STEPS_PER_S
SWITCH = (0, 1)


class Kind:
    """One kind of machine as its header has it.

    `bounds` are those of its world struct's fields; a field that is not there is a switch.
    """

    readings: tuple[str, ...]
    digital_inputs: tuple[str, ...]
    digital_outputs: tuple[str, ...]
    analogue_outputs: tuple[str, ...]
    conditions: Mapping[str, tuple[str, int]]
    signals: SignalNames

    def __init__(self, name: str, prefix: str, bounds: Mapping[str, tuple[float, float]]) -> None:
        self.name = name
        self.prefix = prefix
        self.readings = self._names("reading")
        self.digital_inputs = self._names("input")
        self.digital_outputs = self._names("output")
        self.analogue_outputs = self._names("opening")
        self.signals = SignalNames(
            self.readings, self.digital_inputs, self.digital_outputs, self.analogue_outputs
        )
        self.conditions = _places(f"{prefix}_world_t")
        self.condition_bounds: Mapping[str, tuple[float, float, bool]] = {
            condition: (*bounds.get(field, SWITCH), field not in bounds)
            for condition, (field, _) in self.conditions.items()
        }
        self.truth_names = tuple(_places(f"{prefix}_truth_t"))
        self.header_version = getattr(lib, f"{prefix.upper()}_HEADER_VERSION")
        self.init = self._function("init")
        self.command = self._function("command")
        self.run = self._function("run")
        self.input_bits = self._function("input_bits")
        self.truth = self._function("truth")
        self.read = self._function("read")
        self.tick = self._function("tick")

    def new(self, struct: str, fields: Mapping[str, Any] | None = None) -> Any:
        """A `plant_<struct>_t` or its like, zero or with these fields."""
        return ffi.new(f"{self.prefix}_{struct}_t *", *(() if fields is None else (fields,)))

    def wiring_of(self, signals: SignalNames) -> Any:
        """The machine's own number of each point of the frames, -1 where it has none."""
        fields: dict[str, Any] = {}
        for points, wanted, known in (
            ("reading", signals.channels, self.readings),
            ("input", signals.digital_inputs, self.digital_inputs),
            ("output", signals.digital_outputs, self.digital_outputs),
            ("opening", signals.analogue_outputs, self.analogue_outputs),
        ):
            if len(wanted) > lib.PLANT_WIRE_MAX:
                raise MachineError(f"{len(wanted)} {points} points, at most {lib.PLANT_WIRE_MAX}")
            fields[f"{points}_count"] = len(wanted)
            fields[points] = [known.index(name) if name in known else -1 for name in wanted]
        return ffi.new("plant_wiring_t *", fields)

    def _names(self, points: str) -> tuple[str, ...]:
        by_number = ffi.typeof(f"enum {self.prefix}_{points}").elements
        head = f"{self.prefix}_{points}_".upper()
        names = (by_number[number] for number in sorted(by_number))
        return tuple(name.removeprefix(head).lower() for name in names if name != f"{head}COUNT")

    def _function(self, name: str) -> Any:
        return getattr(lib, f"{self.prefix}_{name}")


def _places(struct: str) -> dict[str, tuple[str, int]]:
    """Name -> field of the struct and index in it, -1 for a scalar.

    `heater_break_fraction` of six zones -> heater_1_break_fraction ...
    """
    places: dict[str, tuple[str, int]] = {}
    for field, info in ffi.typeof(struct).fields:
        if info.type.kind != "array":
            places[field] = (field, -1)
            continue
        head, _, tail = field.partition("_")
        places.update({f"{head}_{i + 1}_{tail}": (field, i) for i in range(info.type.length)})
    return places
