"""The simulated warm isostatic press, with the same face as `hil.Plant`.

    from hil import Plant

    wip = Plant.from_machine("wip-500MPa", seed=7)      # a Vessel, by the file's kind
    wip.preset(pressure_mpa=500.0, fluid_c=104.0, wall_c=80.0)
    wip.step(600.0)
    wip.truth()["vessel_pressure_mpa"]                   # sags as the fluid cools

Readings of current loops are in mA, all others in the unit their name ends with; pressures of
readings and truth are gauge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.ports import SignalNames
from hil.bounds import MachineError
from hil.machine import read_machine
from hil.plant import STEP_S, STEP_S_MAX, TEMPERATURE_C_BOUNDS, bounded, enum_names, ffi, lib
from hil.vessel_description import WATER_C
from hil.vessel_description import Vessel as Description
from hil.vessel_fields import vessel_fields

READINGS = enum_names("vessel_reading", "VESSEL_READING_")
DIGITAL_INPUTS = enum_names("vessel_input", "VESSEL_INPUT_")
DIGITAL_OUTPUTS = enum_names("vessel_output", "VESSEL_OUTPUT_")
ANALOGUE_OUTPUTS = enum_names("vessel_opening", "VESSEL_OPENING_")
_SWITCH = (0.0, 1.0)

# What people, the building and broken parts do; a field that is not here is a switch.
WORLD_BOUNDS: dict[str, tuple[float, float]] = {
    "mains_voltage_v": (0.0, 1000.0),
    "ambient_temperature_c": (-20.0, 60.0),
    "water_temperature_c": WATER_C,
    "cell_voltage_v": (-1.0, 6.0),
    "vessel_leak_ml_per_min": (0.0, 1000.0),
    "bag_leak_fraction": (0.0, 1.0),
    "check_valve_backflow_ratio": (0.0, 100.0),
    "needle_erosion_fraction": (0.0, 1.0),
    "rupture_strength_ratio": (0.01, 1.0),
}
CONDITIONS = tuple(field for field, _ in ffi.typeof("vessel_world_t").fields)
CONDITION_BOUNDS: Mapping[str, tuple[float, float, bool]] = {
    name: (*WORLD_BOUNDS.get(name, _SWITCH), name not in WORLD_BOUNDS) for name in CONDITIONS
}
SIGNALS = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)


def _truth_names() -> tuple[str, ...]:
    """Names of vessel_truth_t, which is doubles only: layer_density_ratio -> layer_1_..."""
    names: list[str] = []
    for field, info in ffi.typeof("vessel_truth_t").fields:
        head, _, tail = field.partition("_")
        length = info.type.length if info.type.kind == "array" else 0
        names += [f"{head}_{i + 1}_{tail}" for i in range(length)] or [field]
    return tuple(names)


_TRUTH = _truth_names()


class Vessel:
    """One simulated WIP. Same machine, seed and inputs: the same bytes, on every CPU.

    With `noise=False` instruments are ideal but for the resolution of their wire. The truth
    never depends on seed or noise. It starts with the lid shut and not locked, filled as the
    machine file says, everything at `start_temperature_c`, by default the room's.
    """

    signals = SIGNALS
    conditions = CONDITIONS
    condition_bounds = CONDITION_BOUNDS

    def __init__(
        self,
        machine: Description,
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
        self._config = ffi.new("vessel_config_t *", vessel_fields(machine, READINGS))
        self._config.header_version = lib.VESSEL_HEADER_VERSION
        self._state = ffi.new("vessel_state_t *")
        self._truth = ffi.new("vessel_truth_t *")
        lib.vessel_init(self._config, seed, int(noise), start_c, self._state)
        self.fitted = frozenset(
            name for i, name in enumerate(READINGS) if self._config.sensor[i].fitted
        )
        layers = range(len(machine.workpiece.layer), lib.VESSEL_LAYER_MAX)
        self._absent = tuple(f"layer_{i + 1}_density_ratio" for i in layers)

    @classmethod
    def from_machine(
        cls,
        machine: str | Path,
        *,
        seed: int = 0,
        noise: bool = True,
        start_temperature_c: float | None = None,
        stack: Mapping[str, Any] | None = None,
    ) -> Vessel:
        """Build from a shipped name or a TOML file; `stack` changes fields of the workpiece.

        Raises MachineError when the description is impossible or not of kind "wip".
        """
        found: object = read_machine(machine)
        if not isinstance(found, Description):
            raise MachineError(f'{machine}: not of kind "wip"')
        if stack:
            found = found.with_stack(stack)
        return cls(found, seed=seed, noise=noise, start_temperature_c=start_temperature_c)

    @property
    def time_s(self) -> float:
        return float(self._state.step * STEP_S)

    @property
    def output_bits(self) -> int:
        """Digital outputs as the machine feels them now; bit i is `DIGITAL_OUTPUTS[i]`."""
        return int(self._state.output_bits)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every name `set` takes: a controller's outputs, then what acts from outside."""
        return (*DIGITAL_OUTPUTS, *ANALOGUE_OUTPUTS, *CONDITIONS)

    def set(self, **inputs: float) -> None:
        """Hold these inputs from now on.

        Raises KeyError for a name the machine does not have, ValueError for a number out of
        its bounds; then nothing has changed.
        """
        changes = [self._change(name, number) for name, number in inputs.items()]
        for change in changes:
            change()

    def _change(self, name: str, number: float) -> Callable[[], None]:
        if name in DIGITAL_OUTPUTS:
            bit = 1 << DIGITAL_OUTPUTS.index(name)
            on = bounded(name, number, *_SWITCH)
            return lambda: self._command(bit, bit if on else 0, {})
        if name in ANALOGUE_OUTPUTS:
            opening = {ANALOGUE_OUTPUTS.index(name): bounded(name, number, 0.0, 1.0)}
            return lambda: self._command(0, 0, opening)
        if name not in CONDITIONS:
            raise KeyError(f"a wip has no input {name!r}; there are {', '.join(self.inputs)}")
        checked = bounded(name, number, *CONDITION_BOUNDS[name][:2])
        found = checked if name in WORLD_BOUNDS else int(checked)
        return lambda: setattr(self._state.world, name, found)

    def _command(self, mask: int, bits: int, changed: Mapping[int, float]) -> None:
        openings = [*self._state.opening_fraction]
        for number, opening in changed.items():
            openings[number] = opening
        bits |= self._state.output_bits & ~mask
        lib.vessel_command(self._config, self._state, bits, openings)

    def condition(self, name: str) -> float:
        """What acts from outside now: one of CONDITIONS. Raises KeyError for another name."""
        if name not in CONDITIONS:
            raise KeyError(name)
        return float(getattr(self._state.world, name))

    def preset(self, *, pressure_mpa: float, fluid_c: float, wall_c: float) -> None:
        """Start in the middle of a cycle: locked, filled without air, at this pressure (gauge).

        Raises ValueError for numbers out of bounds; then nothing has changed.
        """
        numbers = (
            bounded("pressure_mpa", pressure_mpa, 0.0, self.machine.body.relief_crack_mpa),
            bounded("fluid_c", fluid_c, 0.0, 150.0),
            bounded("wall_c", wall_c, 0.0, 150.0),
        )
        lib.vessel_preset(self._config, self._state, *numbers)

    def step(self, seconds: float) -> None:
        """Advance by `seconds`, rounded to whole milliseconds, with the inputs held."""
        steps = round(bounded("seconds", seconds, 0.0, STEP_S_MAX) / STEP_S)
        lib.vessel_run(self._config, self._state, steps)

    def reading(self, name: str) -> float:
        """What the instrument's wire carries now. Raises KeyError when it is not fitted."""
        if name not in self.fitted:
            raise KeyError(f"no instrument {name!r}; fitted are {', '.join(sorted(self.fitted))}")
        return float(self._state.sensor[READINGS.index(name)].reading_channel_unit)

    def readings(self) -> dict[str, float]:
        """All fitted instruments by name."""
        return {name: self.reading(name) for name in READINGS if name in self.fitted}

    def digital_inputs(self) -> dict[str, bool]:
        """Switches and mirror contacts by name."""
        bits = lib.vessel_input_bits(self._config, self._state)
        return {name: bool(bits >> i & 1) for i, name in enumerate(DIGITAL_INPUTS)}

    def truth(self) -> dict[str, float]:
        """The true state by name, without any sensor error."""
        lib.vessel_truth(self._config, self._state, self._truth)
        numbers = memoryview(ffi.buffer(self._truth)).cast("B").cast("d")
        named = dict(zip(_TRUTH, numbers, strict=True))
        for name in self._absent:
            del named[name]
        return named

    def state_bytes(self) -> bytes:
        """The whole state, to compare two runs."""
        return bytes(ffi.buffer(self._state))

    def wire(self, signals: SignalNames = SIGNALS, *, tick_s: float = 0.010) -> VesselWire:
        """The same machine in the order of a controller's frames, one call a tick."""
        return VesselWire(self, self._config, self._state, signals, tick_s)


