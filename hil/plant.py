"""The simulated press through a Python face: set what acts on it, step, read what it says.

    from hil import Plant

    press = Plant.from_machine("press-500kN", seed=7)
    press.set(contactor_top=True, contactor_bottom=True, heater_1_ssr=True)
    press.step(60.0)
    press.reading("zone_1_temperature_c")        # as the wire carries it, with sensor error
    press.truth()["zone_1_temperature_c"]        # as it is

Everything goes by signal name. Outputs of a controller are held until set again. Readings
of current loops are in mA, all others in the unit their name ends with. The only importer
of `_plant`; names and layouts come from its header by cffi's introspection.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from controller.ports import SignalNames
from hil import _plant  # type: ignore[attr-defined]
from hil.conditions import OF_CHAMBER, OF_SECOND_CONTACTOR, WORLD_BOUNDS
from hil.description import Machine, MachineError
from hil.machine import kind_of, plant_fields, read_machine
from hil.variation import draw

ffi = _plant.ffi
lib = _plant.lib

HEADER_SHA256: str = ffi.string(lib.header_sha256).decode()
STEP_S: float = 1.0 / lib.PLANT_STEPS_PER_S
STEP_S_MAX = 1e6  # one call; beyond it a number is taken for a mistake
TEMPERATURE_C_BOUNDS = (-50.0, 1000.0)
# Machines of another kind have a plant of their own, with this one's face.
FACES = {"wip": "hil.vessel:Vessel"}


def enum_names(enum: str, prefix: str) -> tuple[str, ...]:
    by_number = ffi.typeof(f"enum {enum}").elements
    names = (by_number[number] for number in sorted(by_number))
    return tuple(name.removeprefix(prefix).lower() for name in names if not name.endswith("_COUNT"))


_READINGS = enum_names("plant_reading", "PLANT_READING_")
_INPUTS = enum_names("plant_input", "PLANT_INPUT_")
_OUTPUTS = enum_names("plant_output", "PLANT_OUTPUT_")
# What every press may have, and what comes with a chamber round it.
READINGS = _READINGS[: lib.PLANT_PRESS_READING_COUNT]
CHAMBER_READINGS = _READINGS[lib.PLANT_PRESS_READING_COUNT :]
DIGITAL_INPUTS = _INPUTS[: lib.PLANT_PRESS_INPUT_COUNT]
CHAMBER_INPUTS = _INPUTS[lib.PLANT_PRESS_INPUT_COUNT :]
DIGITAL_OUTPUTS = _OUTPUTS[: lib.PLANT_PRESS_OUTPUT_COUNT]
CHAMBER_OUTPUTS = _OUTPUTS[lib.PLANT_PRESS_OUTPUT_COUNT :]
_VALVE = "valve_open_fraction"
ANALOGUE_OUTPUTS = (_VALVE,)
_SWITCH = (0, 1)


def _numbered(field: str, count: int) -> list[str]:
    """`heater_break_fraction` of six zones -> heater_1_break_fraction ..."""
    head, _, tail = field.partition("_")
    return [f"{head}_{i + 1}_{tail}" for i in range(count)]


def _world_places() -> dict[str, tuple[str, int]]:
    """Settable name -> field of plant_world_t and index in it, -1 for a scalar."""
    places: dict[str, tuple[str, int]] = {}
    for field, info in ffi.typeof("plant_world_t").fields:
        if info.type.kind == "array":
            names = _numbered(field, info.type.length)
            places.update({name: (field, i) for i, name in enumerate(names)})
        else:
            places[field] = (field, -1)
    return places


def _truth_names() -> tuple[str, ...]:
    """Names of plant_truth_t, which is doubles only."""
    names: list[str] = []
    for field, info in ffi.typeof("plant_truth_t").fields:
        names += _numbered(field, info.type.length) if info.type.kind == "array" else [field]
    return tuple(names)


_WORLD = _world_places()
_TRUTH = _truth_names()
CONDITIONS = tuple(_WORLD)
# Low, high, and whether it is a switch: 0 or 1.
CONDITION_BOUNDS: Mapping[str, tuple[float, float, bool]] = {
    name: (*WORLD_BOUNDS.get(field, _SWITCH), field not in WORLD_BOUNDS)
    for name, (field, _) in _WORLD.items()
}


class Plant:
    """One simulated press. Same machine, seed and inputs: the same bytes, on every CPU.

    With `noise=False` instruments are ideal but for the resolution of their wire (no
    noise, no bias, no tilt). The truth never depends on seed or noise. Everything starts at
    `start_temperature_c`, by default the machine's ambient temperature.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        seed: int = 0,
        noise: bool = True,
        start_temperature_c: float | None = None,
    ) -> None:
        start_c = machine.ambient_temperature_c
        if start_temperature_c is not None:
            start_c = bounded("start_temperature_c", start_temperature_c, *TEMPERATURE_C_BOUNDS)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed}, must be within 0 .. 2**64 - 1")
        self.machine = machine
        self._config = ffi.new("plant_config_t *", plant_fields(machine, _READINGS))
        self._config.header_version = lib.PLANT_HEADER_VERSION
        self._state = ffi.new("plant_state_t *")
        self._truth = ffi.new("plant_truth_t *")
        lib.plant_init(self._config, seed, int(noise), start_c, self._state)
        self.fitted = frozenset(
            name for i, name in enumerate(_READINGS) if self._config.sensor[i].fitted
        )
        self.signals = _signals_of(machine)
        lacks = _absent_conditions(machine)
        self.conditions = tuple(name for name in CONDITIONS if name not in lacks)
        self._absent = _absent_truth(machine)

    @classmethod
    def from_machine(
        cls,
        machine: str | Path,
        *,
        seed: int = 0,
        noise: bool = True,
        start_temperature_c: float | None = None,
        stack: Mapping[str, Any] | None = None,
        variation_seed: int | None = None,
    ) -> Plant:
        """Build from a shipped name or a TOML file; `stack` changes fields of the workpiece.

        With a `variation_seed` it is one batch of many (`hil.variation`). A file of another
        kind becomes that kind's plant, with the same face. Raises MachineError with file and
        reason when the description is impossible.
        """
        description = read_machine(machine)
        kind = kind_of(description)
        if stack:
            description = description.with_stack(stack)
        if variation_seed is not None:
            description = draw(description, variation_seed)
        face = cls if kind == "press" else face_of(description)
        try:
            return face(
                description, seed=seed, noise=noise, start_temperature_c=start_temperature_c
            )
        except MachineError as error:
            raise MachineError(f"{machine}: {error}") from None

    @property
    def time_s(self) -> float:
        return float(self._state.step * STEP_S)

    @property
    def output_bits(self) -> int:
        """Digital outputs as the press feels them now; bit i is `DIGITAL_OUTPUTS[i]`."""
        return int(self._state.output_bits)

    @property
    def condition_bounds(self) -> Mapping[str, tuple[float, float, bool]]:
        """Low, high and whether it is a switch, of each of this machine's conditions."""
        return {name: CONDITION_BOUNDS[name] for name in self.conditions}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every name `set` takes: a controller's outputs, then what acts from outside."""
        return (*self.signals.digital_outputs, *ANALOGUE_OUTPUTS, *self.conditions)

    def set(self, **inputs: float) -> None:
        """Hold these inputs from now on.

        Raises KeyError for a name the press does not have, ValueError for a number out of
        its bounds; then nothing has changed.
        """
        changes = [self._change(name, number) for name, number in inputs.items()]
        for change in changes:
            change()

    def _change(self, name: str, number: float) -> Callable[[], None]:
        state, config = self._state, self._config
        if name not in self.inputs:
            raise KeyError(f"the press has no input {name!r}; there are {', '.join(self.inputs)}")
        if name in _OUTPUTS:
            bit = 1 << _OUTPUTS.index(name)
            on = bounded(name, number, *_SWITCH)
            return lambda: lib.plant_command(
                config,
                state,
                state.output_bits | bit if on else state.output_bits & ~bit,
                state.valve_open_fraction,
            )
        if name in ANALOGUE_OUTPUTS:
            opening = bounded(name, number, 0.0, 1.0)
            return lambda: lib.plant_command(config, state, state.output_bits, opening)
        field, index = _WORLD[name]
        checked = bounded(name, number, *WORLD_BOUNDS.get(field, _SWITCH))
        if field not in WORLD_BOUNDS:
            checked = int(checked)
        if index < 0:
            return lambda: setattr(state.world, field, checked)
        return lambda: getattr(state.world, field).__setitem__(index, checked)

    def condition(self, name: str) -> float:
        """What acts from outside now: one of CONDITIONS. Raises KeyError for another name."""
        field, index = _WORLD[name]
        found = getattr(self._state.world, field)
        return float(found if index < 0 else found[index])

    def step(self, seconds: float) -> None:
        """Advance by `seconds`, rounded to whole milliseconds, with the inputs held."""
        self._run(round(bounded("seconds", seconds, 0.0, STEP_S_MAX) / STEP_S))

    def _run(self, steps: int) -> None:
        lib.plant_run(self._config, self._state, steps)

    def reading(self, name: str) -> float:
        """What the instrument's wire carries now. Raises KeyError when it is not fitted."""
        if name not in self.fitted:
            raise KeyError(f"no instrument {name!r}; fitted are {', '.join(sorted(self.fitted))}")
        return float(self._state.sensor[_READINGS.index(name)].reading_channel_unit)

    def readings(self) -> dict[str, float]:
        """All fitted instruments by name."""
        return {name: self.reading(name) for name in _READINGS if name in self.fitted}

    def digital_inputs(self) -> dict[str, bool]:
        """Switches and mirror contacts by name."""
        bits = lib.plant_input_bits(self._config, self._state)
        return {name: bool(bits >> i & 1) for i, name in enumerate(self.signals.digital_inputs)}

    def truth(self) -> dict[str, float]:
        """The true state by name, without any sensor error."""
        lib.plant_truth(self._config, self._state, self._truth)
        numbers = memoryview(ffi.buffer(self._truth)).cast("B").cast("d")
        named = dict(zip(_TRUTH, numbers, strict=True))
        for name in self._absent:
            del named[name]
        return named

    def state_bytes(self) -> bytes:
        """The whole state, to compare two runs."""
        return bytes(ffi.buffer(self._state))

    def wire(self, signals: SignalNames, *, tick_s: float = 0.010) -> PlantWire:
        """The same press in the order of a controller's frames, one call a tick."""
        return PlantWire(self, self._config, self._state, signals, tick_s)


