"""A whole wire (command, advance, sense) through a rig without hardware.

For everything that drives a plant, such as the Modbus faces:

    with twin_wire(plant.wire(signals), machine.wiring, signals, time.monotonic) as wire:
        wire.command(...); wire.advance(); wire.sense()
        wire.bench.verdict()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from controller.ports import SignalNames
from hil.bench import STALL_MS, PlantWire, RigBench
from hil.rig.terminals import VALVE_MV_MAX
from hil.rig_link import RigLink
from hil.rig_twin import RigTwin


class TwinWire:
    """`hil.devices.face.Plant` through a rig: terminals on one side, the plant on the other.

    In real time one call of `advance` is one beat. It waits for the rig, a millisecond or two;
    a dead rig costs the link's time-outs and no more.
    """

    def __init__(self, bench: RigBench, twin: RigTwin) -> None:
        self.bench = bench
        self.twin = twin

    def command(self, output_bits: int, *open_fractions: float) -> None:
        valve_open_fraction = open_fractions[0] if open_fractions else 0.0
        share = valve_open_fraction if math.isfinite(valve_open_fraction) else 0.0
        valve_mv = round(min(max(share, 0.0), 1.0) * VALVE_MV_MAX)
        self.twin.drive(self.bench.harness.captured_bits(output_bits), valve_mv)

    def advance(self) -> None:
        self.bench.beat()

    def sense(self) -> tuple[Sequence[float], int]:
        """As the I/O modules' converters read the terminals now."""
        sampled, switches = self.twin.sample()
        harness = self.bench.harness
        return harness.readings(sampled), harness.input_bits(switches)


@contextmanager
def twin_wire(
    plant: PlantWire,
    wiring: Mapping[str, str],
    signals: SignalNames,
    clock: Callable[[], float],
    *,
    tick_s: float = 0.010,
    stall_ms: int = STALL_MS,
    reply_timeout_s: float = 0.02,
    try_count: int = 4,
) -> Iterator[TwinWire]:
    """A plant's wire through a rig that has no hardware. Raises RigError when it does not start.

    `stall_ms` and `reply_timeout_s` may be more generous on a machine that has other things to do;
    a lost rig costs `try_count` of these time-outs once.
    """
    with RigTwin(clock) as twin:
        link = RigLink(twin.port, clock, reply_timeout_s=reply_timeout_s, try_count=try_count)
        bench = RigBench.open(plant, wiring, link, signals, tick_s=tick_s, stall_ms=stall_ms)
        yield TwinWire(bench, twin)
