"""Logs: what arrives, and that a stream which blocks or breaks disturbs nobody."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import controller
from controller import log
from controller.ports import Event, Sample, Severity, Tick

REPOSITORY = Path(controller.__file__).parents[1]


class Lines:
    """A stream that remembers, and stands still while `open` is not set."""

    def __init__(self) -> None:
        self.text = ""
        self.open = threading.Event()
        self.open.set()

    def write(self, text: str, /) -> None:
        self.open.wait(30.0)
        self.text += text

    def flush(self) -> None:
        pass

    @property
    def entries(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield Lines()
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def make_event(severity: Severity, index: int = 1, **detail: float) -> Event:
    return Event(index, index / 100, 0, "trip", "limiter", severity, "90 °C", detail)


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.INFO, "info"),
        (Severity.WARNING, "warning"),
        (Severity.ALARM, "error"),
        (Severity.TRIP, "critical"),
    ],
)
def test_an_event_is_one_line_of_json(lines: Lines, severity: Severity, level: str) -> None:
    writer = log.configure(lines, console=False)
    log.LogSink().event(make_event(severity, oil_temperature_c=91.5))
    writer.close(5.0)
    (entry,) = lines.entries
    assert str(entry.pop("timestamp")).endswith("Z")
    assert entry == {
        "event": "90 °C",
        "level": level,
        "kind": "trip",
        "source": "limiter",
        "tick": 1,
        "process_s": 0.01,
        "detail_oil_temperature_c": 91.5,
    }


def test_samples_are_never_logged(lines: Lines) -> None:
    writer = log.configure(lines, console=False)
    log.LogSink().sample(Sample(Tick(0, 0.0, 0), "heat", (1.0,), b""))
    writer.close(5.0)
    assert lines.text == ""


def test_a_person_gets_text_with_the_message_in_it(lines: Lines) -> None:
    writer = log.configure(lines, console=True)
    log.LogSink().event(make_event(Severity.TRIP))
    writer.close(5.0)
    assert "90 °C" in lines.text
    assert not lines.text.startswith("{")


def test_libraries_and_exceptions_take_the_same_way(lines: Lines) -> None:
    writer = log.configure(lines, console=False)
    logging.getLogger("pymodbus").error("no answer from %s", "ai")
    logging.getLogger("pymodbus").info("chatter")
    try:
        raise OSError("broken")
    except OSError:
        structlog.get_logger().exception("it broke")
    writer.close(5.0)
    library, own = lines.entries
    assert (library["event"], library["logger"]) == ("no answer from ai", "pymodbus")
    assert "OSError: broken" in str(own["exception"])


def test_a_stream_that_stands_still_holds_nobody_and_losses_are_counted(lines: Lines) -> None:
    lines.open.clear()
    writer = log.configure(lines, console=False)
    sink = log.LogSink()
    sink.event(make_event(Severity.INFO, 0))
    time.sleep(0.1)  # the writer has taken the first and stands
    begun_s = time.perf_counter()
    for index in range(1, 3001):
        sink.event(make_event(Severity.INFO, index))
    assert time.perf_counter() - begun_s < 5.0
    assert not writer.drain(0.01)
    lines.open.set()
    writer.close(10.0)
    first, lost, *kept = lines.entries
    assert first["tick"] == 0
    assert lost["event"] == "1000 log entries lost"
    assert [entry["tick"] for entry in kept] == list(range(1001, 3001))


def test_an_entry_that_cannot_be_rendered_does_not_silence_the_next(lines: Lines) -> None:
    writer = log.configure(lines, console=False)
    circle: list[object] = []
    circle.append(circle)
    structlog.get_logger().info("odd", circle=circle)
    structlog.get_logger().info("next")
    writer.close(5.0)
    odd, following = lines.text.splitlines()
    assert odd.startswith("unprintable log entry")
    assert json.loads(following)["event"] == "next"


SCRIPT = """
import structlog
from controller import log
writer = log.configure(console=False)
for i in range(5000):
    structlog.get_logger().warning("x" * 100, i=i)
writer.close(0.2)
"""


def test_a_process_ends_although_nobody_reads_its_output() -> None:
    reading, writing = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            timeout=20,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")
