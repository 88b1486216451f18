"""Opening a decisions.db: create, recognise, upgrade, or refuse without touching.

Our files carry an application id in their header. A file of another program, or of a newer version of this one, is
refused before anything is written to it. Files are in WAL mode with synchronous=NORMAL: a killed process leaves a
consistent file that holds every committed episode, and readers never wait for the writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from core.exceptions import HistoryError
from core.history.migrations import MIGRATIONS
from core.history.waiting import LOCK_PATIENCE_S, LOOK_S, is_locked, locked, wait_out

APPLICATION_ID = 0x43484442
"""The letters CHDB: crystal-hybrid decision base. At offset 68 of the file, big-endian."""

_SQLITE_MAGIC = b"SQLite format 3\x00"
_READ_TIMEOUT_S = 30.0
"""A reader waits only for the moment in which another program opens, closes or repairs the file."""


def open_database(path: str | Path, *, must_exist: bool = False) -> Database:
    """Open or create the decision database at `path`, upgraded to this version's schema.

    `must_exist` refuses a missing file instead of creating it (readers want that). A lock is waited out.
    Raises `HistoryError` for a file that is not ours or cannot be opened, read or written.
    """
    file = Path(path)
    database = wait_out(lambda: _open(file, must_exist), file, LOCK_PATIENCE_S)
    _wait_for_locks(database.conn, _READ_TIMEOUT_S)
    return database


def _open(file: Path, must_exist: bool) -> Database:
    """One try. HistoryLockedError where another program holds the lock."""
    new = check_database_file(file, must_exist)
    try:
        connection = sqlite3.connect(file, timeout=LOOK_S)
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
        if is_locked(error):
            raise locked(file, error) from error
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
        if must_exist:
            raise HistoryError(f"{file} is empty: nothing was recorded in it yet; train first, or name another one")
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
        with write_transaction(database, 0.0):  # one writer at a time: two processes may open a new file together
            MIGRATIONS.apply(database)


@contextmanager
def write_transaction(
    database: Database, patience_s: float = LOCK_PATIENCE_S, gives_up: Callable[[], bool] = lambda: False
) -> Generator[sqlite3.Connection]:
    """One transaction that takes the write lock at once, so it cannot fail half-way for want of it.

    Another program's lock is waited out for `patience_s`, or until `gives_up` says so; HistoryLockedError then.
    """
    connection = database.conn
    (_, _, file) = connection.execute("pragma database_list").fetchone()
    wait_out(lambda: _begin(connection, file), file, patience_s, gives_up)
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _begin(connection: sqlite3.Connection, file: str) -> None:
    _wait_for_locks(connection, LOOK_S)
    try:
        connection.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if is_locked(error):
            raise locked(file, error) from error
        raise
    finally:
        _wait_for_locks(connection, _READ_TIMEOUT_S)


def _wait_for_locks(connection: sqlite3.Connection, seconds: float) -> None:
    """How long SQLite waits before it says that the file is locked."""
    connection.execute(f"pragma busy_timeout = {round(seconds * 1000)}")
