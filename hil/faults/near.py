"""Faults of I/O devices where there are no frames: what a controller would be left with.

In process a lost device is what a Modbus face makes of it in the end: the last readings, marked
bad and growing old; outputs that stay until the module's lease makes them safe. The verbs:

    off           no power: nothing heard, nothing said, outputs zero at once; a restart at the end
    open          the cable: nothing heard, nothing said, outputs until their lease
    stuck         the module hangs: old inputs that grow old, writes taken but not applied
    garbage       any content, in answers that look good
    wrong         exception: every request refused; restart: once, when it begins;
                  foreign_write: a second master flips the first output after each of our writes
    delayed       answers later than anybody waits, if by a tick or more; requests are heard
    intermittent  by chance answers are lost; requests are heard
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import cast

from controller.ports import SensorFrame
from hil.faults.bench import Active, Bench
from hil.faults.chance import mixed, uniform
from hil.faults.reach import Converter, Reach
from hil.faults.transforms import LOOP_GARBAGE_MA
from hil.faults.wire import FaultyWire

_MUTE = frozenset({"off", "open", "stuck"})
_DEAF = frozenset({"off", "open"})
Outputs = tuple[int, *tuple[float, ...]]  # bits, and the openings in the order of the signals


class NearDevice:
    """One I/O device as the in-process station sees it."""

    def __init__(self, reach: Reach, name: str, lease_ticks: int) -> None:
        signals, wired = reach.signals, reach.device[name]
        self.channels = [i for i, n in enumerate(signals.channels) if n in wired]
        self.input_mask = _mask(signals.digital_inputs, wired)
        self.output_mask = _mask(signals.digital_outputs, wired)
        self._first_output = self.output_mask & -self.output_mask
        self.openings = [i for i, n in enumerate(signals.analogue_outputs) if n in wired]
        self.has_outputs = bool(self.openings) or self.output_mask != 0
        self._safe: Outputs = (0, *(0.0 for _ in signals.analogue_outputs))
        self.faults: tuple[Active, ...] = ()
        self.stale_ticks = 0  # since it last answered with something new
        self.lapse_count = 0
        self._verbs: frozenset[str] = frozenset()
        self._answers: set[float | str | None] = set()
        self._lease_ticks = lease_ticks
        self._unheard_ticks = 0
        self.restarts = False  # at the next write the outputs have just been safe

    def begin(self, faults: tuple[Active, ...]) -> None:
        """These act from now on, instead of those before."""
        fresh = [a for a in faults if a not in self.faults]
        verbs = frozenset(a.fault.verb for a in faults)
        back = "off" in self._verbs and "off" not in verbs
        if back or any(a.parameters.get("answer") == "restart" for a in fresh):
            self.restarts = self.has_outputs
            # A boot counter that moved is a lapse to the controller.
            self.lapse_count += int(self.has_outputs)
        self.faults, self._verbs = faults, verbs
        self._answers = {a.parameters.get("answer") for a in faults}

    @property
    def says_garbage(self) -> Active | None:
        return next((a for a in self.faults if a.fault.verb == "garbage"), None)

    @property
    def is_shared(self) -> bool:
        """A second master flips its first output after every write of ours."""
        return "foreign_write" in self._answers

    def is_mute(self, bench: Bench) -> bool:
        """Nothing good and new comes back this tick."""
        if self._verbs & _MUTE or "exception" in self._answers:
            return True
        return any(_loses(active, bench) for active in self.faults)

    def outputs(self, asked: Outputs, held: Outputs) -> Outputs:
        """What stands at its terminals after a write of `asked`, with `held` before it."""
        unheard = bool(self._verbs & _DEAF) or "exception" in self._answers
        self._unheard_ticks = self._unheard_ticks + 1 if unheard else 0
        if self.restarts or "off" in self._verbs:
            self.restarts = False
            return self._safe
        if "stuck" in self._verbs:
            return held
        if not unheard:
            return (asked[0] ^ self._first_output, *asked[1:]) if self.is_shared else asked
        if self._unheard_ticks == self._lease_ticks:
            self.lapse_count += int(self.has_outputs)
        return held if self._unheard_ticks < self._lease_ticks else self._safe


class NearDevices:
    """All I/O devices of an in-process station. Costs nothing while `acting` is False."""

    def __init__(self, wire: FaultyWire, lease_ticks: int) -> None:
        self._wire = wire
        self._bench = bench = wire.bench
        reach = bench.reach
        self._devices = {name: NearDevice(reach, name, lease_ticks) for name in reach.device}
        self._seen = array("d", bytes(8 * len(reach.signals.channels)))
        self._inputs = self._readback = 0
        outputs = reach.signals.analogue_outputs
        self._readback_names = [f"{name}_readback" for name in outputs]
        self._opening_readbacks = [0.0] * len(outputs)
        self.acting = False
        bench.listeners.append(self._changed)
        self._changed()

    @property
    def lapse_count(self) -> int:
        return sum(device.lapse_count for device in self._devices.values())

    def _changed(self) -> None:
        if not self.acting:  # what was last said before anything went wrong
            self._seen[:] = array("d", self._wire.readings)
            self._inputs = self._wire.input_bits
        for name, device in self._devices.items():
            device.begin(self._bench.of_device(name))
        self.acting = any(d.faults or d.restarts for d in self._devices.values())

    def heard(self, asked: Outputs) -> Outputs:
        """Outputs at the terminals after a tick's writes."""
        held: Outputs = (self._wire.output_bits, *self._wire.open_fractions)
        bits, *openings = asked
        for device in self._devices.values():
            if device.has_outputs:
                now_bits, *now_openings = device.outputs(asked, held)
                bits = bits & ~device.output_mask | now_bits & device.output_mask
                for at in device.openings:
                    openings[at] = now_openings[at]
        self.acting = any(d.faults for d in self._devices.values())
        return bits, *openings

    def show(self, frame: SensorFrame) -> None:
        """Overwrite what the lost and the babbling devices would have said. Once a tick."""
        wire = self._wire
        self._readback, self._opening_readbacks = wire.output_bits, [*wire.open_fractions]
        digital_age_s, digital_ok, readback_ok = 0.0, True, True
        for device in self._devices.values():
            mute = device.is_mute(self._bench)
            device.stale_ticks = device.stale_ticks + 1 if mute else 0
            age_s = device.stale_ticks * self._bench.tick_s
            if mute:
                self._lose(device, frame, age_s)
                digital_ok = digital_ok and not device.input_mask
                readback_ok = readback_ok and not device.has_outputs
                digital_age_s = max(digital_age_s, age_s if device.input_mask else 0.0)
                continue
            self._hear(device, wire.readings, wire.input_bits)
            babble = device.says_garbage
            if babble is not None:
                self._babble(device, babble, frame)
        frame.digital_input_bits = self._inputs
        frame.digital_age_s, frame.digital_ok = digital_age_s, digital_ok
        frame.readback_ok = readback_ok
        frame.digital_output_bits_readback = self._readback
        for name, fraction in zip(self._readback_names, self._opening_readbacks, strict=True):
            setattr(frame, name, fraction)

    def _lose(self, device: NearDevice, frame: SensorFrame, age_s: float) -> None:
        readings, ages_s = _doubles(frame.reading), _doubles(frame.reading_age_s)
        for at in device.channels:
            readings[at] = self._seen[at]
            ages_s[at] = age_s
            frame.reading_ok[at] = 0

    def _hear(self, device: NearDevice, readings: Sequence[float], input_bits: int) -> None:
        for at in device.channels:
            self._seen[at] = readings[at]
        mask = device.input_mask
        self._inputs = self._inputs & ~mask | input_bits & mask

    def _babble(self, device: NearDevice, babble: Active, frame: SensorFrame) -> None:
        """Every word of the answer is chance."""
        bench = self._bench
        names, readings = bench.reach.signals.channels, _doubles(frame.reading)
        for at in device.channels:
            converter = bench.reach.converter.get(names[at])
            if converter is not None:
                share = uniform(bench.seed, babble.handle, bench.tick, at)
                readings[at], ok = converter.shown(_anything(converter, share))
                frame.reading_ok[at] = int(ok)
        chance = mixed(bench.seed, babble.handle, bench.tick)
        mask = device.input_mask
        self._inputs = self._inputs & ~mask | chance & mask
        mask = device.output_mask
        self._readback = self._readback & ~mask | chance >> 32 & mask
        for opening in device.openings:
            share = uniform(bench.seed, babble.handle, bench.tick, len(names) + opening)
            self._opening_readbacks[opening] = share


def _doubles(view: memoryview) -> memoryview[float]:
    return cast("memoryview[float]", view)


def _loses(active: Active, bench: Bench) -> bool:
    if active.fault.verb == "delayed":
        return float(active.parameters["delay_s"] or 0.0) >= bench.tick_s
    if active.fault.verb != "intermittent":
        return False
    fraction = float(active.parameters["fraction"] or 0.0)
    return uniform(bench.seed, active.handle, bench.tick) < fraction


def _anything(converter: Converter, share: float) -> float:
    if converter.is_loop:
        return LOOP_GARBAGE_MA * share
    return converter.range_low_channel_unit + converter.span_channel_unit * (2.0 * share - 0.5)


def _mask(names: Sequence[str], wired: frozenset[str]) -> int:
    return sum(1 << bit for bit, name in enumerate(names) if name in wired)
