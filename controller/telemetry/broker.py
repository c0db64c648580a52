"""A broker of one's own for the demonstration and the tests: a child process on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import IO, Literal

from controller.telemetry import broker_child
from controller.telemetry.link import Protocol

Kind = Literal["mosquitto", "iotcore"]

_HOST = "127.0.0.1"
_PORT_TRIES = 5
_STOP_S_MAX = 3.0
_ERROR_BYTES_MAX = 2000


class BrokerError(Exception):
    """No broker could be started; the text says why and what to do."""


class Broker:
    """A running broker: `kind`, `host`, `port`. Ends with `stop()` or with its parent."""

    def __init__(self, kind: Kind, port: int, process: subprocess.Popen[bytes]) -> None:
        self.kind: Kind = kind
        self.host = _HOST
        self.port = port
        self._process = process

    @property
    def pid(self) -> int:
        """Of the process that guards the broker."""
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the broker and leave no process behind; in bounded time, as often as liked."""
        _end(self._process)

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def available() -> Kind:
    """mosquitto when it is on PATH, else the pip-installed iotcore. Raises BrokerError."""
    if shutil.which("mosquitto"):
        return "mosquitto"
    if importlib.util.find_spec("iotcore") is not None:
        return "iotcore"
    raise BrokerError("no broker: install mosquitto (apt) or iotcore (pip)")


def start_broker(
    *, port: int = 0, kind: Kind | None = None, protocol: Protocol = "5", start_s_max: float = 10.0
) -> Broker:
    """Start a broker and return when it listens.

    `port` 0 picks a free one, again if another program is quicker; `kind` None takes
    `available()`. iotcore speaks only `protocol`; mosquitto speaks all. Blocks for 0.1 to
    `start_s_max` seconds: call it before the loop runs. Raises BrokerError.
    """
    kind = kind or available()
    reason = ""
    for _ in range(1 if port else _PORT_TRIES):
        chosen = port or free_port()
        _refuse_occupied(chosen)
        with tempfile.TemporaryFile() as words:  # a pipe nobody reads would stop the broker
            process = _spawn(kind, chosen, protocol, words)
            try:
                reason = _wait_until_up(process, start_s_max, words)
            except BaseException:
                _end(process)
                raise
        if not reason:
            return Broker(kind, chosen, process)
        _end(process)
    raise BrokerError(f"{kind} did not start on {_HOST}:{chosen}: {reason}")


def _spawn(kind: Kind, port: int, protocol: Protocol, words: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", broker_child.__file__, kind, str(port), protocol],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=words,
        start_new_session=True,  # a Ctrl-C in the terminal is the parent's to act on
    )


def _wait_until_up(process: subprocess.Popen[bytes], start_s_max: float, words: IO[bytes]) -> str:
    """'' when the guard says that its broker listens, else what went wrong."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], start_s_max)
    if not readable:
        return f"not listening after {start_s_max:g} s"
    if process.stdout.readline() == broker_child.UP:
        return ""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S_MAX)
    return _last_words(words) or f"exit code {process.returncode}"


def free_port() -> int:
    """A loopback port nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _refuse_occupied(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise BrokerError(
                f"{_HOST}:{port}: {error.strerror}; stop what listens there or choose "
                "another [mqtt] port"
            ) from None


def _last_words(words: IO[bytes]) -> str:
    words.seek(0)
    lines = words.read(_ERROR_BYTES_MAX).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the guard sees the end of its pipe
    try:
        process.wait(_STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()  # the broker dies with its guard
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