class VesselWire:
    """Frame order: outputs as bits and openings, readings as one buffer.

    Openings are in the order of `signals.analogue_outputs`; one that is not given is 0.
    """

    def __init__(
        self, plant: Vessel, config: Any, state: Any, signals: SignalNames, tick_s: float
    ) -> None:
        steps = round(bounded("tick_s", tick_s, STEP_S, 10.0) / STEP_S)
        if abs(steps * STEP_S - tick_s) > 1e-9:
            raise ValueError(f"tick_s is {tick_s}, must be a whole number of milliseconds")
        self.plant = plant
        self._steps = steps
        self._readings = ffi.new("double[]", max(1, len(signals.channels)))
        self._opening_count = len(signals.analogue_outputs)
        self._openings = ffi.new("double[]", max(1, self._opening_count))
        self._wiring = ffi.new("vessel_wiring_t *", _wiring_of(signals))
        self._arguments = (config, state, self._wiring)
        self.readings = memoryview(ffi.buffer(self._readings)).cast("B").cast("d")
        self.readings_ok = bytes(int(name in plant.fitted) for name in signals.channels)
        self.output_bits = 0
        self.input_bits: int = lib.vessel_read(*self._arguments, self._readings)

    def command(self, output_bits: int, *open_fractions: float) -> None:
        """Hold these outputs from the next advance on. A non-finite opening is 0."""
        self.output_bits = output_bits
        given = open_fractions[: self._opening_count]
        self._openings[0 : len(given)] = given
        for number in range(len(given), self._opening_count):
            self._openings[number] = 0.0

    def advance(self) -> None:
        """One tick with the outputs held, then a new reading."""
        self.input_bits = lib.vessel_tick(
            *self._arguments, self.output_bits, self._openings, self._steps, self._readings
        )

    def sense(self) -> tuple[Sequence[float], int]:
        """Readings (mA for a current loop) and digital input bits as of the last advance."""
        return self.readings, self.input_bits


def _wiring_of(signals: SignalNames) -> dict[str, Any]:
    """Canonical number of each point of the frames, -1 where this machine has none."""
    fields: dict[str, Any] = {}
    for kind, wanted, known in (
        ("reading", signals.channels, READINGS),
        ("input", signals.digital_inputs, DIGITAL_INPUTS),
        ("output", signals.digital_outputs, DIGITAL_OUTPUTS),
        ("opening", signals.analogue_outputs, ANALOGUE_OUTPUTS),
    ):
        if len(wanted) > lib.VESSEL_WIRE_MAX:
            raise MachineError(f"{len(wanted)} {kind} points, at most {lib.VESSEL_WIRE_MAX}")
        fields[f"{kind}_count"] = len(wanted)
        fields[kind] = [known.index(name) if name in known else -1 for name in wanted]
    return fields
