"""The control port: any line gets one reply, none of them ends the machine."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults_bench import PRESSURE, ZONE, taped
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.faults import FaultError
from hil.faults.control import LINE_MAX_BYTES, ControlServer, ask, replied

ROOT = Path(__file__).resolve().parents[2]


def told(bench: Any, **request: object) -> dict[str, Any]:
    found = json.loads(replied(json.dumps(request).encode(), bench))
    assert isinstance(found, dict)
    return found


def test_inject_list_clear() -> None:
    _, _, bench = taped()
    fault = {"point": ZONE, "verb": "drift", "parameters": {"rate_c": 0.5}}
    assert told(bench, op="inject", fault=fault, for_s=4.0) == {
        "ok": True,
        "handle": 1,
        "time_s": 0.0,
    }
    (active,) = told(bench, op="list")["active"]
    assert active["point"] == ZONE
    assert active["parameters"] == {"rate_c": 0.5}
    assert active["left_s"] == 4.0
    assert told(bench, op="clear", handle=1)["ok"]
    assert told(bench, op="list")["active"] == []


def test_points_say_what_each_can_suffer() -> None:
    _, _, bench = taped()
    points = told(bench, op="points")["points"]
    assert "short" in points[PRESSURE]
    assert "noise" not in points["pump"]
    assert "slow" not in points["io.ai"], "in process there is no such wire"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"op":"fly"}',
        b'{"op":"inject"}',
        b'{"op":"list","more":1}',
        b'{"op":"inject","fault":{"point":"x","verb":"open"}}',
        b'{"op":"inject","fault":{"point":"pump","verb":"off"},"for_s":1e999}',
        b'{"op":"inject","fault":{"point":"pump","verb":"off"},"for_s":-1}',
        b'{"op":"clear","handle":99}',
        b"[" * 4000,
    ],
)
def test_what_is_not_understood_is_answered(line: bytes) -> None:
    _, _, bench = taped()
    reply = json.loads(replied(line, bench))
    assert reply["ok"] is False
    assert reply["error"]
    assert "\n" not in reply["error"]
    assert bench.active() == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
).map(lambda found: json.dumps(found).encode()))  # fmt: skip
def test_any_line_gets_one_reply(line: bytes) -> None:
    _, _, bench = taped()
    reply = replied(line, bench)
    assert b"\n" not in reply
    assert json.loads(reply)["ok"] is False


async def test_over_a_socket_one_line_at_a_time_and_never_too_long() -> None:
    _, _, bench = taped()
    server = ControlServer(bench)
    await server.start(0)
    try:
        with pytest.raises(FaultError, match="no such point"):
            await ask(server.port, {"op": "inject", "fault": {"point": "x", "verb": "open"}})
        assert (await ask(server.port, {"op": "list"}))["active"] == []
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"x" * (4 * LINE_MAX_BYTES))
        reply = json.loads(await reader.readline())
        assert reply == {"ok": False, "error": f"a line is at most {LINE_MAX_BYTES} bytes"}
        assert await reader.read() == b"", "and hangs up"
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b'nonsense\n{"op":"list"}\n')
        assert [json.loads(await reader.readline())["ok"] for _ in range(2)] == [False, True]
        writer.close()
    finally:
        await server.stop()


@pytest.fixture(scope="module")
def control_port() -> Iterator[int]:
    """A machine that runs as a program of its own."""
    command = [sys.executable, "-m", "hil", "serve", "press-500kN", "--control-port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "--exit-with-parent"], stdin=pipe, stdout=pipe, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        try:
            yield json.loads(child.stdout.readline())["control_port"]
        finally:
            child.kill()


def fault(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hil", "fault", *arguments],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_commands_against_a_running_machine(control_port: int) -> None:
    port = ("--control-port", str(control_port))
    code, out, _ = fault("inject", *port, "S04")
    assert code == 0
    assert out.startswith(f"1: {PRESSURE} scale at ")
    given = ("drift", "--for-s", "100", "-s", "rate_c=0.5")
    assert fault("inject", *port, ZONE, *given)[0] == 0
    code, out, _ = fault("list", *port)
    assert code == 0
    assert f"1: S04 {PRESSURE} scale" in out
    assert "to_ma=3.2" in out
    assert f"2: - {ZONE} drift rate_c=0.5" in out
    assert fault("clear", *port)[0] == 0
    assert "0 acting" in fault("list", *port)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("X99",), "no row 'X99' in the catalogue; there are: S01"),
        (("zone_1_temperature_c", "opened"), "opened"),
        (("zone_1_temperature_c", "open", "-s", "burnout"), "give name=number"),
        (("F02",), "no point like line"),
    ],
)
def test_a_command_that_cannot_be_is_one_line_and_code_2(
    control_port: int, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = fault("inject", "--control-port", str(control_port), *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_nothing_on_the_port_is_said_with_what_to_do() -> None:
    code, _, err = fault("list", "--control-port", "1")
    assert code == 2
    assert "hotpress-hil serve MACHINE --control-port 1" in err
