"""Opening a file that claims to be a batch record, and checking the claim.

A record may come from anywhere, so everything is checked once, here and at the edge of
the reader: that the file is a batch record of this schema, that its pages are sound, that
header, signals and seal are within bounds. It is opened read-only; the log of an
interrupted batch stays beside it as it was found.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from controller.ports import Signal
from controller.record.model import SCHEMA_VERSION, BatchHeader, RecordError, Seal
from controller.record.store import APPLICATION_ID, SIGNAL_NAME, SIGNALS_MAX

_DAMAGE = (sqlite3.Error, struct.error, ValueError, TypeError, AssertionError, OverflowError)
_MAGIC = b"SQLite format 3\x00"

UnitText = Annotated[str, Meta(max_length=20)]
Channel = Annotated[int, Meta(ge=-1, le=255)]


class _SignalRow(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=rf"^{SIGNAL_NAME.pattern}$")]
    unit: UnitText
    channel: Channel


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what a damaged or foreign file provokes into a `RecordError`."""
    try:
        yield
    except _DAMAGE as error:
        raise RecordError(
            f"{path}: not a sound batch record ({error}); "
            "set the file aside and take a copy from your backup"
        ) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open read-only. Raises `RecordError` when there is no such file or it is no record."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise RecordError(
            f"{path}: cannot open: {error.strerror}; `hotpress record list` shows what is there"
        ) from error
    if head != _MAGIC:
        raise RecordError(f"{path}: not a batch record; give the .sqlite file a batch has left")
    with reading(path):
        return _first_that_reads(path)


def _first_that_reads(path: Path) -> sqlite3.Connection:
    try:
        return _read_only(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN:
            raise
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise RecordError(
            f"{path}: its last rows are in {log.name}, which cannot be read in a read-only"
            " directory; copy both files to a writable one and open the copy"
        )
    return _read_only(path, "mode=ro&immutable=1")


def _read_only(path: Path, mode: str) -> sqlite3.Connection:
    location = f"{path.resolve().as_uri()}?{mode}"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=2)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def require_record(path: Path, connection: sqlite3.Connection) -> None:
    """Raises `RecordError` for a database that is not a record, `ValueError` for a damaged one."""

    def pragma(name: str) -> Any:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    if pragma("application_id") != APPLICATION_ID:
        raise RecordError(f"{path}: an SQLite file, but not a batch record of hotpress")
    if pragma("user_version") != SCHEMA_VERSION:
        raise RecordError(
            f"{path}: record schema {pragma('user_version')}, this version reads {SCHEMA_VERSION};"
            " read it with the version that wrote it"
        )
    damage = pragma("quick_check(1)")
    if damage != "ok":
        raise ValueError(f"damaged: {damage}")


def header(connection: sqlite3.Connection) -> BatchHeader:
    """The batch header, within its bounds."""
    fields = dict(connection.execute("SELECT name, value FROM header LIMIT 100"))
    recipe_sha256 = fields.pop("recipe_sha256", None)
    parameters = dict(connection.execute("SELECT name, value FROM parameter LIMIT 1000"))
    header = msgspec.convert({**fields, "parameters": parameters}, BatchHeader)
    if header.recipe_sha256 != recipe_sha256:
        raise ValueError("the recipe's text is not the one that was hashed")
    return header


def signals(connection: sqlite3.Connection) -> tuple[Signal, ...]:
    """The signals in the order of their columns."""
    query = "SELECT name, unit, channel FROM signal ORDER BY position LIMIT ?"
    rows = connection.execute(query, (SIGNALS_MAX + 1,)).fetchall()
    if not 0 < len(rows) <= SIGNALS_MAX:
        raise ValueError(f"a record has 1..{SIGNALS_MAX} signals")
    known = msgspec.convert(rows, list[_SignalRow])
    return tuple(Signal(row.name, row.unit, row.channel) for row in known)


def seal(connection: sqlite3.Connection) -> Seal | None:
    """The seal, or None while there is none."""
    cursor = connection.execute("SELECT * FROM seal LIMIT 2")
    rows = cursor.fetchall()
    if len(rows) > 1:
        raise ValueError("sealed more than once")
    if not rows:
        return None
    names = [column[0] for column in cursor.description]
    return msgspec.convert(dict(zip(names, rows[0], strict=True)), Seal)
