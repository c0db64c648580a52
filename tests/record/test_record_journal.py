"""The record of a running batch: what it keeps, and what it says when it cannot."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import synthetic_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_batch import SIGNALS, batch, event_at, header, record_file, tick_at

from controller.ports import Event, Sample, Signal
from controller.record import BatchRecord, RecordError, open_record
from controller.record.model import Seal
from controller.record.settings import Record

TWO = (Signal("zone_1_temperature_c", "°C", 0), Signal("stack_pressure_mpa", "MPa"))


def offer(record: BatchRecord, items: Iterable[Sample | Event]) -> None:
    for item in items:
        if isinstance(item, Sample):
            record.sample(item)
        else:
            record.event(item)


def recorded(path: Path, items: Iterable[Sample | Event], *, lossless: bool = True) -> Seal:
    record = BatchRecord(path, header(), SIGNALS, lossless=lossless)
    offer(record, items)
    seal = record.close("complete", "procedure finished")
    assert record.fault is None
    return seal


def two(index: int, values: tuple[float, float] = (20.0, 1.0)) -> Sample:
    return Sample(tick_at(index), "heat", values, b"\x00")


def until(reached: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30.0
    while not reached():
        assert time.monotonic() < deadline_s, "not reached in 30 s"
        time.sleep(0.01)


def test_equal_batches_leave_equal_files(tmp_path: Path) -> None:
    """Nothing of the run but what was recorded is in the file: no time, no thread timing."""

    def hesitant() -> Iterable[Sample | Event]:
        for number, item in enumerate(batch(step_s=0.5)):
            if number % 500 == 0:
                time.sleep(0.02)
            yield item

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = recorded(record_file(tmp_path / "a"), batch(step_s=0.5))
    second = recorded(record_file(tmp_path / "b"), hesitant())
    assert first == second
    assert record_file(tmp_path / "a").read_bytes() == record_file(tmp_path / "b").read_bytes()
    assert list((tmp_path / "a").iterdir()) == [record_file(tmp_path / "a")]


def test_another_seed_gives_another_digest(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = recorded(record_file(tmp_path), batch(step_s=5.0, seed=1))
    second = recorded(record_file(tmp_path / "b"), batch(step_s=5.0, seed=2))
    assert first.journal_sha256 != second.journal_sha256


def test_everything_offered_is_read_back_in_order(tmp_path: Path) -> None:
    items = list(batch(step_s=1.0))
    seal = recorded(record_file(tmp_path), items)
    samples = [item for item in items if isinstance(item, Sample)]
    with open_record("R1-0001", tmp_path) as stored:
        assert stored.header == header()
        assert stored.signals == SIGNALS
        rows = list(stored.samples())
        phases, events = stored.phases(), stored.events()
        verification = stored.verify()
    assert [(r[1], r[2], r[3], r[4], r[5], r[6:]) for r in rows] == [
        (s.tick.index, s.tick.monotonic_s, s.tick.utc_ns, s.phase, s.quality, s.values)
        for s in samples
    ]
    assert [(p.name, p.cause) for p in phases] == [
        (name, cause) for name, _, _, _, cause in synthetic_batch.PLAN
    ]
    assert [(e.kind, e.source) for e in events] == [("interlock", "pressure_holdback")]
    assert verification.intact
    assert (seal.sample_count, seal.phase_count, seal.event_count) == (len(samples), 11, 1)
    assert seal.end_monotonic_s == samples[-1].tick.monotonic_s


doubles = st.floats(allow_nan=True, allow_infinity=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(doubles, doubles), max_size=30),
    phase=texts,
    message=texts,
    detail=st.dictionaries(texts, st.one_of(doubles, texts, st.integers(-(2**60), 2**60))),
)
def test_any_numbers_and_texts_survive(
    tmp_path: Path,
    rows: list[tuple[float, float]],
    phase: str,
    message: str,
    detail: dict[str, float | str],
) -> None:
    path = record_file(tmp_path)
    path.unlink(missing_ok=True)
    record = BatchRecord(path, header(), TWO, lossless=True)
    record.event(Event(0, 50.0, 0, "phase", phase, synthetic_batch.Severity.INFO, message, detail))
    for index, values in enumerate(rows):
        record.sample(Sample(tick_at(index), phase, values, b"\x02"))
    assert not record.close("complete", message).fault
    with open_record(path, tmp_path) as stored:
        assert stored.verify().intact
        found = [row[6:] for row in stored.samples()]
        assert stored.phases()[0].name == phase
    expected = [tuple(None if math.isnan(v) else v for v in values) for values in rows]
    assert found == expected


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sample SET stack_pressure_mpa = stack_pressure_mpa + 1e-12 WHERE seq = 300",
        "UPDATE sample SET phase = 'hold' WHERE seq = 300",
        "UPDATE sample SET quality = x'0100000000000000' WHERE seq = 300",
        "UPDATE sample SET utc_ns = utc_ns + 1 WHERE seq = 300",
        "DELETE FROM sample WHERE seq = 300",
        "DELETE FROM sample WHERE seq > 1000",
        "DELETE FROM event",
        "UPDATE phase SET cause = 'other' WHERE name = 'hold'",
        "UPDATE event SET severity = 'info'",
        "INSERT INTO gap VALUES (999999, 1, 2, 3, 0, 'none')",
        "UPDATE header SET value = 'R2' WHERE name = 'recipe_name'",
        "UPDATE parameter SET value = 4.0 WHERE name = 'true_density_g_per_cm3'",
        "UPDATE signal SET unit = 'bar' WHERE name = 'stack_pressure_mpa'",
        "UPDATE seal SET journal_sha256 = replace(journal_sha256, '0', '1')",
    ],
)
def test_a_changed_row_no_longer_verifies(tmp_path: Path, change: str) -> None:
    path = record_file(tmp_path)
    recorded(path, batch(step_s=1.0))
    connection = sqlite3.connect(path)
    assert connection.execute(change).rowcount > 0
    connection.commit()
    connection.close()
    with open_record(path, tmp_path) as stored:
        assert not stored.verify().intact


def test_in_the_field_an_event_is_on_disk_while_the_batch_runs(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), TWO, lossless=False)
    record.sample(two(0))
    record.event(event_at(5, "trip", "over_pressure", "over-pressure"))
    until(lambda: record.waiting_rows == 0 and _event_count(tmp_path) == 1)
    with open_record("R1-0001", tmp_path) as stored:
        assert stored.status == "unsealed"
        assert stored.sample_count() == 1
    record.close("aborted", "trip")


def _event_count(directory: Path) -> int:
    with open_record("R1-0001", directory) as stored:
        return len(stored.events())


def test_a_killed_process_leaves_a_readable_record(tmp_path: Path) -> None:
    """kill -9 in mid-batch: what was committed is there, and nobody calls it complete."""
    code = (
        "import os, signal, time, synthetic_batch as sb\n"
        "from pathlib import Path\n"
        "from controller.ports import Sample\n"
        "from controller.record import BatchRecord\n"
        f"path = Path({str(record_file(tmp_path))!r})\n"
        "record = BatchRecord(path, sb.header(), sb.SIGNALS, lossless=True)\n"
        "for number, item in enumerate(sb.batch(step_s=1.0)):\n"
        "    record.sample(item) if isinstance(item, Sample) else record.event(item)\n"
        "    if number == 1000:\n"
        "        while record.waiting_rows: time.sleep(0.01)\n"
        "        time.sleep(0.2)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=_environment(), check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*[el]")}
    with open_record("R1-0001", tmp_path) as stored:
        assert stored.status == "unsealed"
        assert 700 < stored.sample_count() <= 1000
        assert "interrupted" in stored.verify().text
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*[el]")} == before


def test_an_error_of_the_disk_stays_out_of_the_loop(tmp_path: Path) -> None:
    """A write error (file size limit, EFBIG): no exception, a fault, a readable file."""
    code = (
        "import resource, synthetic_batch as sb\n"
        "from pathlib import Path\n"
        "from controller.ports import Sample\n"
        "from controller.record import BatchRecord\n"
        f"path = Path({str(record_file(tmp_path))!r})\n"
        "record = BatchRecord(path, sb.header(), sb.SIGNALS, lossless=True)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
        "for item in sb.batch(step_s=0.5):\n"
        "    record.sample(item) if isinstance(item, Sample) else record.event(item)\n"
        "seal = record.close('complete', 'done')\n"
        "assert record.fault and seal.fault == record.fault, seal\n"
        "assert seal.lost_sample_count == record.lost_sample_count\n"
        "assert seal.sample_count + seal.lost_sample_count == 3944, seal\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=_environment(),
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    with open_record("R1-0001", tmp_path) as stored:
        assert stored.status == "unsealed"
        assert stored.sample_count() < 3944


def _environment() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{Path(__file__).parent}"}


def test_a_full_record_is_sealed_with_its_gap_and_all_events(tmp_path: Path) -> None:
    path = record_file(tmp_path)
    limit = Record(directory=str(tmp_path), size_mb_max=1.0)
    record = BatchRecord(path, header(), SIGNALS, lossless=True, settings=limit)
    offer(record, batch(step_s=0.2))
    seal = record.close("complete", "done")
    assert record.fault is not None
    assert "full" in record.fault
    assert seal.lost_sample_count > 0
    assert path.stat().st_size < 1.6e6
    with open_record(path, tmp_path) as stored:
        assert stored.status == "complete"
        assert len(stored.phases()) == len(synthetic_batch.PLAN)
        gaps = stored.gaps()
        assert stored.sample_count() + sum(gap.lost_sample_count for gap in gaps) == 9860
        assert sum(gap.lost_sample_count for gap in gaps) == seal.lost_sample_count
        assert stored.verify().intact


def test_a_sample_that_does_not_fit_is_a_fault_and_not_an_exception(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), TWO, lossless=True)
    record.sample(Sample(tick_at(0), "heat", (1.0, 2.0, 3.0), b""))
    seal = record.close("complete", "done")
    assert record.fault is not None
    assert "3 values in a record of 2 signals" in record.fault
    assert seal.lost_sample_count == 1


def test_closing_twice_and_offering_afterwards_change_nothing(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), TWO, lossless=True)
    record.sample(two(0))
    first = record.close("complete", "done")
    before = record_file(tmp_path).read_bytes()
    offer(record, [two(1), event_at(2, "batch", "late", "after the end")] * 300)
    assert record.close("aborted", "again") == first
    assert record_file(tmp_path).read_bytes() == before


def test_a_reader_at_work_does_not_spoil_the_seal(tmp_path: Path) -> None:
    record = BatchRecord(record_file(tmp_path), header(), TWO, lossless=False)
    record.event(event_at(0, "batch", "start", "started"))
    until(lambda: _event_count(tmp_path) == 1)
    with open_record("R1-0001", tmp_path) as reader:
        rows = reader.samples()
        next(rows, None)
        assert not record.close("complete", "done").fault
    with open_record("R1-0001", tmp_path) as stored:
        assert stored.status == "complete"


class TestRefusals:
    """What is wrong before the first tick is an error then, and leaves no file."""

    def test_a_batch_is_not_recorded_twice(self, tmp_path: Path) -> None:
        recorded(record_file(tmp_path), [])
        before = record_file(tmp_path).read_bytes()
        with pytest.raises(RecordError, match=r"R1-0001.sqlite.*choose a new id"):
            BatchRecord(record_file(tmp_path), header(), SIGNALS, lossless=True)
        assert record_file(tmp_path).read_bytes() == before

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"batch_id": "../x"}, "batch_id"),
            ({"config_sha256": "abc"}, "config_sha256"),
            ({"recipe_text": "x" * 1_000_001}, "recipe_text"),
            ({"start_utc_ns": -1}, "start_utc_ns"),
            ({"parameters": {"hold_s": math.nan}}, "parameters"),
        ],
    )
    def test_a_header_out_of_bounds(
        self, tmp_path: Path, changes: dict[str, object], named: str
    ) -> None:
        with pytest.raises(RecordError, match=named):
            BatchRecord(record_file(tmp_path), header(**changes), SIGNALS, lossless=True)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["tick", "Bad", "a b", "x; DROP TABLE sample", "", "hold_s"])
    def test_a_signal_name_that_is_taken_or_no_name(self, tmp_path: Path, name: str) -> None:
        signals = (Signal("hold_s", "s"), Signal(name, ""))
        with pytest.raises(RecordError, match="signal name"):
            BatchRecord(record_file(tmp_path), header(), signals, lossless=True)

    def test_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match="no such directory"):
            BatchRecord(tmp_path / "none" / "a.sqlite", header(), SIGNALS, lossless=True)

    def test_a_disk_without_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = shutil.disk_usage(tmp_path)._replace(free=99_000_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(RecordError, match=r"99 MB free, a batch needs 100"):
            BatchRecord(record_file(tmp_path), header(), SIGNALS, lossless=True)
        assert not list(tmp_path.iterdir())
