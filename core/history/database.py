"""Opening a decisions.db: create, recognise, upgrade, or refuse without touching.

Our files carry an application id in their header. A file of another program, or of a newer version of this one, is
refused before anything is written to it. Files are in WAL mode with synchronous=NORMAL: a killed process leaves a
consistent file that holds every committed episode, and readers never wait for the writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from core.exceptions import HistoryError
from core.history.migrations import MIGRATIONS

APPLICATION_ID = 0x43484442
"""The letters CHDB: crystal-hybrid decision base. At offset 68 of the file, big-endian."""

_SQLITE_MAGIC = b"SQLite format 3\x00"
_BUSY_TIMEOUT_S = 30.0


def open_database(path: str | Path, *, must_exist: bool = False) -> Database:
    """Open or create the decision database at `path`, upgraded to this version's schema.

    `must_exist` refuses a missing file instead of creating it (readers want that).
    Raises `HistoryError` for a file that is not ours or cannot be opened, read or written.
    """
    file = Path(path)
    new = check_database_file(file, must_exist)
    try:
        connection = sqlite3.connect(file, timeout=_BUSY_TIMEOUT_S)
    except sqlite3.Error as error:
        raise HistoryError(
            f"cannot open the decision database {file}: {error}; its directory must be writable, on a local disk"
        ) from error
    try:
        if new:
            # Written in rollback-journal mode, so that the mark is in the file itself and not only in its WAL.
            connection.execute(f"pragma application_id = {APPLICATION_ID}")
        database = Database(connection)
        _refuse_newer(database, file)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma cache_size = -65536")  # KiB
        connection.execute("pragma mmap_size = 268435456")
        _upgrade(database)
    except sqlite3.Error as error:
        connection.close()
        raise HistoryError(
            f"cannot use the decision database {file}: {error}; it must be readable and writable, on a local disk, "
            "and not damaged. Move it away to start a new one"
        ) from error
    except HistoryError:
        connection.close()
        raise
    return database


def check_database_file(file: Path, must_exist: bool = False) -> bool:
    """True if the file has to be created, False if it is one of ours; `HistoryError` for anything else.

    Nothing is written.
    """
    if file.is_dir():
        raise HistoryError(f"{file} is a directory, not a decision database; name a file in it")
    if not file.exists():
        if must_exist:
            raise HistoryError(f"there is no decision database at {file}; train first, or name another one with --db")
        if not file.parent.is_dir():
            raise HistoryError(f"cannot create {file}: the directory {file.parent} does not exist; create it first")
        return True
    try:
        with file.open("rb") as stream:
            header = stream.read(100)
    except OSError as error:
        raise HistoryError(f"cannot read the decision database {file}: {error.strerror}; check its rights") from error
    if not header:
        return True
    if not header.startswith(_SQLITE_MAGIC):
        raise HistoryError(
            f"{file} is not a SQLite database (it begins with {header[:16]!r}); nothing was written. Name another file"
        )
    application_id = int.from_bytes(header[68:72], "big")
    if application_id != APPLICATION_ID:
        raise HistoryError(
            f"{file} is a SQLite database of another program (application id {application_id:#010x}, ours is "
            f"{APPLICATION_ID:#010x}); nothing was written. Name another file for the decision database"
        )
    return False


def _refuse_newer(database: Database, file: Path) -> None:
    known = {migration.name for migration in MIGRATIONS.pending(Database(memory=True))}
    unknown = [migration.name for migration in MIGRATIONS.applied(database) if migration.name not in known]
    if unknown:
        raise HistoryError(
            f"{file} was written by a newer version of crystal-hybrid (schema step {unknown[-1]!r} is unknown here); "
            "nothing was written. Update crystal-hybrid, or name another file"
        )


def _upgrade(database: Database) -> None:
    """Apply the migrations that the file lacks, all or none."""
    if MIGRATIONS.pending(database):
        with write_transaction(database):  # one writer at a time: two processes may open a new file together
            MIGRATIONS.apply(database)


@contextmanager
def write_transaction(database: Database) -> Generator[sqlite3.Connection]:
    """One transaction that takes the write lock at once, so it cannot fail half-way for want of it."""
    connection = database.conn
    connection.execute("begin immediate")
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
