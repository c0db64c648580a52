"""The broker of one's own: says what it is, is there when it says so, leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiomqtt
import pytest

import controller
from controller.telemetry import broker as broker_module
from controller.telemetry.broker import BrokerError, available, free_port, start_broker

KINDS = ["mosquitto", "iotcore"]
REPOSITORY = Path(controller.__file__).parents[1]


def needs(kind: str) -> None:
    if kind == "mosquitto" and not shutil.which("mosquitto"):
        pytest.skip("mosquitto is not installed")


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def gone_soon(port: int) -> bool:
    deadline_s = time.monotonic() + 10.0
    while accepts(port) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return not accepts(port)


@pytest.mark.parametrize("kind", KINDS)
async def test_it_speaks_mqtt_5_and_keeps_retained_messages(kind) -> None:  # type: ignore[no-untyped-def]
    needs(kind)
    with start_broker(kind=kind) as broker:
        assert (broker.kind, broker.host) == (kind, "127.0.0.1")
        five = aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client(broker.host, broker.port, protocol=five) as client:
            await client.publish("a/b", b"kept", qos=1, retain=True)
            await client.subscribe("a/#")
            async for message in client.messages:
                assert message.payload == b"kept"
                break
    assert not broker.running
    assert not accepts(broker.port)


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_with_a_parent_that_was_killed(kind: str) -> None:
    needs(kind)
    script = (
        "import sys, time; from controller.telemetry.broker import start_broker; "
        f"print(start_broker(kind={kind!r}).port, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    try:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert accepts(port)
    finally:
        parent.kill()
        parent.wait()
    assert gone_soon(port)


def test_it_ends_with_its_guard() -> None:
    with start_broker() as broker:
        os.kill(broker.pid, signal.SIGKILL)
        assert gone_soon(broker.port)


def test_stopping_twice_is_quiet_and_leaves_no_zombie() -> None:
    broker = start_broker()
    broker.stop()
    broker.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(broker.pid, 0)


def test_an_occupied_port_is_said_clearly_and_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"{port}.*in use.*choose another"):
            start_broker(port=port)


def test_another_free_port_is_tried_when_somebody_was_quicker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr(broker_module, "free_port", lambda: next(ports))
        monkeypatch.setattr(broker_module, "_refuse_occupied", lambda port: None)
        with start_broker() as broker:
            assert broker.port != taken
            assert broker.running


def test_without_any_broker_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert available() == "iotcore"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BrokerError, match="install mosquitto"):
        start_broker()


def test_no_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with start_broker():
        assert [*tmp_path.glob("hotpress-broker-*")]
    assert not [*tmp_path.iterdir()]
