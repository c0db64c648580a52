"""Reading records: of finished, of running and of interrupted batches."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec

from controller.ports import Signal
from controller.record import encoding, opening
from controller.record.encoding import Row
from controller.record.model import (
    BatchHeader,
    EventEntry,
    GapEntry,
    PhaseEntry,
    RecordError,
    Seal,
)
from controller.record.opening import reading
from controller.record.store import SAMPLE_COLUMNS, TAGS

RARE_ROWS_MAX = 500_000  # of a table other than samples, held in memory
_FILES_MAX = 10_000
_Entry = TypeVar("_Entry", PhaseEntry, EventEntry, GapEntry)
_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the rows are those that were sealed, and the digest found in them."""

    intact: bool
    text: str
    journal_sha256: str


@dataclass(frozen=True, slots=True)
class RecordListing:
    """One line of a list of records. `problem` is empty when the file could be read."""

    path: Path
    batch_id: str
    recipe_name: str
    start_utc_ns: int
    outcome: str
    sample_count: int
    problem: str = ""


class StoredRecord:
    """An open record file. A context manager; `close` may be called twice."""

    def __init__(self, path: Path) -> None:
        """Open and check. Raises `RecordError` that names the file and what to do."""
        self.path = path
        self._connection = opening.connect(path)
        try:
            with reading(path):
                opening.require_record(path, self._connection)
                self.header: BatchHeader = opening.header(self._connection)
                self.signals: tuple[Signal, ...] = opening.signals(self._connection)
                self.seal: Seal | None = opening.seal(self._connection)
                self._require_columns()
        except RecordError:
            self._connection.close()
            raise

    def __enter__(self) -> StoredRecord:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def status(self) -> str:
        """The outcome, or "unsealed": the batch still runs, or was interrupted."""
        return self.seal.outcome if self.seal else "unsealed"

    def sample_count(self) -> int:
        with reading(self.path):
            return int(self._connection.execute("SELECT COUNT(*) FROM sample").fetchone()[0])

    def phases(self) -> list[PhaseEntry]:
        return self._entries("phase", PhaseEntry)

    def events(self) -> list[EventEntry]:
        return self._entries("event", EventEntry)

    def gaps(self) -> list[GapEntry]:
        return self._entries("gap", GapEntry)

    def samples(self, names: Sequence[str] = ()) -> Iterator[Row]:
        """Rows `(seq, tick, monotonic_s, utc_ns, phase, quality, *values)` in order.

        All signals, or those named. A number that was not finite comes as None.
        Raises `RecordError` for a name that is not a signal of this record.
        """
        known = [signal.name for signal in self.signals]
        for name in names:
            if name not in known:
                raise RecordError(f"{self.path}: no signal {name!r} in this record")
        columns = ", ".join((*SAMPLE_COLUMNS, *(names or known)))
        with reading(self.path):
            yield from self._connection.execute(f"SELECT {columns} FROM sample ORDER BY seq")

    def verify(self) -> Verification:
        """Compute the journal's SHA-256 again and compare it with the sealed one."""
        digest = hashlib.sha256(encoding.header_bytes(self.header, self.signals))
        expected = 1
        for seq, encoded in self._journal():
            if seq != expected:
                return Verification(False, f"row {expected} is missing", digest.hexdigest())
            digest.update(encoded)
            expected += 1
        return self._compared(digest.hexdigest())

    def _compared(self, found: str) -> Verification:
        if self.seal is None:
            return Verification(False, "not sealed: batch still running, or interrupted", found)
        if found != self.seal.journal_sha256:
            return Verification(False, "rows differ from those that were sealed", found)
        return Verification(True, "rows are those that were sealed", found)

    def _journal(self) -> Iterator[tuple[int, bytes]]:
        def rare(table: str) -> Iterator[tuple[int, bytes]]:
            for row in self._connection.execute(f"SELECT * FROM {table} ORDER BY seq"):
                yield row[0], encoding.row_bytes(TAGS[table], row)

        def samples() -> Iterator[tuple[int, bytes]]:
            for row in self._connection.execute("SELECT * FROM sample ORDER BY seq"):
                yield row[0], encoding.sample_bytes(row)

        with reading(self.path):
            yield from heapq.merge(*map(rare, TAGS), samples(), key=lambda pair: pair[0])

    def _entries(self, table: str, kind: type[_Entry]) -> list[_Entry]:
        with reading(self.path):
            query = f"SELECT * FROM {table} ORDER BY seq LIMIT {RARE_ROWS_MAX}"
            return msgspec.convert(self._connection.execute(query).fetchall(), list[kind])  # type: ignore[valid-type]

    def _require_columns(self) -> None:
        found = [row[1] for row in self._connection.execute("PRAGMA table_info(sample)")]
        expected = [*SAMPLE_COLUMNS, *(signal.name for signal in self.signals)]
        if found != expected:
            raise ValueError("the columns of its samples are not those of its signals")


def open_record(name: str | Path, directory: Path) -> StoredRecord:
    """Open a record by its file or by the id of a batch in `directory`.

    Raises `RecordError` when there is none, or it is no sound batch record.
    """
    path = Path(name)
    if path.suffix == ".sqlite" or path.is_file():
        return StoredRecord(path)
    return StoredRecord(record_path(directory, str(name)))


def record_path(directory: Path, batch_id: str) -> Path:
    """Where the record of a batch lies. Raises `RecordError` for an id that is none."""
    if not _BATCH_ID.fullmatch(batch_id):
        raise RecordError(
            f"{batch_id[:100]!r} is no batch id: 1..80 of letters, digits, '.', '_', '-'"
        )
    return directory / f"{batch_id}.sqlite"


def list_records(directory: Path) -> tuple[RecordListing, ...]:
    """Every `*.sqlite` in the directory, newest batch first; unreadable ones say why.

    Raises `RecordError` when there is no such directory.
    """
    if not directory.is_dir():
        raise RecordError(f"{directory}: no such directory; no batch has been recorded there")
    paths = sorted(directory.glob("*.sqlite"))[:_FILES_MAX]
    listings = [_listing(path) for path in paths]
    return tuple(sorted(listings, key=lambda entry: entry.start_utc_ns, reverse=True))


def _listing(path: Path) -> RecordListing:
    try:
        with StoredRecord(path) as record:
            header, seal, status = record.header, record.seal, record.status
            count = seal.sample_count if seal else record.sample_count()
    except RecordError as error:
        return RecordListing(path, path.stem, "", 0, "unreadable", 0, str(error))
    return RecordListing(
        path, header.batch_id, header.recipe_name, header.start_utc_ns, status, count
    )
