"""The rig without hardware: its own firmware in its own process, and what its pins do.

The firmware runs under MicroPython's unix port, or, where that is not installed, under
CPython with a shim (`interpreter` says which). What on the rig is not firmware stands here:
the front end, which opens every terminal 100 ms after the loop's last sign of life; the
chip's watchdog, which restarts it after 300 ms; and the input converters of an I/O module,
which make readings of ohms, volts and milliamperes again.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import tty
import warnings
from collections.abc import Callable
from pathlib import Path

from hil.rig import protocol
from hil.rig.electrical import CODE_MAX, SPANS, pt100_ohm, type_k_mv
from hil.rig.framing import Decoder, encode
from hil.rig.terminals import ANALOGUE, ANALOGUE_COUNT, COUNTS, LOOP, PT100, TYPE_K
from hil.rig_firmware import stage
from hil.rig_ports import FilePort

FRONT_END_S = 0.100
WATCHDOG_S = 0.300
COLD_JUNCTION_C = 25.0
ALL_OPEN = (1 << ANALOGUE_COUNT) - 1

_SHIM = """
import runpy, sys, time
time.ticks_us = lambda: time.perf_counter_ns() // 1000
time.ticks_diff = lambda later, earlier: later - earlier
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_SHIM_COMMAND = [sys.executable, "-I", "-S", "-c", _SHIM]


def micropython_command() -> list[str] | None:
    """How to start MicroPython's unix port, None where it is not installed."""
    if importlib.util.find_spec("micropython_unix") is None:
        return None
    return [sys.executable, "-c", "import sys, micropython_unix as m; sys.exit(m.main())"]


def _command() -> tuple[str, list[str]]:
    found = micropython_command()
    if found is not None:
        return "micropython", found
    warnings.warn(
        "MicroPython is not installed here: the rig's firmware runs under CPython",
        RuntimeWarning,
        stacklevel=3,
    )
    return "cpython-shim", _SHIM_COMMAND


class RigTwin:
    """Use as a context. `clock` is this host's monotonic time in seconds.

    `port` is the host's line; `drive` and `sample` are the terminals, as the controller's I/O
    modules see them. Raises RigError when the firmware does not start.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        interpreter: str | None = None,
        front_end_s: float = FRONT_END_S,
        watchdog_s: float = WATCHDOG_S,
    ) -> None:
        self._clock = clock
        self._front_end_s = front_end_s
        self._watchdog_s = watchdog_s
        if interpreter == "cpython-shim":
            self.interpreter, self._start_command = interpreter, _SHIM_COMMAND
        else:
            self.interpreter, self._start_command = _command()
        self._folder = tempfile.TemporaryDirectory(prefix="hotpress-rig-")
        self._main = stage(Path(self._folder.name), "unix")
        self._host, self._host_far = _line()
        self._terminals, self._terminals_far = _line()
        for number in (self._host, self._terminals):
            os.set_blocking(number, False)
        self.port = TwinLine(self._host, self._listen)
        self._decoder = Decoder()
        self._process: subprocess.Popen[bytes] | None = None
        self._levels = b""
        self.restart_count = 0
        self.fed_s = -math.inf
        self._drive = (0, ALL_OPEN, (0,) * ANALOGUE_COUNT)

    @property
    def stamp(self) -> Path:
        """The header hash on the rig; change it to have a rig of another header."""
        return self._main.parent / "hil" / "rig" / "stamp.txt"

    @property
    def process_id(self) -> int:
        if self._process is None:
            raise RuntimeError("the twin is not started")
        return self._process.pid

    def __enter__(self) -> RigTwin:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        for number in (self._host, self._host_far, self._terminals, self._terminals_far):
            os.close(number)
        self._folder.cleanup()

    def _start(self) -> None:
        arguments = [str(self._main), os.ttyname(self._host_far), os.ttyname(self._terminals_far)]
        folder = str(self._main.parent)
        self._process = subprocess.Popen(
            [*self._start_command, *arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "MICROPYPATH": f"{folder}:.frozen"},
            start_new_session=True,
        )

    def _kill(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        self._process = None

    def reset(self) -> None:
        """As if its power had gone and come back."""
        self.power_off()
        self.power_on()

    def power_off(self) -> None:
        """Every terminal open; what is said to it is lost."""
        self._kill()
        self._drive = (0, ALL_OPEN, self._drive[2])
        self.fed_s = -math.inf

    def power_on(self) -> None:
        """It boots, disarmed, with another boot id. Nothing happens to one that has power."""
        if self._process is not None:
            return
        for number in (self._host_far, self._terminals_far):
            termios.tcflush(number, termios.TCIFLUSH)
        self.restart_count += 1
        self._start()
        if self._levels:
            self._write_levels()

    def freeze(self) -> None:
        """Its firmware stands still, until `thaw` or its watchdog."""
        os.kill(self.process_id, signal.SIGSTOP)

    def thaw(self) -> None:
        """No harm to one that runs, or has no power."""
        if self._process is not None:
            os.kill(self.process_id, signal.SIGCONT)

    def drive(self, output_bits: int, valve_mv: int) -> None:
        """The controller's outputs have these levels now."""
        levels = struct.pack(
            protocol.LEVELS_REQUEST, output_bits & 0xFFFF, min(max(valve_mv, 0), 0xFFFF)
        )
        if levels != self._levels:
            self._levels = levels
            self._write_levels()

    def _write_levels(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._terminals, encode(protocol.LEVELS, 0, 0, self._levels))

    def _listen(self) -> None:
        """What the rig's pins did since; its watchdog and its front end act here."""
        now_s = self._clock()
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._terminals, 65536):
                for event in self._decoder.feed(chunk):
                    if isinstance(event, str):
                        continue
                    self.fed_s = now_s
                    if event.kind == protocol.DRIVE:
                        inputs, opened, *codes = struct.unpack(
                            protocol.DRIVE_REQUEST, event.payload
                        )
                        self._drive = (inputs, opened, tuple(codes))
        silent_s = now_s - self.fed_s
        if math.isfinite(silent_s) and silent_s > self._watchdog_s:
            self.reset()

    def sample(self) -> tuple[list[float], int]:
        """Readings of an I/O module by analogue terminal, and its switches.

        °C, mA, mm and A; NaN where a module sees an open wire, 0 mA in an open loop.
        """
        self._listen()
        inputs, opened, codes = self._drive
        if self._clock() - self.fed_s > self._front_end_s:
            inputs, opened = 0, ALL_OPEN
        return [
            _reading(kind, None if opened >> n & 1 else codes[n])
            for n, (_, kind) in enumerate(ANALOGUE)
        ], inputs


