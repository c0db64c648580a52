"""The daemon over real sockets in real time, and each of its partners killed in turn."""

import json
import signal
import sqlite3
import time
from contextlib import closing
from itertools import pairwise

import pytest

from controller.record.reader import StoredRecord
from controller.telemetry.broker import start_broker

from .conftest import SHORT_RECIPE, free_port, wait_for

LEASE_S = 0.2
MACHINE_TICK_S = 0.01


@pytest.fixture
def pressing(start, machine, station_file):
    """A daemon that presses; yields when the pump runs, so that there is something to lose."""

    def launch(mqtt_port: int | None = None):
        station = station_file(machine.port, mqtt_port)
        daemon = start(
            "controller",
            "run",
            "--config",
            str(station),
            "--recipe",
            str(SHORT_RECIPE),
            "--batch",
            "b1",
            name="daemon",
        )
        wait_for(
            lambda: daemon.process.poll() is not None or machine.output_bits() & 1 << 8,
            "pump running",
        )
        assert daemon.process.poll() is None, daemon.text()
        return daemon

    return launch


def told(daemon, message):
    """How often the daemon's log tells an event of kind "link" that begins with `message`."""
    lines = [line for line in daemon.text().splitlines() if '"kind": "link"' in line]
    return sum(f'"event": "{message}' in line for line in lines)


def events_of(record):
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT kind, source, message FROM event").fetchall()


def test_a_killed_controller_leaves_safe_outputs_within_the_lease(pressing, machine, tmp_path):
    daemon = pressing()
    daemon.kill()
    killed_s = time.monotonic()
    wait_for(lambda: machine.output_bits() == 0, "safe outputs")
    took_s = time.monotonic() - killed_s
    print(f"outputs safe {took_s * 1e3:.0f} ms after SIGKILL (lease {LEASE_S * 1e3:.0f} ms)")
    assert took_s < 1.0  # interlock matrix: controller hang, 1 s
    with StoredRecord(tmp_path / "records" / "b1.sqlite") as record:
        assert record.seal is None
        assert record.sample_count() > 0


def test_a_killed_device_trips_the_press_and_not_the_program(pressing, machine, tmp_path):
    daemon = pressing()
    machine.child.kill()
    record = tmp_path / "records" / "b1.sqlite"
    wait_for(lambda: any(e[:2] == ("trip", "io_lost") for e in events_of(record)), "trip io_lost")
    wait_for(lambda: any(e[:2] == ("link", "fieldbus") for e in events_of(record)), "link event")
    assert daemon.process.poll() is None
    assert daemon.end() == 1
    with StoredRecord(record) as stored:
        assert stored.seal is not None
        assert stored.seal.lost_sample_count == 0
        qualities = {row[5] for row in stored.samples()}
    assert any(2 in quality for quality in qualities), "no reading was ever called bad"


def test_sigterm_ends_in_the_safe_state_with_a_sealed_record(pressing, machine, tmp_path):
    daemon = pressing()
    assert daemon.end(signal.SIGTERM) == 1  # not Complete
    assert machine.output_bits() == 0
    with StoredRecord(tmp_path / "records" / "b1.sqlite") as record:
        assert record.seal is not None
        assert record.seal.outcome == "Interrupted"
        assert record.verify().intact
    assert (tmp_path / "records" / "b1.html").exists()


def test_a_broker_killed_and_restarted_never_touches_the_press(pressing, tmp_path):
    port = free_port()
    with start_broker(port=port):
        daemon = pressing(port)
        wait_for(lambda: told(daemon, "broker connected") == 1, "connection to the broker")
    wait_for(lambda: told(daemon, "broker lost") == 1, "loss of the broker")
    with start_broker(port=port):
        wait_for(lambda: told(daemon, "broker connected") == 2, "second connection")
        assert daemon.end() == 1
    with StoredRecord(tmp_path / "records" / "b1.sqlite") as record:
        ticks = [row[1] for row in record.samples()]
        links = [message for kind, source, message in events_of(record.path) if kind == "link"]
        assert [m for m in links if m.startswith("broker")] == [
            "broker connected",
            "broker lost; control does not need it",
            "broker connected",
        ]
        assert not any(
            kind == "trip" and "lost" in source for kind, source, _ in events_of(record.path)
        )
    gaps = [after - before for before, after in pairwise(ticks)]
    assert max(gaps) < 50, "half a second without a sample"


def test_an_idle_station_publishes_and_energises_nothing(start, machine, station_file):
    port = free_port()
    with start_broker(port=port):
        station = station_file(machine.port, port)
        daemon = start("controller", "run", "--config", str(station), name="daemon")
        wait_for(lambda: "broker connected" in daemon.text(), "connection to the broker")
        assert machine.output_bits() & ~(1 << 15) == 0  # the watchdog bit may toggle
        assert daemon.end() == 0
    grants = [
        json.loads(line)["event"] for line in daemon.text().splitlines() if "SCHED_FIFO" in line
    ]
    assert len(grants) == 1, "no plain statement about the scheduler"
