"""`hotpress demo` interrupted at any moment leaves no process and a readable record."""

import os
import re
import signal
from pathlib import Path

import pytest

from controller.record.reader import StoredRecord

from .conftest import SHORT_RECIPE, read_until, terminal, wait_for


def stat_of(pid: int) -> list[str]:
    """State, parent and so on of /proc/PID/stat; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def alive(pid: int) -> bool:
    stat = stat_of(pid)
    return bool(stat) and stat[0] != "Z"


def children_of(pid: int) -> set[int]:
    """Every descendant, by walking /proc."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    parents = {child: int(stat[1]) for child in pids if (stat := stat_of(child))}
    found, frontier = set(), {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier}
        found |= frontier
    return found


def demo_arguments(folder):
    return ["controller", "demo", "--recipe", str(SHORT_RECIPE), "--records", str(folder)]


@pytest.mark.parametrize("moment", ["broker:", "machine:", "gate → touch", "prepress → heat"])
def test_ctrl_c_leaves_nothing_behind(tmp_path, moment):
    with terminal(demo_arguments(tmp_path), tmp_path) as process:
        read_until(process, moment)
        family = children_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # a Ctrl-C goes to the whole foreground group
        assert process.wait(30) == 130
    for pid in family:
        wait_for(lambda pid=pid: not alive(pid), f"end of process {pid}", 10)
    for path in tmp_path.glob("*.sqlite"):
        with StoredRecord(path) as record:
            assert record.seal is not None
            assert record.seal.outcome == "Interrupted"


def test_a_killed_demo_takes_its_children_along(tmp_path):
    with terminal(demo_arguments(tmp_path), tmp_path) as process:
        read_until(process, "gate → touch")
        family = children_of(process.pid)
        assert len(family) >= 2
        process.kill()
        process.wait(10)
        for pid in family:
            wait_for(lambda pid=pid: not alive(pid), f"end of process {pid}", 10)


def test_the_demo_ends_complete_with_report_and_record(tmp_path):
    with terminal(demo_arguments(tmp_path), tmp_path) as process:
        output = read_until(process, "report:", 120)
        assert process.wait(30) == 0
    assert re.search(r"broker: (mosquitto|iotcore) on 127\.0\.0\.1:\d+", output)
    assert "outcome: Complete" in output
    (record,) = tmp_path.glob("*.sqlite")
    report = record.with_suffix(".html").read_text()
    assert "<svg" in report
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", report)
    with StoredRecord(record) as stored:
        assert stored.seal is not None
        assert stored.seal.lost_sample_count == 0
        assert stored.verify().intact
