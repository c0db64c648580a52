"""What every simulated machine shows: set what acts on it, step, read what it says.

Everything goes by signal name. Outputs of a controller are held until set again. Readings of
current loops are in mA, all others in the unit their name ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from controller.ports import SignalNames
from hil.bounds import MachineError, bounded
from hil.description import Machine
from hil.machine import kind_of, read_machine
from hil.physics import STEP_S, SWITCH, Kind, ffi
from hil.variation import draw
from hil.vessel_description import Vessel

STEP_S_MAX = 1e6  # one call; beyond it a number is taken for a mistake
TEMPERATURE_C_BOUNDS = (-50.0, 1000.0)
AnyMachine = TypeVar("AnyMachine", Machine, Vessel)


class Simulated(Generic[AnyMachine]):
    """One simulated machine. Same machine, seed and inputs: the same bytes, on every CPU.

    With `noise=False` instruments are ideal but for the resolution of their wire. The truth
    never depends on seed or noise. Everything starts at `start_temperature_c`, by default the
    machine's ambient temperature.
    """

    kind: ClassVar[Kind]
    machine: AnyMachine
    signals: SignalNames
    conditions: tuple[str, ...]
    fitted: frozenset[str]

    def __init__(
        self,
        machine: AnyMachine,
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
        kind = self.kind
        self.machine = machine
        self._config = kind.new("config", self._fields())
        self._config.header_version = kind.header_version
        self._state = kind.new("state")
        self._truth = kind.new("truth")
        self._truth_numbers = memoryview(ffi.buffer(self._truth)).cast("B").cast("d")
        kind.init(self._config, seed, int(noise), start_c, self._state)
        self.fitted = frozenset(
            name for i, name in enumerate(kind.readings) if self._config.sensor[i].fitted
        )
        self.signals = self._signals()
        lacks = self._absent_conditions()
        self.conditions = tuple(name for name in kind.conditions if name not in lacks)
        self._absent = self._absent_truth()

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
    ) -> Self:
        """Build from a shipped name or a TOML file; `stack` changes fields of the workpiece.

        With a `variation_seed` it is one batch of many (`hil.variation`). Raises MachineError
        with file and reason when the description is impossible.
        """
        description: Any = read_machine(machine)
        if stack:
            description = description.with_stack(stack)
        if variation_seed is not None:
            description = draw(description, variation_seed)
        try:
            face = cls._face_of(description)
            return face(
                description, seed=seed, noise=noise, start_temperature_c=start_temperature_c
            )
        except MachineError as error:
            raise MachineError(f"{machine}: {error}") from None

    # ---- what a kind of machine says of itself ----------------------------------------------

    @classmethod
    def _face_of(cls, machine: AnyMachine) -> type[Self]:
        if kind_of(machine) != cls.kind.name:
            raise MachineError(f'not of kind "{cls.kind.name}"')
        return cls

    def _fields(self) -> dict[str, Any]:
        """The machine as fields of the C configuration."""
        raise NotImplementedError

    def _signals(self) -> SignalNames:
        """Every point this machine may have, in the plant's order; bit i of a frame is name i."""
        return self.kind.signals

    def _absent_conditions(self) -> frozenset[str]:
        """What cannot break here because it is not there."""
        return frozenset()

    def _absent_truth(self) -> tuple[str, ...]:
        """What the C has room for and this machine has not."""
        return ()

    # ---- what acts on it ----------------------------------------------------------------------

    @property
    def time_s(self) -> float:
        return float(self._state.step * STEP_S)

    @property
    def output_bits(self) -> int:
        """Digital outputs as the machine feels them now; bit i is the kind's output i."""
        return int(self._state.output_bits)

    @property
    def condition_bounds(self) -> Mapping[str, tuple[float, float, bool]]:
        """Low, high and whether it is a switch, of each of this machine's conditions."""
        return {name: self.kind.condition_bounds[name] for name in self.conditions}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every name `set` takes: a controller's outputs, then what acts from outside."""
        return (
            *self.signals.digital_outputs,
            *self.signals.analogue_outputs,
            *self.conditions,
        )

    def set(self, **inputs: float) -> None:
        """Hold these inputs from now on.

        Raises KeyError for a name the machine does not have, ValueError for a number out of
        its bounds; then nothing has changed.
        """
        changes = [self._change(name, number) for name, number in inputs.items()]
        for change in changes:
            change()

    def _change(self, name: str, number: float) -> Callable[[], None]:
        kind = self.kind
        if name not in self.inputs:
            known = ", ".join(self.inputs)
            raise KeyError(f"{self.machine.name} has no input {name!r}; there are {known}")
        if name in kind.digital_outputs:
            bit = 1 << kind.digital_outputs.index(name)
            bits = bit if bounded(name, number, *SWITCH) else 0
            return lambda: self._command(bit, bits, {})
        if name in kind.analogue_outputs:
            opening = {kind.analogue_outputs.index(name): bounded(name, number, 0.0, 1.0)}
            return lambda: self._command(0, 0, opening)
        low, high, is_switch = kind.condition_bounds[name]
        checked = bounded(name, number, low, high)
        field, index = kind.conditions[name]
        found = int(checked) if is_switch else checked
        if index < 0:
            return lambda: setattr(self._state.world, field, found)
        return lambda: getattr(self._state.world, field).__setitem__(index, found)

    def _command(self, mask: int, bits: int, changed: Mapping[int, float]) -> None:
        openings = [*self._state.opening_fraction]
        for number, opening in changed.items():
            openings[number] = opening
        bits |= self._state.output_bits & ~mask
        self.kind.command(self._config, self._state, bits, openings)

    def condition(self, name: str) -> float:
        """What acts from outside now: one of the conditions. Raises KeyError for another name."""
        field, index = self.kind.conditions[name]
        found = getattr(self._state.world, field)
        return float(found if index < 0 else found[index])

    def step(self, seconds: float) -> None:
        """Advance by `seconds`, rounded to whole milliseconds, with the inputs held."""
        steps = round(bounded("seconds", seconds, 0.0, STEP_S_MAX) / STEP_S)
        self.kind.run(self._config, self._state, steps)

    # ---- what it says ---------------------------------------------------------------------------

    def reading(self, name: str) -> float:
        """What the instrument's wire carries now. Raises KeyError when it is not fitted."""
        if name not in self.fitted:
            raise KeyError(f"no instrument {name!r}; fitted are {', '.join(sorted(self.fitted))}")
        return float(self._state.sensor[self.kind.readings.index(name)].reading_channel_unit)

    def readings(self) -> dict[str, float]:
        """All fitted instruments by name."""
        return {name: self.reading(name) for name in self.kind.readings if name in self.fitted}

    def digital_inputs(self) -> dict[str, bool]:
        """Switches and mirror contacts by name."""
        bits = self.kind.input_bits(self._config, self._state)
        return {name: bool(bits >> i & 1) for i, name in enumerate(self.signals.digital_inputs)}

    def truth(self) -> dict[str, float]:
        """The true state by name, without any sensor error."""
        self.kind.truth(self._config, self._state, self._truth)
        numbers = self._truth_numbers.tolist()
        named: dict[str, float] = dict(zip(self.kind.truth_names, numbers, strict=True))
        for name in self._absent:
            del named[name]
        return named

    def state_bytes(self) -> bytes:
        """The whole state, to compare two runs."""
        return bytes(ffi.buffer(self._state))

    def wire(self, signals: SignalNames | None = None, *, tick_s: float = 0.010) -> Wire:
        """The same machine in the order of a controller's frames, one call a tick.

        Without `signals` in the machine's own order.
        """
        names = self.signals if signals is None else signals
        return Wire(self.kind, self._config, self._state, self.fitted, names, tick_s)


