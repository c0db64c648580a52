"""`hotpress-hil serve` as a process: its one line, its ends, and controllers that die."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from devices_bench import AI, AO, DIO, ROOT, Wire, served, serving

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import Tick
from hil import read_machine
from hil.vessel import SIGNALS as WIP_SIGNALS

PATIENT = Link(
    sense_budget_ms=5000, actuate_budget_ms=5000, open_s_max=5, serial_reply_ms=500, serial_gap_ms=0
)

HOST = """
import sys
from devices_bench import AO, DIO, Wire
import time
wire = Wire(int(sys.argv[1]))
for unit in (AO, DIO):
    wire.write(unit, 0x0000, int(sys.argv[2]))
tick = 0
while True:
    tick += 1
    wire.write(AO, 0x0100, 5000, 0, 0, 0, tick & 0xFFFF)
    wire.write(DIO, 0x0100, 0x0240, tick & 0xFFFF)
    if tick == 10:
        print("pressing", flush=True)
    time.sleep(0.01)
"""


def host(port: int, lease_ms: int) -> subprocess.Popen[str]:
    """A controller that writes outputs every 10 ms, in a process of its own."""
    path = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    child = subprocess.Popen(
        [sys.executable, "-c", HOST, str(port), str(lease_ms)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "pressing\n"
    return child


def until_safe(wire: Wire) -> float:
    """Seconds until both output modules read back zero."""
    begun_s = time.monotonic()
    while time.monotonic() < begun_s + 10.0:
        if not any(wire.read(DIO, 0x0106, 1)) and not any(wire.read(AO, 0x0105, 4)):
            return time.monotonic() - begun_s
        time.sleep(0.002)
    pytest.fail("the outputs never became safe")


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_frozen_controller_leaves_the_outputs_safe(blow: signal.Signals) -> None:
    """H01, H02: the lease is 150 ms; the catalogue allows 1 s."""
    with served("--real-time") as (_, port):
        wire = Wire(port)
        controller = host(port, 150)
        assert wire.read(DIO, 0x0106, 1) == (0x0240,)
        assert wire.read(DIO, 0x0103, 1) == (0,)
        controller.send_signal(blow)
        safe_s = until_safe(wire)
        print(f"outputs safe {1e3 * safe_s:.0f} ms after {blow.name}")
        assert 0.1 < safe_s < 1.0
        assert wire.read(DIO, 0x0103, 1) == (1,)
        assert wire.read(AO, 0x0103, 1) == (1,)
        controller.kill()
        controller.wait()


def test_it_says_one_line_and_ends_with_its_parent() -> None:
    with served("--lockstep", "--seed", "3") as (child, port):
        wire = Wire(port)
        assert wire.read(AI, 0, 2) == (0x4850, 0x0A24)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 0
        assert child.stdout is not None
        assert child.stdout.read() == ""
        assert child.stderr is not None
        assert child.stderr.read() == ""


def test_the_line_says_where_and_what() -> None:
    command = [sys.executable, "-m", "hil", "serve", "press-500kN", "--lockstep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        line = json.loads(child.stdout.readline())
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0
    assert line["listening"]["host"] == "127.0.0.1"
    assert 0 < line["listening"]["port"] < 65_536
    assert line["machine"] == "press-500kN"
    assert line["lockstep"] is True
    assert [(d["name"], d["unit_id"]) for d in line["devices"]] == [
        ("ai", 1),
        ("ao", 2),
        ("dio", 3),
    ]


@pytest.mark.parametrize("options", [(), ("--serial", "pty", "--baud", "921600")])
async def test_it_serves_a_wip_to_the_controllers_station(options: tuple[str, ...]) -> None:
    """Five modules in another process, over TCP and on a serial line, with the wall's time."""
    wiring = read_machine("wip-500MPa").wiring
    with serving("wip-500MPa", "--real-time", *options) as (_, line):
        at = line["listening"]
        place = {"serial": at["serial"], "baud": at["baud"]} if options else at
        devices = [Device(**device, lease_ms=5000, **place) for device in line["devices"]]
        assert [device.name for device in devices] == ["ai", "ao", "dio", "loops", "dio_2"]
        station = ModbusStation(devices, wiring, PATIENT, WIP_SIGNALS, time.monotonic)
        await station.open()
        frame = wip_frame()
        pump = 1 << WIP_SIGNALS.digital_outputs.index("pump")
        frame.digital_output_bits = pump
        frame.needle_open_fraction, frame.pump_speed_fraction = 0.25, 0.75
        await station.actuate(Tick(0, time.monotonic(), 0), frame)
        await station.sense(Tick(1, time.monotonic(), 0), frame)
        assert (frame.digital_ok, frame.readback_ok, all(frame.reading_ok)) == (True, True, True)
        assert frame.digital_output_bits_readback == pump
        assert frame.needle_open_fraction_readback == 0.25
        assert frame.pump_speed_fraction_readback == 0.75
        for name in ("guard_a_closed", "mains_ok"):  # on dio, on dio_2
            assert frame.digital_input_bits >> WIP_SIGNALS.digital_inputs.index(name) & 1, name
        await station.close()


