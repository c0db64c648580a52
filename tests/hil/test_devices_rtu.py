"""The serial face: framing in any split, silence as a frame's end, line faults, `serve`."""

from __future__ import annotations

import json
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

import pytest
from devices_bench import ROOT
from hypothesis import given
from hypothesis import strategies as st

from hil import read_machine
from hil.devices.machine_server import MachineServer
from hil.devices.modbus_rtu import RequestFramer
from hil.devices.serial_line import LineFault, SerialLine, crc16, sealed
from hil.faults import Fault, FaultError

READ = sealed(bytes.fromhex("010400000005"))
WRITE = sealed(bytes.fromhex("031001000002040001ffff"))


@given(st.integers(1, 30))
def test_any_split_gives_the_same_requests(size: int) -> None:
    stream, framer = READ + WRITE + READ, RequestFramer()
    found = [f for i in range(0, len(stream), size) for f in framer.feed(stream[i : i + size])]
    assert found == [(1, READ[1:-2]), (3, WRITE[1:-2]), (1, READ[1:-2])]


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_garbage_is_forgotten_in_silence_and_held_in_bounds(pieces: list[bytes]) -> None:
    framer = RequestFramer()
    for piece in pieces:
        framer.feed(piece)
        assert framer.held_bytes <= 256
    framer.silence()
    assert framer.feed(READ) == [(1, READ[1:-2])]


def test_a_function_of_unknown_length_ends_with_silence() -> None:
    framer = RequestFramer()
    assert framer.feed(sealed(b"\x01\x2b\x0e\x01\x00")) == []
    assert framer.silence() == [(1, b"\x2b\x0e\x01\x00")]


@given(st.integers(0, 2**32), st.binary(min_size=1, max_size=80))
def test_a_spike_is_a_burst_that_the_checksum_finds(seed: int, body: bytes) -> None:
    line = SerialLine(seed, lambda: [LineFault("spike", {"rate_per_min": 0.0})], lambda: 0.0)
    frame = sealed(body)
    [(_, harmed)] = line.to_host(frame, READ)
    assert len(harmed) == len(frame)
    assert harmed != frame
    assert crc16(harmed[:-2]) != int.from_bytes(harmed[-2:], "little")
    assert line.to_host(frame, READ) == [(0.0, frame)], "once"


def test_the_same_seed_does_the_same_harm() -> None:
    def told(seed: int) -> list[object]:
        faults = [
            LineFault("noise", {"bit_error_ratio": 0.02}),
            LineFault("garbage", {"fraction": 0.3}, 2),
        ]
        line = SerialLine(seed, lambda: faults, lambda: 0.0)
        return [line.to_host(READ, READ) for _ in range(50)]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_line_faults_need_a_line() -> None:
    machine = read_machine("press-500kN")
    noise = Fault(point="line", verb="noise", parameters={"bit_error_ratio": 0.1})
    with pytest.raises(FaultError, match="no serial line"):
        MachineServer(machine, time.monotonic).bench.inject(noise)
    bench = MachineServer(machine, time.monotonic, serial=True).bench
    assert bench.inject(noise) == 1
    bench.inject(Fault(point="line", verb="wrong", parameters={"answer": "echo"}))
    with pytest.raises(FaultError, match="answer is 'restart'"):
        bench.inject(Fault(point="line", verb="wrong", parameters={"answer": "restart"}))
    with pytest.raises(FaultError, match="transaction_id"):
        bench.inject(Fault(point="io.ai", verb="wrong", parameters={"answer": "transaction_id"}))


def test_serve_on_a_pty_answers_and_names_it() -> None:
    command = [sys.executable, "-m", "hil", "serve", "press-500kN", "--serial", "pty"]
    with subprocess.Popen(
        [*command, "--exit-with-parent", "--lockstep"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        try:
            assert child.stdout is not None
            said = json.loads(child.stdout.readline())["listening"]
            assert said["baud"] == 115_200
            with Path(said["serial"]).open("r+b", buffering=0) as port:
                tty.setraw(port, termios.TCSANOW)
                port.write(READ)
                reply = b""
                while len(reply) < 15:
                    reply += port.read(15 - len(reply))
            assert reply == sealed(reply[:-2])
            assert reply[:7] == bytes.fromhex("01040a48500a24")
        finally:
            child.kill()


def test_a_port_that_is_not_there_is_refused_in_one_line() -> None:
    command = [sys.executable, "-m", "hil", "serve", "press-500kN", "--serial", "/dev/tty-none"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "cannot open /dev/tty-none" in done.stderr
    assert done.stderr.count("\n") == 1