class Wire:
    """Frame order: outputs as bits and openings, readings as one buffer.

    Openings are in the order of `signals.analogue_outputs`; one that is not given is 0.
    """

    def __init__(
        self,
        kind: Kind,
        config: Any,
        state: Any,
        fitted: frozenset[str],
        signals: SignalNames,
        tick_s: float,
    ) -> None:
        steps = round(bounded("tick_s", tick_s, STEP_S, 10.0) / STEP_S)
        if abs(steps * STEP_S - tick_s) > 1e-9:
            raise ValueError(f"tick_s is {tick_s}, must be a whole number of milliseconds")
        self._readings = ffi.new("double[]", max(1, len(signals.channels)))
        self._numbers = range(len(signals.analogue_outputs))
        self._openings = ffi.new("double[]", max(1, len(signals.analogue_outputs)))
        self._open_fractions = memoryview(ffi.buffer(self._openings)).cast("B").cast("d")
        self._wiring = kind.wiring_of(signals)
        self._tick = partial(kind.tick, config, state, self._wiring)
        self._held = (self._openings, steps, self._readings)
        self.readings = memoryview(ffi.buffer(self._readings)).cast("B").cast("d")
        self.readings_ok = bytes(int(name in fitted) for name in signals.channels)
        self.output_bits = 0
        self.input_bits: int = kind.read(config, state, self._wiring, self._readings)

    def command(self, output_bits: int, *open_fractions: float) -> None:
        """Hold these outputs from the next advance on. A non-finite opening is 0."""
        self.output_bits = output_bits
        held, given = self._open_fractions, len(open_fractions)
        for number in self._numbers:
            held[number] = open_fractions[number] if number < given else 0.0

    def advance(self) -> None:
        """One tick with the outputs held, then a new reading."""
        self.input_bits = self._tick(self.output_bits, *self._held)

    def sense(self) -> tuple[Sequence[float], int]:
        """Readings (mA for a current loop) and digital input bits as of the last advance."""
        return self.readings, self.input_bits