class PlantWire:
    """Frame order: outputs as bits and openings, readings as one buffer.

    Openings are in the order of `signals.analogue_outputs`; one that is not given is 0.
    """

    def __init__(
        self, plant: Plant, config: Any, state: Any, signals: SignalNames, tick_s: float
    ) -> None:
        steps = round(bounded("tick_s", tick_s, STEP_S, 10.0) / STEP_S)
        if abs(steps * STEP_S - tick_s) > 1e-9:
            raise ValueError(f"tick_s is {tick_s}, must be a whole number of milliseconds")
        self.plant = plant
        self._steps = steps
        self._readings = ffi.new("double[]", max(1, len(signals.channels)))
        self._wiring = ffi.new("plant_wiring_t *", _wiring_of(signals))
        self._arguments = (config, state, self._wiring)
        self.readings = memoryview(ffi.buffer(self._readings)).cast("B").cast("d")
        self.readings_ok = bytes(int(name in plant.fitted) for name in signals.channels)
        self.output_bits = 0
        self.valve_open_fraction = 0.0
        outputs = signals.analogue_outputs
        self._valve_at = outputs.index(_VALVE) if _VALVE in outputs else len(outputs)
        self.input_bits: int = lib.plant_read(*self._arguments, self._readings)

    def command(self, output_bits: int, *open_fractions: float) -> None:
        """Hold these outputs from the next advance on. A non-finite opening is 0."""
        self.output_bits = output_bits
        at = self._valve_at
        self.valve_open_fraction = open_fractions[at] if at < len(open_fractions) else 0.0

    def advance(self) -> None:
        """One tick with the outputs held, then a new reading."""
        self.input_bits = lib.plant_tick(
            *self._arguments, self.output_bits, self.valve_open_fraction, self._steps,
            self._readings,
        )  # fmt: skip

    def sense(self) -> tuple[Sequence[float], int]:
        """Readings (mA for a current loop) and digital input bits as of the last advance."""
        return self.readings, self.input_bits


