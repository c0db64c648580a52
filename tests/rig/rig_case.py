"""A rig on the desk: its firmware, a plant that only remembers, a line that can be spoilt."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from controller.ports import SignalNames
from hil.bench import RigBench
from hil.rig import protocol
from hil.rig.framing import Decoder, Frame, encode
from hil.rig.rig import Identity, Rig
from hil.rig_harness import Harness
from hil.rig_link import Port, RigLink
from hil.rig_twin import RigTwin
from hil.rig_wire import TwinWire

SIGNALS = SignalNames(
    ("zone_1_temperature_c", "limiter_temperature_c", "cylinder_bar", "lvdt_1_mm", "heater_1_a"),
    ("guard_closed", "estop_ok"),
    ("heater_1_ssr", "contactor", "pump"),
    ("valve_open_fraction",),
)
WIRING = {
    "zone_1_temperature_c": "ai.rtd_1",
    "limiter_temperature_c": "ai.rtd_7",
    "cylinder_bar": "ai.loop_2",
    "lvdt_1_mm": "ai.lvdt_1",
    "heater_1_a": "ai.ct_1",
    "guard_closed": "dio.di_3",
    "estop_ok": "dio.di_1",
    "heater_1_ssr": "dio.do_2",
    "contactor": "dio.do_16",
    "pump": "dio.do_1",
    "valve_open_fraction": "ao.ao_1",
}
READINGS = [100.0, 90.0, 12.0, 7.5, 4.35]
# Half a step of the converters behind the terminals, a little more for their rounding.
RESOLUTION = [0.01, 0.01, 4e-4, 5e-4, 3e-4]


class TapePlant:
    """Writes down what it was told and when it moved."""

    def __init__(self) -> None:
        self.readings = list(READINGS)
        self.input_bits = 0b11
        self.held: tuple[int, float] = (0, 0.0)
        self.tape: list[tuple[int, float]] = []

    def command(self, output_bits: int, valve_open_fraction: float) -> None:
        self.held = (output_bits, valve_open_fraction)

    def advance(self) -> None:
        self.tape.append(self.held)

    def sense(self) -> tuple[list[float], int]:
        return self.readings, self.input_bits


class NoisyPort:
    """Flips a bit of, or swallows, one chunk in so many; `seed` says which."""

    def __init__(self, port: Port, one_in: int, seed: int) -> None:
        self.port = port
        self.one_in = one_in
        self.chance = random.Random(seed)
        self.spoilt_count = 0

    def _spoil(self, content: bytes) -> bytes:
        if not content or not self.one_in or self.chance.randrange(self.one_in):
            return content
        self.spoilt_count += 1
        at = self.chance.randrange(len(content))
        if self.chance.random() < 0.3:
            return content[:at] + content[at + 1 :]
        flipped = content[at] ^ 1 << self.chance.randrange(8)
        return content[:at] + bytes((flipped,)) + content[at + 1 :]

    def write(self, content: bytes) -> None:
        self.port.write(self._spoil(content))

    def read(self, timeout_s: float) -> bytes:
        return self._spoil(self.port.read(timeout_s))


class Desk:
    """Twin, host and plant put together; patient, because the machine under tests is busy."""

    def __init__(self, twin: RigTwin, *, silence_ms: int = 2000, noise: int = 0) -> None:
        self.twin = twin
        self.plant = TapePlant()
        self.port = NoisyPort(twin.port, 0, seed=5)
        timeout_s = 0.05 if noise else 0.5
        self.link = RigLink(self.port, time.monotonic, reply_timeout_s=timeout_s, try_count=8)
        self.bench = RigBench.open(
            self.plant, WIRING, self.link, SIGNALS, silence_ms=silence_ms, stall_ms=2000
        )
        self.port.one_in = noise
        self.wire = TwinWire(self.bench, twin)

    def settle(self) -> None:
        """Until the rig has seen the levels that stand at its terminals: two beats at most."""
        for _ in range(2):
            self.wire.advance()
            time.sleep(0.005)

    def sense_until(self, good: object, timeout_s: float = 2.0) -> float:
        """Seconds until `good(readings, bits)` of the terminals; fails after the time-out."""
        begin_s = time.monotonic()
        while not good(*self.wire.sense()):  # type: ignore[operator]
            elapsed_s = time.monotonic() - begin_s
            assert elapsed_s < timeout_s, f"not within {timeout_s} s: {self.wire.sense()}"
            time.sleep(0.002)
        return time.monotonic() - begin_s


@contextmanager
def desk(
    *, interpreter: str | None = None, silence_ms: int = 2000, noise: int = 0, quick: bool = False
) -> Iterator[Desk]:
    limits = {} if quick else {"front_end_s": 3.0, "watchdog_s": 10.0}
    with RigTwin(time.monotonic, interpreter=interpreter, **limits) as twin:
        yield Desk(twin, silence_ms=silence_ms, noise=noise)


FIRMWARE, HEADER = bytes(range(32)), bytes(range(32, 64))
BOOT = 0xC0FFEE01


class Asked:
    """The rig's logic alone, with instants handed in."""

    def __init__(self) -> None:
        self.rig = Rig(Identity(BOOT, "desk", FIRMWARE, HEADER))
        self.harness = Harness(WIRING, SIGNALS)
        self.decoder = Decoder()
        self.sequence = 0
        self.now_us = 1_000_000

    def ask(self, kind: int, payload: bytes = b"", boot_id: int = BOOT) -> Frame:
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.say(encode(kind, self.sequence, boot_id, payload))

    def say(self, line: bytes) -> Frame:
        (reply,) = self.decoder.feed(self.rig.receive(line, self.now_us))
        assert isinstance(reply, Frame)
        return reply

    def arm(self, silence_ms: int = 100, stall_ms: int = 20) -> None:
        import struct

        content = struct.pack(protocol.ARM_REQUEST, FIRMWARE, HEADER, silence_ms, stall_ms)
        assert self.ask(protocol.ARM, content).kind == protocol.ARM | protocol.REPLY

    def exchange(self, readings: list[float] | None = None, bits: int = 0b11) -> Frame:
        payload = self.harness.payload(readings or READINGS, bits)
        return self.ask(protocol.EXCHANGE, payload)

    def pass_ms(self, ms: float, step_ms: float = 1.0) -> None:
        """The loop turns and nobody asks."""
        for _ in range(round(ms / step_ms)):
            self.now_us += round(step_ms * 1000)
            self.rig.tend(self.now_us)

    @property
    def is_open(self) -> bool:
        from hil.rig.rig import ALL_OPEN

        return self.rig.open_mask == ALL_OPEN and self.rig.inputs == 0


def reason(frame: Frame) -> str:
    assert frame.kind == protocol.NAK, f"answered with kind {frame.kind}"
    return protocol.REASONS[frame.payload[0]]