def wip_frame() -> Any:
    """Both frames of a WIP's kernel in plain memory."""
    count = len(WIP_SIGNALS.channels)
    return SimpleNamespace(
        reading=memoryview(array("d", bytes(8 * count))),
        reading_age_s=memoryview(array("d", bytes(8 * count))),
        reading_ok=memoryview(bytearray(count)),
    )


def test_sigterm_ends_it_and_time_runs_by_the_wall_until_then() -> None:
    with served("--real-time") as (child, port):
        wire = Wire(port)
        before = wire.read(AI, 0x0102, 1)[0]
        time.sleep(0.2)
        after = wire.read(AI, 0x0102, 1)[0]
        assert 5 <= (after - before) & 0xFFFF <= 400
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0


def test_in_lockstep_time_stands_still_without_writes_and_runs_repeat() -> None:
    tapes = []
    for _ in range(2):
        with served("--lockstep", "--seed", "7") as (_, port):
            wire = Wire(port)
            tape = []
            for tick in range(50):
                tape.append(wire.read(AI, 0x0102, 31))
                assert wire.read(AI, 0x0102, 31) == tape[-1]
                wire.write(DIO, 0x0100, 0x00C1, tick)
            tapes.append(tape)
    assert tapes[0] == tapes[1]
    assert len({sample[0] for sample in tapes[0]}) == 50


def test_two_starts_have_two_boot_counts() -> None:
    counts = set()
    for _ in range(3):
        with served("--lockstep") as (_, port):
            counts.add(Wire(port).read(DIO, 0x0101, 1))
    assert len(counts) > 1


def refused(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hil", "serve", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_occupied_port_is_one_clear_message() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        told = refused("press-500kN", "--port", str(port))
        assert f"cannot listen on 127.0.0.1:{port}: address already in use" in told.lower()
        assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("name =", "nom =", "nom"),
        ('profile = "digital-io-16"', 'profile = "digital-io-17"', "digital-io-17"),
        ('"dio.do_16"', '"dio.do_17"', "do_17"),
        ('"dio.do_16"', '"dio.do_15"', "wiring"),
        ("unit_id = 2", "unit_id = 1", "unit_id"),
        ("unit_id = 2", "unit_id = 248", "unit_id"),
        ("[wiring]", "[wiring", "machine.toml"),
    ],
)
def test_a_bad_machine_file_is_one_clear_message(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = (ROOT / "hil" / "machines" / "press-500kN.toml").read_text()
    assert old in text
    path = tmp_path / "machine.toml"
    path.write_text(text.replace(old, new, 1))
    message = refused(str(path))
    assert told in message
    assert message.count("\n") == 1


def test_a_missing_machine_names_those_there_are() -> None:
    assert "press-500kN" in refused("press-501kN")
