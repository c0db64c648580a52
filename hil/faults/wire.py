"""The seam: between a machine and whatever face it shows, the place where faults act.

`FaultyWire` is a wire itself, so in-process station and Modbus modules use it alike and a fault
means the same on both. Its outputs are what stands at the terminals (what a module reads back);
what the machine feels lies behind the faults.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hil.faults.bench import Active, Bench
from hil.faults.laws import Moment
from hil.faults.transforms import (
    Law,
    analogue_input,
    analogue_output,
    condition,
    two_state,
)

_Numbers = list[float]
_OnReadings = Callable[[int, _Numbers], None]
_OnBits = Callable[[int, int], int]


class Wire(Protocol):
    """A simulated machine in the order of a controller's frames."""

    @property
    def command(self) -> Callable[..., None]: ...  # output bits, openings

    def advance(self) -> None: ...

    def sense(self) -> tuple[Sequence[float], int]: ...


class Conditions(Protocol):
    """A simulated machine whose world can be changed by name."""

    def set(self, **inputs: float) -> object: ...

    def condition(self, name: str) -> float: ...


class FaultyWire:
    """`wire` with the faults of `bench` between it and its user; tells the bench the time.

    With no fault it costs a few attribute look-ups a tick.
    """

    def __init__(self, wire: Wire, plant: Conditions, bench: Bench) -> None:
        self._wire = wire
        self._plant = plant
        self.bench = bench
        reach = bench.reach
        self._channel = {name: i for i, name in enumerate(reach.signals.channels)}
        self._input = {name: i for i, name in enumerate(reach.signals.digital_inputs)}
        self._output = {name: i for i, name in enumerate(reach.signals.digital_outputs)}
        self._healthy_ok = bytes(int(name in reach.converter) for name in self._channel)
        self._touched: tuple[str, ...] = ()
        self._unconverted: set[str] = set()
        self._on_readings: list[_OnReadings] = []
        self._on_inputs: list[_OnBits] = []
        self._on_outputs: list[_OnBits] = []
        self._on_openings: list[tuple[int, Law]] = []
        self._on_world: list[tuple[str, Law]] = []
        self._laws: dict[int, Callable[..., float | int]] = {}
        self._normal: dict[str, float] = {}
        self._faulty = array("d", bytes(8 * len(reach.signals.channels)))
        self.output_bits = 0
        self.open_fractions = (0.0,) * len(reach.signals.analogue_outputs)
        self.readings_ok = self._healthy_ok
        # Of doubles, as a buffer or a list: whatever the wire itself hands out.
        self.readings: Any
        self.readings, self.input_bits = wire.sense()
        bench.listeners.append(self._changed)
        if bench.acting:
            self._changed()

    def command(self, output_bits: int, *open_fractions: float) -> None:
        """What stands at the terminals from now on; openings in the order of the signals."""
        self.output_bits = output_bits
        self.open_fractions = open_fractions
        self._wire.command(output_bits, *open_fractions)

    def advance(self) -> None:
        """One tick of the machine's time."""
        bench = self.bench
        if not bench.acting:
            self._wire.advance()
            self.readings, self.input_bits = self._wire.sense()
            bench.tick += 1
            return
        self._drive()
        self._wire.advance()
        bench.advance()
        self._look()

    def sense(self) -> tuple[Sequence[float], int]:
        """Readings and digital input bits as the modules' terminals see them now."""
        return self.readings, self.input_bits

    def _drive(self) -> None:
        """What the machine feels in the coming tick."""
        tick = self.bench.tick
        bits, fractions = self.output_bits, list(self.open_fractions)
        for on_bits in self._on_outputs:
            bits = on_bits(tick, bits)
        for at, law in self._on_openings:
            fractions[at] = law(tick, fractions[at])
        if self._on_outputs or self._on_openings:
            self._wire.command(bits, *fractions)
        self._act_on_world()

    def _act_on_world(self) -> None:
        if not self._on_world:
            return
        world = dict(self._normal)
        for name, act in self._on_world:
            world[name] = act(self.bench.tick, world[name])
        self._plant.set(**world)

    def _look(self) -> None:
        """The view of this tick; asked again it is the same."""
        readings, self.input_bits = self._wire.sense()
        tick = self.bench.tick
        for on_bits in self._on_inputs:
            self.input_bits = on_bits(tick, self.input_bits)
        if not self._on_readings:
            self.readings, self.readings_ok = readings, self._healthy_ok
            return
        numbers = list(readings)
        for on_readings in self._on_readings:
            on_readings(tick, numbers)
        good = bytearray(self._healthy_ok)
        for name in self._touched:
            self._convert(name, numbers, good)
        self._faulty[:] = array("d", numbers)
        self.readings, self.readings_ok = self._faulty, bytes(good)

    def _convert(self, name: str, numbers: _Numbers, good: bytearray) -> None:
        at = self._channel[name]
        if self.bench.reach.carries_any_double and name in self._unconverted:
            return
        numbers[at], ok = self.bench.reach.converter[name].shown(numbers[at])
        good[at] = int(ok)

    def _changed(self) -> None:
        """Faults came or went: keep what the old ones remember, forget what has gone."""
        active = self.bench.active()
        self._laws = {a.handle: self._laws.get(a.handle) or self._law(a) for a in active}
        self._on_readings, self._on_inputs = [], []
        self._on_outputs, self._on_openings = [], []
        touched: dict[str, None] = {}
        self._unconverted = {
            a.fault.point for a in active if a.parameters.get("form", "any") != "any"
        }
        for one in active:
            self._place(one, touched)
        self._touched = tuple(touched)
        self._wire.command(self.output_bits, *self.open_fractions)
        self._world_changed(active)
        self._look()

    def _law(self, active: Active) -> Callable[..., float | int]:
        reach = self.bench.reach
        moment = Moment(active, self.bench.seed, self.bench.tick_s)
        if active.kind in ("loop", "direct"):
            return analogue_input(active, reach, moment)
        if active.kind in ("digital_input", "digital_output"):
            swaps = active.fault.verb == "swap"
            return (lambda tick, state: state) if swaps else two_state(active, moment)
        if active.kind == "analogue_output":
            return analogue_output(active, moment)
        if active.kind in ("condition", "switch"):
            return condition(active, reach, moment)
        return lambda tick, number: number  # devices and lines: the faces' own affair

    def _place(self, active: Active, touched: dict[str, None]) -> None:
        """Put the law of a fault where its numbers come by."""
        point, partner = active.fault.point, active.parameters.get("with")
        law = self._laws[active.handle]
        if active.kind in ("loop", "direct"):
            touched[point] = None
            if isinstance(partner, str) and partner in self._channel:
                touched[partner] = None
                self._on_readings.append(exchanged(self._channel[point], self._channel[partner]))
            else:
                self._on_readings.append(at_channel(self._channel[point], law))
        elif active.kind == "analogue_output":
            at = self.bench.reach.signals.analogue_outputs.index(point)
            self._on_openings.append((at, law))
        elif active.kind in ("digital_input", "digital_output"):
            is_input = active.kind == "digital_input"
            order = self._input if is_input else self._output
            laws = self._on_inputs if is_input else self._on_outputs
            if isinstance(partner, str):
                laws.append(crossed(order[point], order[partner]))
            else:
                laws.append(at_bit(order[point], law))

    def _world_changed(self, active: tuple[Active, ...]) -> None:
        """Conditions nobody faults any more are as they were before."""
        acting = [a for a in active if a.kind in ("condition", "switch")]
        names = {a.handle: a.fault.point.partition(".")[2] for a in acting}
        for name in set(self._normal) - set(names.values()):
            self._plant.set(**{name: self._normal.pop(name)})
        for name in names.values():
            self._normal.setdefault(name, self._plant.condition(name))
        self._on_world = [(names[a.handle], self._laws[a.handle]) for a in acting]
        self._act_on_world()


def at_channel(at: int, law: Law) -> _OnReadings:
    def act(tick: int, numbers: _Numbers) -> None:
        numbers[at] = law(tick, numbers[at])

    return act


def exchanged(one: int, other: int) -> _OnReadings:
    def act(tick: int, numbers: _Numbers) -> None:
        numbers[one], numbers[other] = numbers[other], numbers[one]

    return act


def at_bit(at: int, law: Callable[..., float | int]) -> _OnBits:
    def act(tick: int, bits: int) -> int:
        return bits & ~(1 << at) | int(law(tick, bits >> at & 1)) << at

    return act


def crossed(one: int, other: int) -> _OnBits:
    def act(tick: int, bits: int) -> int:
        differ = (bits >> one ^ bits >> other) & 1
        return bits ^ (differ << one | differ << other)

    return act
