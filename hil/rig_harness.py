"""Which signal is on which terminal of the rig, and how readings travel there and back."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence

from controller.ports import SignalNames
from hil.rig.terminals import (
    ANALOGUE,
    COUNTS,
    CURRENT,
    INPUT_COUNT,
    INPUT_NUMBER,
    LOOP,
    OPEN_COUNTS,
    OUTPUT_COUNT,
    POSITION,
    PT100,
    READINGS_FORMAT,
    TYPE_K,
    number_of,
)
from hil.rig_link import RigError

_COUNTS_PER_UNIT = {PT100: 100.0, TYPE_K: 100.0, LOOP: 1000.0, POSITION: 1e4, CURRENT: 1000.0}


class Harness:
    """Which signal is on which terminal of the rig, from a machine's wiring.

    Terminals of the rig are named like those of the I/O modules they are wired to
    (`ai.rtd_1` is `rtd_1`). Signals without a terminal are listed in `loose`.
    Raises RigError when a wire ends where the rig has nothing.
    """

    def __init__(self, wiring: Mapping[str, str], signals: SignalNames) -> None:
        self.channels: dict[int, int] = {}  # plant channel -> analogue terminal
        self.inputs: dict[int, int] = {}  # plant bit -> switch of the rig
        self.outputs: dict[int, int] = {}  # plant bit -> captured output
        self.terminals: dict[str, int] = {}  # signal -> terminal, for faults
        self.channel_count = len(signals.channels)
        for signal, address in wiring.items():
            self._connect(signal, address.partition(".")[2], signals)
        wired = set(wiring)
        self.loose = tuple(
            name
            for name in (*signals.channels, *signals.digital_inputs, *signals.digital_outputs)
            if name not in wired
        )

    def _connect(self, signal: str, point: str, signals: SignalNames) -> None:
        if signal in signals.digital_outputs:
            bit = _numbered(signal, point, "do_", OUTPUT_COUNT)
            self.outputs[signals.digital_outputs.index(signal)] = bit
        elif signal in signals.digital_inputs or signal in signals.channels:
            try:
                number = number_of(point)
            except ValueError:
                raise RigError(f"wiring.{signal}: the rig has no terminal '{point}'") from None
            self.terminals[signal] = number
            if signal in signals.channels:
                if number >= INPUT_NUMBER:
                    raise RigError(f"wiring.{signal}: the rig has no terminal '{point}' for it")
                self.channels[signals.channels.index(signal)] = number
            else:
                bit = _numbered(signal, point, "di_", INPUT_COUNT)
                self.inputs[signals.digital_inputs.index(signal)] = bit
        elif point != "ao_1":
            raise RigError(f"wiring.{signal}: the rig has no terminal '{point}' for it")

    def payload(self, readings: Sequence[float], input_bits: int) -> bytes:
        """Of an exchange. What has no signal, or one that is not a number, is an open terminal."""
        counts = list(OPEN_COUNTS)
        for channel, terminal in self.channels.items():
            kind = ANALOGUE[terminal][1]
            low, high = COUNTS[kind]
            scaled = readings[channel] * _COUNTS_PER_UNIT[kind]
            if not math.isnan(scaled):
                counts[terminal] = round(min(max(scaled, low), high))
        return struct.pack(READINGS_FORMAT, _moved(input_bits, self.inputs), *counts)

    def plant_bits(self, captured_bits: int) -> int:
        return _moved(captured_bits, {to: at for at, to in self.outputs.items()})

    def captured_bits(self, plant_bits: int) -> int:
        return _moved(plant_bits, self.outputs)

    def readings(self, sampled: Sequence[float]) -> list[float]:
        """By plant channel; NaN for a signal without a terminal."""
        readings = [math.nan] * self.channel_count
        for channel, terminal in self.channels.items():
            readings[channel] = sampled[terminal]
        return readings

    def input_bits(self, switches: int) -> int:
        return _moved(switches, {to: at for at, to in self.inputs.items()})


def _numbered(signal: str, point: str, stem: str, count: int) -> int:
    number = point.removeprefix(stem)
    if not point.startswith(stem) or not number.isdecimal() or not 1 <= int(number) <= count:
        raise RigError(f"wiring.{signal}: the rig has no terminal '{point}' for it")
    return int(number) - 1


def _moved(bits: int, places: Mapping[int, int]) -> int:
    return sum(1 << to for at, to in places.items() if bits >> at & 1)
