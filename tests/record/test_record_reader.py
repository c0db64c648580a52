"""Reading files that claim to be records: the sound, the damaged and the foreign."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_batch import SIGNALS, START_UTC_NS, batch, header, record_file

from controller.ports import Sample
from controller.record import (
    BatchRecord,
    RecordError,
    StoredRecord,
    list_records,
    open_record,
    record_path,
    summarise,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sound"), "R1-0001", START_UTC_NS)


def make(directory: Path, batch_id: str, start_utc_ns: int) -> Path:
    path = record_file(directory, batch_id)
    start = header(batch_id, start_utc_ns=start_utc_ns)
    record = BatchRecord(path, start, SIGNALS, lossless=True)
    for item in batch(step_s=10.0):
        if isinstance(item, Sample):
            record.sample(item)
        else:
            record.event(item)
    assert not record.close("complete", "procedure finished").fault
    return path


def read_whole(path: Path) -> None:
    with StoredRecord(path) as stored:
        summarise(stored)
        stored.gaps()
        list(stored.samples())


@contextmanager
def suppress_error_that_names(path: Path) -> Iterator[None]:
    """Lets a `RecordError` pass, if it says which file it is about; nothing else."""
    try:
        yield
    except RecordError as error:
        if str(path) not in str(error):
            raise


def test_records_are_listed_newest_first(tmp_path: Path) -> None:
    make(tmp_path, "older", START_UTC_NS)
    make(tmp_path, "newer", START_UTC_NS + 10**9)
    (tmp_path / "broken.sqlite").write_text("not a database at all")
    (tmp_path / "notes.txt").write_text("not listed")
    found = [(entry.batch_id, entry.outcome) for entry in list_records(tmp_path)]
    assert found == [("newer", "complete"), ("older", "complete"), ("broken", "unreadable")]
    assert "not a batch record" in list_records(tmp_path)[-1].problem


def test_a_record_opens_by_id_and_by_file(sound: Path) -> None:
    for name in ("R1-0001", sound, str(sound)):
        with open_record(name, sound.parent) as stored:
            assert stored.header.batch_id == "R1-0001"


@pytest.mark.parametrize("name", ["../R1-0001", "a/b", "", ".hidden", "x" * 81, "a\x00b"])
def test_an_id_cannot_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match="no batch id"):
        record_path(tmp_path, name)


def test_a_missing_record_and_a_missing_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"absent\.sqlite: cannot open"):
        open_record("absent", tmp_path)
    with pytest.raises(RecordError, match="no batch has been recorded"):
        list_records(tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"SQLite format 3", b"\x7fELF", bytes(4096)])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"x\.sqlite: not a batch record"):
        StoredRecord(path)


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sample (seq INTEGER)")
    connection.commit()
    connection.close()
    with pytest.raises(RecordError, match="not a batch record of hotpress"):
        StoredRecord(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("PRAGMA user_version=99", "record schema 99, this version reads 1"),
        ("ALTER TABLE sample ADD COLUMN extra REAL", "columns of its samples"),
        ("UPDATE header SET value = 'other' WHERE name = 'recipe_text'", "recipe's text"),
        ("UPDATE header SET value = 'x' WHERE name = 'start_utc_ns'", "start_utc_ns"),
        ("INSERT INTO header VALUES ('surprise', 1)", "surprise"),
        ("DELETE FROM header WHERE name = 'station_id'", "station_id"),
        ("DELETE FROM signal", "signals"),
        ("UPDATE signal SET name = 'x; DROP' WHERE position = 0", "not a sound batch record"),
        ("INSERT INTO seal SELECT * FROM seal", "sealed more than once"),
        ("UPDATE seal SET sample_count = -1", "sample_count"),
        ("DROP TABLE seal", "no such table"),
    ],
)
def test_a_record_out_of_bounds_is_refused(
    sound: Path, tmp_path: Path, change: str, said: str
) -> None:
    path = tmp_path / "copy.sqlite"
    path.write_bytes(sound.read_bytes())
    connection = sqlite3.connect(path)
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises(RecordError, match=said):
        StoredRecord(path)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32), st.integers(1, 40), st.booleans())
def test_damage_is_an_error_that_names_the_file_or_shows_in_the_digest(
    sound: Path, tmp_path: Path, seed: int, flips: int, cut: bool
) -> None:
    """Flipped bytes and cut files: `RecordError`, or rows that do not verify, or unused bytes."""
    chance = random.Random(seed)
    damaged = bytearray(sound.read_bytes())
    for _ in range(flips):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    if cut:
        del damaged[chance.randrange(len(damaged)) :]
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(damaged)
    intact = False
    with suppress_error_that_names(path):
        read_whole(path)
        with StoredRecord(path) as stored:
            intact = stored.verify().intact
    if intact:
        with StoredRecord(path) as stored, StoredRecord(sound) as original:
            assert list(stored.samples()) == list(original.samples())
            assert stored.phases() == original.phases()
            assert stored.events() == original.events()


def test_only_known_signals_can_be_asked_for(sound: Path) -> None:
    with StoredRecord(sound) as stored:
        assert len(next(stored.samples(["thickness_mm"]))) == 7
        with pytest.raises(RecordError, match="no signal 'seq FROM seal; --'"):
            next(stored.samples(["seq FROM seal; --"]))
