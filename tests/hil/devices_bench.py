"""Modules over a plant that is only memory, a clock that tests turn, and a plain client."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.ports import SignalNames
from hil.devices.face import Face
from hil.devices.module import Module
from hil.devices.profile import read_profile

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = SignalNames(("warmth_temperature_c",), ("shut",), ("lamp", "pump"), ("opened_fraction",))
WIRING = {
    "warmth_temperature_c": "ai.rtd_2",
    "shut": "dio.di_5",
    "lamp": "dio.do_1",
    "pump": "dio.do_9",
    "opened_fraction": "ao.ao_3",
}
AI, AO, DIO = 1, 2, 3


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class TapePlant:
    """Writes down what it was told and when it moved."""

    def __init__(self) -> None:
        self.temperature_c = 21.5
        self.shut = 1
        self.held: tuple[int, float] = (0, 0.0)
        self.tape: list[tuple[int, float]] = []  # the outputs of every tick

    def command(self, output_bits: int, valve_open_fraction: float) -> None:
        self.held = (output_bits, valve_open_fraction)

    def advance(self) -> None:
        self.tape.append(self.held)

    def sense(self) -> tuple[list[float], int]:
        return [self.temperature_c], self.shut


def modules(clock: Callable[[], float], lease_ms: int = 200) -> list[Module]:
    names = {"ai": "analogue-in-24", "ao": "analogue-out-4", "dio": "digital-io-16"}
    return [
        Module(name, unit, read_profile(profile), lease_ms, clock)
        for unit, (name, profile) in enumerate(names.items(), 1)
    ]


def face(clock: Callable[[], float], plant: TapePlant, lease_ms: int = 200) -> Face:
    return Face(modules(clock, lease_ms), WIRING, SIGNALS, plant)


class RefusedError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Wire:
    """A Modbus TCP client in thirty lines, to see the machine with other eyes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transaction = 0

    def ask(self, unit: int, pdu: bytes) -> bytes:
        self._transaction += 1
        self._socket.sendall(struct.pack(">HHHB", self._transaction, 0, len(pdu) + 1, unit) + pdu)
        transaction, protocol, length, found = struct.unpack(">HHHB", self._exactly(7))
        reply = self._exactly(length - 1)
        assert (transaction, protocol, found) == (self._transaction, 0, unit)
        if reply[0] & 0x80:
            raise RefusedError(reply[1])
        return reply

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise ConnectionError("the machine hung up")
            found += part
        return found

    def read(self, unit: int, address: int, count: int, function: int = 4) -> tuple[int, ...]:
        reply = self.ask(unit, struct.pack(">BHH", function, address, count))
        return struct.unpack(f">{count}H", reply[2:])

    def write(self, unit: int, address: int, *words: int) -> None:
        count = len(words)
        self.ask(unit, struct.pack(f">BHHB{count}H", 16, address, count, 2 * count, *words))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`hotpress-hil serve press-500kN` as a child, with its port."""
    with serving("press-500kN", *options) as (child, line):
        yield child, line["listening"]["port"]


@contextmanager
def serving(machine: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`hotpress-hil serve` as a child, with its line."""
    command = [sys.executable, "-m", "hil", "serve", machine, "--exit-with-parent", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT
    ) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            assert line, child.stderr.read() if child.stderr else ""
            yield child, json.loads(line)
        finally:
            child.kill()