class TwinLine(FilePort):
    """The host's end of the line, which may be `cut` or flip bits.

    The pins move whether or not anybody looks at them: nothing must dam up. Nor does a line
    wait for one who does not listen: what does not fit is lost.
    """

    def __init__(self, number: int, listen: Callable[[], None]) -> None:
        super().__init__(number)
        self._listen = listen
        self._chance = random.Random(0)
        self.cut = False
        self.bit_error_ratio = 0.0

    def write(self, content: bytes) -> None:
        if not self.cut:
            super().write(self._spoilt(content))

    def read(self, timeout_s: float) -> bytes:
        self._listen()
        heard = self._spoilt(super().read(timeout_s))
        return b"" if self.cut else heard

    def _spoilt(self, content: bytes) -> bytes:
        if self.bit_error_ratio <= 0.0 or not content:
            return content
        bits = int.from_bytes(content, "big")
        for bit in range(8 * len(content)):
            if self._chance.random() < self.bit_error_ratio:
                bits ^= 1 << bit
        return bits.to_bytes(len(content), "big")


def _line() -> tuple[int, int]:
    """Both ends of a pseudo terminal, raw."""
    near, far = os.openpty()
    tty.setraw(far)
    return near, far


@functools.lru_cache(maxsize=65536)
def _reading(kind: str, code: int | None) -> float:
    if code is None:
        return 0.0 if kind == LOOP else math.nan
    low, high = SPANS[kind]
    quantity = low + (high - low) * code / CODE_MAX
    if kind == PT100:
        return _inverse(pt100_ohm, quantity)
    if kind == TYPE_K:
        return _inverse(type_k_mv, quantity + type_k_mv(COLD_JUNCTION_C))
    if kind == LOOP:
        return quantity
    count_low, count_high = COUNTS[kind]
    count = count_low + (count_high - count_low) * quantity / 10.0
    return count * (1e-4 if kind == "position" else 1e-3)


def _inverse(curve: Callable[[float], float], quantity: float) -> float:
    """Temperature in °C by secant from 100 °C; both curves are smooth and nearly straight."""
    before, at = 0.0, 100.0
    for _ in range(12):
        slope = (curve(at) - curve(before)) / (at - before)
        step = (quantity - curve(at)) / slope
        before, at = at, at + step
        if abs(step) < 1e-6:
            break
    return at
