"""Wires between the terminals of modules and the signals of the plant."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from hil.devices.module import Module
from hil.devices.profile import Terminals


class WiringError(ValueError):
    """A wire with a loose end. The text names the signal and the terminal."""


def terminals_of(
    modules: Mapping[str, Module], signal: str, address: str, kind: str
) -> tuple[Module, Terminals, int, int]:
    """Module, group, byte offset and number within the group of one wire's terminal."""
    name, _, point = address.partition(".")
    if name not in modules:
        raise WiringError(f"wiring.{signal} = \"{address}\": no device is named '{name}'")
    module = modules[name]
    block = module.profile.actuate if kind.endswith("output") else module.profile.sense
    found = block.find(point, kind) if block is not None else None
    if found is None:
        raise WiringError(
            f'wiring.{signal} = "{address}": {module.profile.name} has no '
            f"{kind.replace('_', ' ')} '{point}'"
        )
    return module, found, *found.place(point)


class BitWires:
    """Bits of one word of a module, and where they lie among the plant's."""

    def __init__(self, memory: bytearray, at: int) -> None:
        self._memory = memory
        self._at = at
        self._moves: dict[int, int] = {}  # plant bit - module bit -> mask of module bits

    def connect(self, plant_bit: int, module_bit: int) -> None:
        shift = plant_bit - module_bit
        self._moves[shift] = self._moves.get(shift, 0) | 1 << module_bit

    def drive(self, plant_bits: int) -> None:
        """Plant to terminals."""
        word = 0
        for shift, mask in self._moves.items():
            word |= (plant_bits >> shift if shift >= 0 else plant_bits << -shift) & mask
        self._memory[self._at : self._at + 2] = word.to_bytes(2, "big")

    def read(self) -> int:
        """Terminals to plant."""
        word, bits = int.from_bytes(self._memory[self._at : self._at + 2], "big"), 0
        for shift, mask in self._moves.items():
            bits |= (word & mask) << shift if shift >= 0 else (word & mask) >> -shift
        return bits


class AnalogueWires:
    """All analogue input terminals of a module; an unwired one reads open, as a real one does."""

    def __init__(self, module: Module) -> None:
        self._module = module
        groups = [t for t in module.profile.sense.terminals if t.kind == "analogue_input"]
        self._groups = sorted(groups, key=lambda t: t.offset)
        self._terminals = [(t, name) for t in self._groups for name in t.names()]
        self._index = {name: i for i, (_, name) in enumerate(self._terminals)}
        self._channels: list[int | None] = [None] * len(self._terminals)
        self._start = 2 * self._groups[0].offset if self._groups else 0
        self._struct = struct.Struct(self._format())
        self.terminal_count = len(self._terminals)

    def _format(self) -> str:
        text, at = ">", self._start
        for group in self._groups:
            text += f"{2 * group.offset - at}x{group.count}{group.code}"
            at = 2 * (group.offset + group.count * group.registers)
        return text

    def connect(self, point: str, channel: int) -> None:
        self._channels[self._index[point]] = channel

    def convert(self, readings: Sequence[float]) -> None:
        """Readings of the plant, by channel, into counts; what has none is a fault code."""
        counts, faults = [], 0
        for i, channel in enumerate(self._channels):
            terminals, _ = self._terminals[i]
            count = None if channel is None else _count(readings[channel], terminals)
            if count is None:
                count = terminals.fault_code if terminals.fault_code is not None else 0
                faults |= _fault_bit(*self._terminals[i])
            counts.append(count)
        self._struct.pack_into(self._module.sense.memory, self._start, *counts)
        words = self._module.profile.sense.words
        for name, shift in (("channel_fault_low", 0), ("channel_fault_high", 16)):
            if name in words:
                self._module.sense.put_word(words[name], faults >> shift)


_RANGES = {"h": (-(2**15), 2**15 - 1), "H": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1)}


def _count(reading: float, terminals: Terminals) -> int | None:
    """Nearest count, None when the converter cannot show it."""
    low, high = _RANGES[terminals.code]
    scaled = reading * terminals.counts_per_unit
    if not low <= scaled <= high:  # also what is not a number
        return None
    count = round(scaled)
    return None if count == terminals.fault_code else count


def _fault_bit(terminals: Terminals, point: str) -> int:
    if terminals.fault_bit < 0:
        return 0
    return 1 << terminals.fault_bit + terminals.place(point)[1]
