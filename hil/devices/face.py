"""The machine as its modules show it: terminals wired to a plant.

The face knows no time. A pacer (`pacing`) says when the plant advances and what silence does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from controller.ports import SignalNames
from hil.devices.module import Module
from hil.devices.wires import AnalogueWires, BitWires, WiringError, terminals_of


class Plant(Protocol):
    """What the face asks of a simulated press; orders are those of `SignalNames`."""

    def command(self, output_bits: int, *open_fractions: float) -> None:
        """Hold these outputs from now on."""

    def advance(self) -> None:
        """One tick of the machine's time."""

    def sense(self) -> tuple[Sequence[float], int]:
        """Readings as the wire carries them (mA for a current loop) and digital input bits."""
        ...


class Face:
    """Raises WiringError when machine file and profiles do not agree."""

    def __init__(
        self,
        modules: Sequence[Module],
        wiring: Mapping[str, str],
        signals: SignalNames,
        plant: Plant,
    ) -> None:
        self.modules = {module.name: module for module in modules}
        self._plant = plant
        self._analogues = {m.name: AnalogueWires(m) for m in modules}
        self._inputs: dict[tuple[str, int], BitWires] = {}
        self._outputs: dict[tuple[str, int], BitWires] = {}
        # Where each analogue output stands, by its number among them; None: not wired.
        self._openings: list[tuple[bytearray, int, float] | None]
        self._openings = [None] * len(signals.analogue_outputs)
        known = {
            **{name: (i, "analogue_input") for i, name in enumerate(signals.channels)},
            **{name: (i, "digital_input") for i, name in enumerate(signals.digital_inputs)},
            **{name: (i, "digital_output") for i, name in enumerate(signals.digital_outputs)},
            **{name: (i, "analogue_output") for i, name in enumerate(signals.analogue_outputs)},
        }
        for signal, address in wiring.items():
            if signal not in known:
                raise WiringError(f"wiring.{signal}: the plant has no such signal")
            self._connect(signal, address, *known[signal])
        self.sample()

    def _connect(self, signal: str, address: str, number: int, kind: str) -> None:
        module, terminals, at, n = terminals_of(self.modules, signal, address, kind)
        if kind == "analogue_input":
            self._analogues[module.name].connect(address.partition(".")[2], number)
        elif kind == "digital_input":
            wires = self._inputs.setdefault((module.name, at), BitWires(module.sense.memory, at))
            wires.connect(number, n)
        elif kind == "digital_output":
            wires = self._outputs.setdefault((module.name, at), BitWires(module.actuate.memory, at))
            wires.connect(number, n)
        else:
            self._openings[number] = (module.actuate.memory, at, terminals.counts_per_unit)

    def sample(self) -> None:
        """Every module converts its terminals once."""
        readings, input_bits = self._plant.sense()
        for analogue in self._analogues.values():
            if analogue.terminal_count:
                analogue.convert(readings)
        for wires in self._inputs.values():
            wires.drive(input_bits)
        for module in self.modules.values():
            module.converted()

    def drive(self) -> None:
        """The plant feels what stands at the output terminals now."""
        bits = 0
        for wires in self._outputs.values():
            bits |= wires.read()
        self._plant.command(bits, *[_fraction(opening) for opening in self._openings])

    def advance(self) -> None:
        """One tick with the outputs last driven, then a new conversion."""
        self._plant.advance()
        self.sample()

    def lapse_if_due(self) -> bool:
        """True when a module has just made its outputs safe; the plant feels it at once."""
        lapsed = [m for m in self.modules.values() if m.has_outputs and m.lapse_if_due()]
        if lapsed:
            self.drive()
        return bool(lapsed)


def _fraction(opening: tuple[bytearray, int, float] | None) -> float:
    if opening is None:
        return 0.0
    memory, at, counts_per_unit = opening
    return int.from_bytes(memory[at : at + 2], "big") / counts_per_unit
