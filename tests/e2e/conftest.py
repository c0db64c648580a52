"""A machine and a controller as processes, joined by real sockets."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

SHORT_RECIPE = Path(__file__).with_name("short-warm-press.toml")
DIGITAL_UNIT, READBACK_REGISTER = 3, 0x0106  # do_1..16 as they stand at the terminals


@dataclass
class Child:
    """A process of ours; always ended by the fixture that made it."""

    process: subprocess.Popen
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 30.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def text(self) -> str:
        return self.log.read_text()


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Child]]:
    """Start `python -m MODULE ARGUMENTS…` with its output in a file."""
    children: list[Child] = []

    def launch(*arguments: str, name: str) -> Child:
        log = tmp_path / f"{name}-{len(children)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=tmp_path,
                start_new_session=True,
            )
        children.append(Child(process, log))
        return children[-1]

    yield launch
    for child in children:
        if child.process.poll() is None:
            child.kill()


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> float:
    """Poll until `condition()` is true; the seconds it took."""
    begun_s = time.monotonic()
    while not condition():
        assert time.monotonic() - begun_s < timeout_s, f"no {what} within {timeout_s:g} s"
        time.sleep(0.01)
    return time.monotonic() - begun_s


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Machine:
    child: Child
    port: int

    def output_bits(self) -> int:
        """Digital outputs at the terminals, read as any Modbus master would."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(struct.pack(">HHHBBHH", 7, 0, 6, DIGITAL_UNIT, 4, READBACK_REGISTER, 1))
            reply = b""
            while len(reply) < 11:
                received = link.recv(64)
                assert received, "the machine closed the connection"
                reply += received
            return struct.unpack_from(">H", reply, 9)[0]


@pytest.fixture
def machine(start) -> Machine:
    """The 500 kN press in real time."""
    child = start("hil", "serve", "press-500kN", "--real-time", "--seed", "1", name="machine")
    wait_for(lambda: child.text().endswith("\n"), "announcement of the machine")
    return Machine(child, json.loads(child.text())["listening"]["port"])


@pytest.fixture
def station_file(tmp_path) -> Callable[..., Path]:
    """The shipped demo station with its addresses changed; deadlines roomy for a busy host."""

    def write(modbus_port: int, mqtt_port: int | None = None) -> Path:
        text = resources.files("controller.stations").joinpath("demo-press.toml").read_text()
        text = text.replace("port = 1502", f"port = {modbus_port}")
        text = text.replace("sense_budget_ms = 5.0", "sense_budget_ms = 60.0")
        text = text.replace("actuate_budget_ms = 9.0", "actuate_budget_ms = 80.0")
        text = text.replace("port = 1883", f"port = {mqtt_port or 1}")
        if mqtt_port is None:
            text = text.replace("[mqtt]\n", "[mqtt]\nenabled = false\n")
        path = tmp_path / "station.toml"
        path.write_text(text)
        return path

    return write


@contextmanager
def terminal(arguments: list[str], cwd: Path) -> Iterator[subprocess.Popen]:
    """A command in its own process group, as a shell would run it; nothing of it survives."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        process.stdout.close()


def read_until(process: subprocess.Popen, word: str, timeout_s: float = 60.0) -> str:
    """Output up to and including the line that holds `word`."""
    seen = ""
    deadline_s = time.monotonic() + timeout_s
    while word not in seen:
        left_s = deadline_s - time.monotonic()
        readable = select.select([process.stdout], [], [], max(0.0, left_s))[0]
        assert readable, f"no '{word}' in time:\n{seen}"
        line = process.stdout.readline()
        assert line, f"ended before '{word}':\n{seen}"
        seen += line
    return seen
