"""A simulated press or WIP as a Station, in this process and in virtual time.

Time is the tick's index: the plant stands at `index * tick_s` when it is sensed and moves
one tick with every actuate, outputs held. Ticks that nobody actuated still pass for the
press; the station's own output lease then lets its outputs fall to zero, exactly as the
I/O modules of a real press do when their host is silent. No wall clock, no waiting: the
async methods never suspend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from controller.ports import OutputFrame, SensorFrame, SignalNames, StationError, Tick
from hil.description import MachineError
from hil.faults.bench import Bench
from hil.faults.machine_reach import reach_of
from hil.faults.near import NearDevices, Outputs
from hil.faults.wire import FaultyWire
from hil.plant import Plant

CATCH_UP_S_MAX = 600.0  # silence longer than this is not simulated further, but counted


class SimulatedStation:
    """`controller.ports.SimulatedStation` over a plant. Build it with `open_simulation`.

    `lease_s` is how long the outputs outlive the last actuate. Raises ValueError when
    `tick_s` is not a whole number of milliseconds, MachineError when the signals are those of
    another class of unit. Faults are injected through `bench`.
    """

    def __init__(
        self,
        plant: Plant,
        signals: SignalNames,
        *,
        tick_s: float,
        lease_s: float = 0.2,
        seed: int = 0,
    ) -> None:
        _check_outputs(plant, signals)
        self.plant = plant
        reach = reach_of(
            plant.machine, signals, plant.fitted, plant.condition_bounds, in_process=True
        )
        self.bench = Bench(reach, seed=seed, tick_s=tick_s)
        self._wire = FaultyWire(plant.wire(signals, tick_s=tick_s), plant, self.bench)
        self._tick_s = tick_s
        self._lease_ticks = max(1, round(lease_s / tick_s))
        self._near = NearDevices(self._wire, self._lease_ticks)
        self._silent_ticks_max = round(CATCH_UP_S_MAX / tick_s)
        self._outputs_of = _outputs_of(signals)
        outputs = signals.analogue_outputs
        self._readbacks = tuple((f"{name}_readback", 1 + at) for at, name in enumerate(outputs))
        self._safe: Outputs = (0, *(0.0 for _ in outputs))
        self._outputs = self._safe  # what stands at the terminals
        self._channels = slice(0, len(signals.channels))
        self._fresh = memoryview(bytes(8 * len(signals.channels))).cast("d")
        self._next_tick: int | None = None  # the tick at whose instant the plant stands
        self._held_ticks = 0  # since the last actuate
        self._lapse_count = 0
        self._tick_count = 0
        self._skipped_tick_count = 0
        self._told: SensorFrame | None = None  # holds already what hardly ever changes
        self._told_ok = b""
        self._told_outputs: Outputs | None = None
        self._near_lapse_count = 0
        self.bench.listeners.append(self._count_near_lapses)

    def _count_near_lapses(self) -> None:
        self._near_lapse_count = self._near.lapse_count
        self._told = None

    async def open(self) -> None:
        """Nothing to connect; the press is there."""

    async def close(self) -> None:
        """Hands off: outputs fall at once, as they do when a host lets go."""
        self._command(self._safe)

    async def sense(self, tick: Tick, frame: SensorFrame) -> None:
        if tick.index != self._next_tick:
            self._pass_silence(tick.index)
        wire, channels = self._wire, self._channels
        frame.reading[channels] = wire.readings
        if frame is not self._told or wire.readings_ok is not self._told_ok:
            self._tell_all_is_well(frame)
        outputs = self._outputs
        if outputs is not self._told_outputs:
            frame.digital_output_bits_readback = outputs[0]
            for name, at in self._readbacks:
                setattr(frame, name, outputs[at])
            self._told_outputs = outputs
        frame.digital_input_bits = wire.input_bits
        if self._near.acting:
            self._count_near_lapses()
            frame.lease_lapse_count = self._lapse_count + self._near_lapse_count
            self._near.show(frame)

    def _tell_all_is_well(self, frame: SensorFrame) -> None:
        """What stands from tick to tick, until a device is lost, a lease lapses, a frame is new."""
        frame.reading_age_s[self._channels] = self._fresh
        frame.reading_ok[self._channels] = self._wire.readings_ok
        frame.digital_age_s = 0.0
        frame.digital_ok = True
        frame.readback_ok = True
        frame.lease_lapse_count = self._lapse_count + self._near_lapse_count
        self._told, self._told_ok = frame, self._wire.readings_ok
        self._told_outputs = None

    async def actuate(self, tick: Tick, frame: OutputFrame) -> None:
        if tick.index != self._next_tick:
            self._pass_silence(tick.index)
        outputs = self._outputs_of(frame)
        if self._near.acting:
            outputs = self._near.heard(outputs)
        if outputs != self._outputs:
            self._command(outputs)
        self._wire.advance()
        self._next_tick = tick.index + 1
        self._held_ticks = 1
        self._tick_count += 1

    def _command(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._wire.command(*outputs)

    def _pass_silence(self, index: int) -> None:
        """Let the press live through the ticks that nobody actuated, up to `index`."""
        if self._next_tick is None or index < self._next_tick:
            # The first tick, or the last one again (the loop's closing frame).
            self._next_tick = index
            return
        silent = index - self._next_tick
        lived = min(silent, self._silent_ticks_max)
        for _ in range(lived):
            if self._held_ticks == self._lease_ticks:
                self._command(self._safe)
                self._lapse_count += 1
                self._told = None
            self._wire.advance()
            self._held_ticks += 1
        self._tick_count += lived
        self._skipped_tick_count += silent - lived
        self._next_tick = index

    def statistics(self) -> Mapping[str, float]:
        return {
            "plant_time_s": self.plant.time_s,
            "tick_count": float(self._tick_count),
            "lease_lapse_count": float(self._lapse_count),
            "skipped_s": self._skipped_tick_count * self._tick_s,
        }

    def truth(self) -> Mapping[str, float]:
        """True state of the press by signal name, without sensor error."""
        return self.plant.truth()


def open_simulation(
    machine: str,
    signals: SignalNames,
    *,
    seed: int,
    tick_s: float,
    stack: Mapping[str, Any] | None = None,
    variation_seed: int | None = None,
) -> SimulatedStation:
    """A simulated machine by name or file, press or WIP by its kind, in the order of `signals`.

    `stack` changes fields of the machine's workpiece (`hil.description.Stack`, of a WIP
    `hil.vessel_description.Workpiece` or its first layer); `variation_seed` makes it one batch of
    many (`hil.variation`). Raises StationError when the machine description, a field, a seed or
    the tick is refused, or the signals are those of another class of unit.
    """
    try:
        plant = Plant.from_machine(machine, seed=seed, stack=stack, variation_seed=variation_seed)
        return SimulatedStation(plant, signals, tick_s=tick_s, seed=seed)
    except (MachineError, ValueError) as error:
        raise StationError(str(error)) from None


def _outputs_of(signals: SignalNames) -> Callable[[OutputFrame], Outputs]:
    """What an output frame asks, in one look: bits and openings."""
    names = signals.analogue_outputs
    if not names:
        return lambda frame: (frame.digital_output_bits,)
    look: Callable[[Any], Outputs] = attrgetter("digital_output_bits", *names)
    return look


def _check_outputs(plant: Plant, signals: SignalNames) -> None:
    """A press has one analogue output, a WIP two others: what drives one cannot drive the other."""
    fitted = plant.signals.analogue_outputs
    foreign = [name for name in signals.analogue_outputs if name not in fitted]
    if foreign:
        raise MachineError(
            f"{plant.machine.name}: has no analogue output {foreign[0]}, only "
            f"{', '.join(fitted)}; choose a machine of the station's class of unit"
        )
