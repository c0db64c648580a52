"""One SQLite file: its tables, and the writer's side of them.

All row tables share one sequence number, so that the order in which things happened
is kept across tables and a missing row shows. Samples are inserted by statements of
many rows: `sqlite3` lets go of the interpreter lock once a statement, and a busy
control thread would otherwise be made to swap with the writer at every single row.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec

from controller.ports import Event, Sample, Signal
from controller.record import encoding
from controller.record.encoding import Row
from controller.record.model import SCHEMA_VERSION, BatchHeader, Gap, Item, RecordError, Seal

APPLICATION_ID = 0x48505231  # "HPR1" in the file's header
SIGNALS_MAX = 500
SAMPLE_COLUMNS = ("seq", "tick", "monotonic_s", "utc_ns", "phase", "quality")
SIGNAL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_CHUNK_ROWS_MAX = 256
_PAGE_BYTES = 4096
_SEAL_PAGES = 64  # kept back, so that a record that hit its size limit can still be sealed
_TIMES = (
    "seq INTEGER PRIMARY KEY, tick INTEGER NOT NULL,"
    " monotonic_s REAL NOT NULL, utc_ns INTEGER NOT NULL"
)
_TABLES = (
    "CREATE TABLE header (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE parameter (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE signal (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " unit TEXT NOT NULL, channel INTEGER NOT NULL)",
    f"CREATE TABLE phase ({_TIMES}, name TEXT NOT NULL, severity TEXT NOT NULL,"
    " cause TEXT NOT NULL, detail TEXT NOT NULL)",
    f"CREATE TABLE event ({_TIMES}, kind TEXT NOT NULL, source TEXT NOT NULL,"
    " severity TEXT NOT NULL, message TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE TABLE gap (seq INTEGER PRIMARY KEY, first_tick INTEGER NOT NULL,"
    " last_tick INTEGER NOT NULL, lost_sample_count INTEGER NOT NULL,"
    " lost_event_count INTEGER NOT NULL, cause TEXT NOT NULL)",
    "CREATE TABLE seal (outcome TEXT NOT NULL, cause TEXT NOT NULL, end_utc_ns INTEGER NOT NULL,"
    " end_monotonic_s REAL NOT NULL, sample_count INTEGER NOT NULL, event_count INTEGER NOT NULL,"
    " phase_count INTEGER NOT NULL, gap_count INTEGER NOT NULL,"
    " lost_sample_count INTEGER NOT NULL, lost_event_count INTEGER NOT NULL,"
    " journal_sha256 TEXT NOT NULL, fault TEXT NOT NULL)",
)


class Store:
    """The file of one running batch, used by one thread at a time."""

    def __init__(
        self, path: Path, header: BatchHeader, signals: Sequence[Signal], *, size_mb_max: float
    ) -> None:
        """Create the file and commit its header.

        Raises `RecordError` when the file exists already or cannot be written.
        """
        self._pages_max = int(size_mb_max * 1e6 / _PAGE_BYTES)
        self._columns = (*SAMPLE_COLUMNS, *(signal.name for signal in signals))
        self._check(path, header, signals)
        self._connection = _create(path)
        try:
            self._prepare(header, signals)
        except sqlite3.Error as error:
            self._connection.close()
            raise RecordError(f"{path}: cannot write the record's header: {error}") from error
        self._digest = hashlib.sha256(encoding.header_bytes(header, signals))
        self._seq = 0
        self._counts = {"sample": 0, "event": 0, "phase": 0, "gap": 0, "lost": 0, "lost_event": 0}
        self._end = (header.start_monotonic_s, header.start_utc_ns)

    def append(self, items: Sequence[Item]) -> None:
        """Write items in one transaction: all, or on `sqlite3.Error` none."""
        before = (self._seq, self._digest.copy(), dict(self._counts), self._end)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._insert(items)
            self._connection.execute("COMMIT")
        except BaseException:
            self._seq, self._digest, self._counts, self._end = before
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def seal(self, outcome: str, cause: str, fault: str) -> Seal:
        """Write the last row. Raises `sqlite3.Error` when the disk does not take it."""
        seal = self.unwritten_seal(outcome, cause, fault)
        self._limit_pages(self._pages_max + 2 * _SEAL_PAGES)
        row = msgspec.structs.astuple(seal)
        self._connection.execute(f"INSERT INTO seal VALUES ({_marks(row)})", row)
        return seal

    def unwritten_seal(self, outcome: str, cause: str, fault: str) -> Seal:
        """The seal as it would be, for a record whose disk no longer takes one."""
        counts = self._counts
        return Seal(
            outcome=outcome,
            cause=cause,
            end_monotonic_s=self._end[0],
            end_utc_ns=self._end[1],
            sample_count=counts["sample"],
            event_count=counts["event"],
            phase_count=counts["phase"],
            gap_count=counts["gap"],
            lost_sample_count=counts["lost"],
            lost_event_count=counts["lost_event"],
            journal_sha256=self._digest.hexdigest(),
            fault=fault,
        )

    def reserve(self) -> None:
        """Open a little room past the size limit, for the gap and the last events."""
        self._limit_pages(self._pages_max + _SEAL_PAGES)

    def close(self) -> None:
        """Fold the log into the file, so that one file remains, and let go of it.

        While somebody reads the record the log stays beside it: that is no fault.
        """
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()

    def _check(self, path: Path, header: BatchHeader, signals: Sequence[Signal]) -> None:
        names = [signal.name for signal in signals]
        if not 0 < len(names) <= SIGNALS_MAX:
            raise RecordError(f"{path}: {len(names)} signals; a record takes 1..{SIGNALS_MAX}")
        for name in names:
            if not SIGNAL_NAME.fullmatch(name) or self._columns.count(name) > 1:
                raise RecordError(f"{path}: signal name {name!r} is taken or not lower_snake_case")
        try:
            msgspec.convert(msgspec.to_builtins(header), BatchHeader)
        except (msgspec.ValidationError, ValueError) as error:
            raise RecordError(f"{path}: batch header: {error}") from error

    def _prepare(self, header: BatchHeader, signals: Sequence[Signal]) -> None:
        execute = self._connection.execute
        for pragma in (
            f"page_size={_PAGE_BYTES}",
            f"application_id={APPLICATION_ID}",
            f"user_version={SCHEMA_VERSION}",
            "journal_mode=WAL",
            "synchronous=FULL",
        ):
            execute(f"PRAGMA {pragma}")
        self._limit_pages(self._pages_max)
        execute("BEGIN IMMEDIATE")
        for table in (*_TABLES, self._sample_table()):
            execute(table)
        self._insert_header(header, signals)
        execute("COMMIT")

    def _sample_table(self) -> str:
        values = ", ".join(f"{name} REAL" for name in self._columns[len(SAMPLE_COLUMNS) :])
        return (
            f"CREATE TABLE sample ({_TIMES}, phase TEXT NOT NULL, quality BLOB NOT NULL, {values})"
        )

    def _insert_header(self, header: BatchHeader, signals: Sequence[Signal]) -> None:
        fields = {**msgspec.structs.asdict(header), "recipe_sha256": header.recipe_sha256}
        parameters = fields.pop("parameters")
        insert = self._connection.executemany
        insert("INSERT INTO header VALUES (?, ?)", fields.items())
        insert("INSERT INTO parameter VALUES (?, ?)", parameters.items())
        columns = [(i, s.name, s.unit, s.channel) for i, s in enumerate(signals)]
        insert("INSERT INTO signal VALUES (?, ?, ?, ?)", columns)

    def _insert(self, items: Sequence[Item]) -> None:
        samples: list[Row] = []
        encoded: list[bytes] = []
        for item in items:
            self._seq += 1
            if isinstance(item, Sample):
                row = encoding.sample_row(self._seq, item)
                self._require_width(row)
                samples.append(row)
                encoded.append(encoding.sample_bytes(row))
                self._end = (item.tick.monotonic_s, item.tick.utc_ns)
            else:
                encoded.append(self._insert_rare(item))
        self._digest.update(b"".join(encoded))
        self._counts["sample"] += len(samples)
        self._insert_samples(samples)

    def _require_width(self, row: Row) -> None:
        if len(row) != len(self._columns):
            found, expected = (
                len(row) - len(SAMPLE_COLUMNS),
                len(self._columns) - len(SAMPLE_COLUMNS),
            )
            raise ValueError(f"a sample of {found} values in a record of {expected} signals")

    def _insert_rare(self, item: Event | Gap) -> bytes:
        if isinstance(item, Gap):
            self._counts["lost"] += item.lost_sample_count
            self._counts["lost_event"] += item.lost_event_count
            return self._insert_row("gap", encoding.gap_row(self._seq, item))
        self._end = (item.monotonic_s, item.utc_ns)
        if item.kind == "phase":
            return self._insert_row("phase", encoding.phase_row(self._seq, item))
        return self._insert_row("event", encoding.event_row(self._seq, item))

    def _insert_row(self, table: str, row: Row) -> bytes:
        self._connection.execute(f"INSERT INTO {table} VALUES ({_marks(row)})", row)
        self._counts[table] += 1
        return encoding.row_bytes(TAGS[table], row)

    def _insert_samples(self, rows: list[Row]) -> None:
        marks = f"({_marks(self._columns)})"
        variables_max = self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        chunk = min(_CHUNK_ROWS_MAX, variables_max // len(self._columns))
        start = 0
        while start < len(rows):
            while chunk > len(rows) - start:
                chunk = (chunk + 1) // 2
            values = list(chain.from_iterable(rows[start : start + chunk]))
            statement = f"INSERT INTO sample VALUES {', '.join([marks] * chunk)}"
            self._connection.execute(statement, values)
            start += chunk

    def _limit_pages(self, pages: int) -> None:
        self._connection.execute(f"PRAGMA max_page_count={max(1, pages)}")


TAGS = {"phase": b"P", "event": b"E", "gap": b"G"}


def _marks(columns: Sequence[object]) -> str:
    return ", ".join("?" * len(columns))


def _create(path: Path) -> sqlite3.Connection:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
    except FileExistsError as error:
        raise RecordError(
            f"{path}: there is already a record of this batch; choose a new id"
        ) from error
    except OSError as error:
        raise RecordError(f"{path}: cannot create the record: {error.strerror}") from error
    return sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=2.0, cached_statements=64
    )
