"""A running daemon commanded as SCADA and a person at a shell would, over a real broker."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from controller.composition import NAMES
from controller.config.model import load_station
from controller.record.reader import StoredRecord
from controller.telemetry.broker import start_broker
from controller.telemetry.caller import CallError, call
from controller.telemetry.settings import UnsPath

from .conftest import SHORT_RECIPE, free_port, wait_for

VERBS = ("hold", "restart", "stop", "abort", "manual", "tune")


def taking_commands(file):
    """The station file, with everything but what vents and resets allowed, and with time for a
    host that is busy with other tests."""
    text = file.read_text().replace("sense_budget_ms = 60.0", "sense_budget_ms = 500.0")
    text = text.replace("actuate_budget_ms = 80.0", "actuate_budget_ms = 500.0")
    allowed = f"[mqtt]\ncommand_verbs = {json.dumps(VERBS)}\n"
    file.write_text(text.replace("[mqtt]\n", allowed))
    return file


@pytest.fixture
def commanded(start, machine, station_file):
    """A pressing daemon that takes commands, and its station file."""
    port = free_port()
    with start_broker(port=port):
        file = taking_commands(station_file(machine.port, port))
        arguments = ["--config", str(file), "--recipe", str(SHORT_RECIPE), "--batch", "b1"]
        daemon = start("controller", "run", *arguments, name="daemon")
        wait_for(lambda: "listening for commands" in daemon.text(), "subscription", 60.0)
        wait_for(lambda: machine.output_bits() & 1 << 8, "pump running", 60.0)
        yield daemon, file


def shell(*arguments, command="command"):
    """Exit code and output of `hotpress command`, or of another."""
    done = subprocess.run(
        [sys.executable, "-m", "controller", command, *arguments],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def asker(file, wait_s=20.0):
    """The MQTT face, as SCADA has it: JSON on one topic, JSON back on another."""
    station = load_station(str(file), NAMES)[0]
    site = station.station
    path = UnsPath(site.enterprise, site.site, site.area, site.line, site.cell)

    def ask(id_, payload):
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return asyncio.run(call(station.mqtt, path, text, id_, password=None, wait_s=wait_s))

    return ask


def test_hold_by_hand_restart_and_stop_from_a_shell_and_from_scada(commanded, tmp_path):
    daemon, file = commanded
    where = ["--config", str(file), "--by", "Jörg"]
    assert shell("restart", *where) == (
        1,
        "press-1: restart refused: restart is not possible in state running; "
        "possible: abort, stop, hold",
    )
    code, said = shell("hold", *where)
    assert (code, said) == (0, "press-1: hold accepted")
    wait_for(lambda: '"source": "held"' in daemon.text(), "held batch")
    ask = asker(file)
    now_ms = _station_ms(ask)
    by_scada = {"by": "scada-7", "ts": now_ms, "valid_for_s": 60}
    hand = by_scada | {"verb": "manual", "manual": {"temperature_c": 500.0}}
    assert "$.manual.temperature_c" in ask("m-1", hand | {"id": "m-1"})["reason"]
    hand["manual"] = {"temperature_c": 59.5}
    assert "must be within 5 .. 58" in ask("m-2", hand | {"id": "m-2"})["reason"]
    hand["manual"] = {"temperature_c": 40.0}
    first = ask("m-3", hand | {"id": "m-3"})
    assert first["result"] == "accepted"
    assert ask("m-3", hand | {"id": "m-3"}) == first  # the same answer, not done again
    late = by_scada | {"id": "late", "verb": "abort", "ts": now_ms - 61_000}
    assert "compare the clocks" in ask("late", late)["reason"]
    vent = by_scada | {"id": "vent", "verb": "vent"}
    assert "not among" in ask("vent", vent)["reason"]
    assert ask("", b"\x00garbage")["result"] == "refused"
    assert ask("r-1", by_scada | {"id": "r-1", "verb": "restart"})["result"] == "accepted"
    assert ask("a-1", by_scada | {"id": "a-1", "verb": "abort"})["result"] == "accepted"
    assert daemon.process.wait(60.0) == 1  # cold and without pressure: it has done what it can
    _judge(tmp_path / "records" / "b1.sqlite")


def _station_ms(ask) -> int:
    """The station's own time, from any of its answers."""
    return ask("t-1", {"id": "t-1"})["ts"]


def _judge(path):
    with StoredRecord(path) as record:
        assert record.verify().intact
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT source, message FROM event WHERE kind = 'operator'")
        told = [f"{source}: {message}" for source, message in rows]
    said = [line for line in told if "asked by" in line]
    verbs = [line.partition(":")[0] for line in said]
    assert verbs == ["restart", "hold", "manual", "manual", "abort", "vent", "restart", "abort"]
    refused = [("refused" in line) for line in said]
    assert refused == [True, False, True, False, True, True, False, False]
    assert sum("scada-7" in line for line in said) == 6
    assert sum("manual: 40 °C" in line for line in told) == 1, "done once, and as asked"


def test_a_station_that_takes_no_commands_does_not_answer(start, machine, station_file):
    port = free_port()
    with start_broker(port=port):
        file = station_file(machine.port, port)
        daemon = start("controller", "run", "--config", str(file), name="daemon")
        wait_for(lambda: "broker connected" in daemon.text(), "connection", 60.0)
        with pytest.raises(CallError, match="no answer"):
            asker(file, wait_s=1.0)("a", {"id": "a"})
        assert daemon.end() == 0
        assert "listening for commands" not in daemon.text()


def test_an_idle_daemon_is_asked_to_tune_and_to_stop_it(start, machine, station_file):
    """On a host so busy that the wire falls silent the experiment ends by itself: then, and only
    then, there is nothing to abort."""
    port = free_port()
    with start_broker(port=port):
        file = taking_commands(station_file(machine.port, port))
        daemon = start("controller", "run", "--config", str(file), name="daemon")
        wait_for(lambda: "listening for commands" in daemon.text(), "subscription", 60.0)
        asked = shell(str(file), "--running", "--rise-k", "5", command="tune")
        assert asked == (0, "press-1: tune accepted")
        wait_for(lambda: '"source": "tuning, rest"' in daemon.text(), "experiment", 60.0)
        ask = asker(file)
        now_ms = _station_ms(ask)
        asked = {"id": "a-1", "verb": "abort", "by": "A", "ts": now_ms, "valid_for_s": 60}
        answer = ask("a-1", asked)
        wait_for(lambda: "ended without a result" in daemon.text(), "end", 60.0)
        ended_by_us = "ended without a result: ended by A" in daemon.text()
        assert (answer["result"] == "accepted") == ended_by_us, answer
        assert machine.output_bits() & 0b111111 == 0
        assert daemon.end() == 0
