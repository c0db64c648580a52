"""What the tests of faults share: a station with its bench, and machines that write tapes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from controller.ports import SignalNames, Tick
from hil.faults import Bench, Fault
from hil.faults.wire import FaultyWire
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS, Plant
from hil.station import SimulatedStation, open_simulation

SIGNALS = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
TICK_S = 0.010
CHANNEL = {name: i for i, name in enumerate(READINGS)}
INPUT = {name: i for i, name in enumerate(DIGITAL_INPUTS)}
OUTPUT = {name: i for i, name in enumerate(DIGITAL_OUTPUTS)}
ZONE, ZONE_2, PRESSURE = "zone_1_temperature_c", "zone_2_temperature_c", "cylinder_a_pressure_bar"


def bits(*names: str) -> int:
    return sum(1 << OUTPUT[name] for name in names)


class Frame:
    """A controller's frames as plain memory."""

    def __init__(self, signals: SignalNames = SIGNALS) -> None:
        count = len(signals.channels)
        self.reading = memoryview(array("d", bytes(8 * count)))
        self.reading_age_s = memoryview(array("d", bytes(8 * count)))
        self.reading_ok = memoryview(bytearray(count))
        self.digital_input_bits = self.digital_output_bits_readback = 0
        self.lease_lapse_count = 0
        self.digital_age_s = 0.0
        self.digital_ok = self.readback_ok = False
        self.digital_output_bits = 0
        for name in signals.analogue_outputs:
            setattr(self, name, 0.0)
            setattr(self, f"{name}_readback", 0.0)

    def at(self, name: str) -> float:
        return float(self.reading[CHANNEL[name]])

    def is_ok(self, name: str) -> bool:
        return bool(self.reading_ok[CHANNEL[name]])

    def sees(self, name: str) -> bool:
        return bool(self.digital_input_bits >> INPUT[name] & 1)

    def seen(self) -> dict[str, object]:
        return {
            name: bytes(found) if isinstance(found, memoryview) else found
            for name, found in vars(self).items()
        }


class Bedside:
    """A machine in process, ticked by hand."""

    def __init__(
        self, seed: int = 1, machine: str = "press-500kN", signals: SignalNames = SIGNALS
    ) -> None:
        self.station: SimulatedStation = open_simulation(machine, signals, seed=seed, tick_s=TICK_S)
        self.bench: Bench = self.station.bench
        self.frame: Any = Frame(signals)
        self.index = 0

    def inject(
        self, point: str, verb: str, for_s: float | None = None, **parameters: float | str
    ) -> int:
        fault = Fault(point=point, verb=verb, parameters=parameters)  # type: ignore[arg-type]
        return self.bench.inject(fault, for_s=for_s)

    async def tick(self, count: int = 1) -> Any:
        """So many ticks, then a look without an actuate."""
        for _ in range(count):
            tick = Tick(self.index, self.index * TICK_S, 0)
            await self.station.sense(tick, self.frame)
            await self.station.actuate(tick, self.frame)
            self.index += 1
        return await self.look()

    async def look(self) -> Any:
        tick = Tick(self.index, self.index * TICK_S, 0)
        await self.station.sense(tick, self.frame)
        return self.frame


class TapeWire:
    """A machine that says what it is told to say and writes down what it feels."""

    def __init__(self) -> None:
        self.readings: list[float] = [20.0] * len(READINGS)
        self.readings[CHANNEL[PRESSURE]] = 12.0
        self.input_bits = (1 << len(DIGITAL_INPUTS)) - 1
        self.held: tuple[int, float] = (0, 0.0)
        self.felt: list[tuple[int, float]] = []

    def command(self, output_bits: int, valve_open_fraction: float) -> None:
        self.held = (output_bits, valve_open_fraction)

    def advance(self) -> None:
        self.felt.append(self.held)

    def sense(self) -> tuple[Sequence[float], int]:
        return self.readings, self.input_bits


REACH = Bedside().bench.reach


def taped(seed: int = 1) -> tuple[TapeWire, FaultyWire, Bench]:
    """A tape behind the seam, with the reach of the real press."""
    wire, bench = TapeWire(), Bench(REACH, seed=seed, tick_s=TICK_S)
    return wire, FaultyWire(wire, Plant.from_machine("press-500kN"), bench), bench
