"""The simulated machine of the demo, as a child process on loopback.

Started by its command line, never imported: the deployed product does not know its simulator.
The child watches the pipe on its standard input, so it goes when this process goes, however
that happens; its own session keeps a Ctrl-C at the terminal from reaching it first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from select import select
from typing import Any

START_S_MAX = 20.0
STOP_S_MAX = 5.0


class MachineError(Exception):
    """The simulated machine did not start; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Machine:
    host: str
    port: int
    pid: int


@contextmanager
def simulated_machine(name: str, *, seed: int) -> Iterator[Machine]:
    """Run `hotpress-hil serve NAME` in lockstep on an ephemeral loopback port.

    Raises MachineError when it does not listen within START_S_MAX seconds.
    """
    command = [sys.executable, "-m", "hil", "serve", name, "--lockstep", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--seed", str(seed), "--exit-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said = _first_line(process)
        yield Machine(said["listening"]["host"], int(said["listening"]["port"]), process.pid)
    finally:
        _stop(process)


def _first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    readable, _, _ = select([process.stdout], [], [], START_S_MAX)
    line = process.stdout.readline() if readable else ""
    if not line:
        process.terminate()
        raise MachineError(process.stderr.read().strip() or "the simulated machine said nothing")
    said: dict[str, Any] = json.loads(line)
    return said


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S_MAX)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