def bounded(name: str, number: float, low: float, high: float) -> float:
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name} is {number}, must be within {low} .. {high}")
    return number


def face_of(machine: Machine) -> type[Plant]:
    """The plant of a description, by its kind: `Plant`, or one with the same face."""
    kind = kind_of(machine)
    if kind == "press":
        return Plant
    module, _, name = FACES[kind].partition(":")
    return cast(type[Plant], getattr(importlib.import_module(module), name))


def _signals_of(machine: Machine) -> SignalNames:
    """Every point this press may have, in the plant's order; bit i of its frames is name i."""
    if machine.chamber is None:
        return SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
    return SignalNames(_READINGS, _INPUTS, _OUTPUTS, ANALOGUE_OUTPUTS)


def _absent_truth(machine: Machine) -> tuple[str, ...]:
    heads = ("zone", "heater", "face")
    zones = range(len(machine.zone), lib.PLANT_ZONE_MAX)
    absent = [f"{head}_{i + 1}_" for head in heads for i in zones]
    if machine.chamber is None:
        absent += ["chamber_", "h2s_", "moisture_"]
    return tuple(name for name in _TRUTH if name.startswith(tuple(absent)))


def _absent_conditions(machine: Machine) -> frozenset[str]:
    """What cannot break here because it is not there."""
    heads = tuple(f"heater_{i + 1}_" for i in range(len(machine.zone), lib.PLANT_ZONE_MAX))
    lacks = {name for name in CONDITIONS if name.startswith(heads)}
    if machine.chamber is None:
        lacks |= OF_CHAMBER
    if machine.electrical.contactors_in_series < lib.PLANT_SERIES_MAX:
        lacks |= OF_SECOND_CONTACTOR
    return frozenset(lacks)


def _wiring_of(signals: SignalNames) -> dict[str, Any]:
    """Canonical number of each point of the frames, -1 where this plant has none."""
    fields: dict[str, Any] = {}
    for kind, wanted, known in (
        ("reading", signals.channels, _READINGS),
        ("input", signals.digital_inputs, _INPUTS),
        ("output", signals.digital_outputs, _OUTPUTS),
    ):
        if len(wanted) > lib.PLANT_WIRE_MAX:
            raise MachineError(f"{len(wanted)} {kind} points, at most {lib.PLANT_WIRE_MAX}")
        fields[f"{kind}_count"] = len(wanted)
        fields[kind] = [known.index(name) if name in known else -1 for name in wanted]
    return fields
