"""Answers kept in SQLite: the same question to the same model is sent once.

The key is the model's name (local models put a fingerprint of their weights into it), the prompt and the options in
their order. A cache file may be shared by runs and by processes, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from core.exceptions import ConfigurationError
from core.protocols import Choice

APPLICATION_ID = 0x43485143
"""Application id in SQLite's header ("CHQC"), so that no other program's database is written to."""
ANSWERS_KEPT = 1_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    question BLOB PRIMARY KEY,
    model TEXT NOT NULL,
    choice INTEGER NOT NULL,
    confidence REAL NOT NULL,
    reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    answered_at REAL NOT NULL
) WITHOUT ROWID
"""


class AnswerCache:
    """A SQLite file of answers; `:memory:` keeps them for this process only."""

    def __init__(self, path: str | Path) -> None:
        """Check an existing file. A new file is made with the first question.

        Raises `ConfigurationError` for a file that is not such a cache, or a place that cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        if str(path) != ":memory:" and (not Path(path).exists() or not Path(path).stat().st_size):
            if not os.access(Path(path).resolve().parent, os.W_OK | os.X_OK):
                raise ConfigurationError(
                    f"the cache of answers {str(path)!r} cannot be made: its folder is not writable"
                )
        else:
            self._connection = self._connect()

    @property
    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=10.0)
            self._check(database)
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"the cache of answers {str(self._path)!r} cannot be opened: {error}; name another or delete it"
            ) from error
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and tables:
            database.close()
            raise ConfigurationError(
                f"{str(self._path)!r} is a database of another program; name another file for the cache"
            )
        if not tables:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(_SCHEMA)
        _forget_oldest(database)
        # A lost answer costs one question, so a sync to disk after each answer is not needed.
        database.execute("PRAGMA synchronous = OFF")

    def find(self, model: str, prompt: str, options: Sequence[str]) -> Choice | None:
        """The answer that this model gave to this question, or None."""
        with self._lock:
            row = self._database.execute(
                "SELECT choice, confidence, reason, prompt_tokens, completion_tokens FROM answers WHERE question = ?",
                (_key(model, prompt, options),),
            ).fetchone()
        if row is None:
            return None
        return Choice(row[0], row[1], row[2], row[3], row[4], latency_s=0.0, cached=True)

    def keep(self, model: str, prompt: str, options: Sequence[str], choice: Choice) -> None:
        with self._lock:
            self._database.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    _key(model, prompt, options),
                    model,
                    choice.index,
                    choice.confidence,
                    choice.reason,
                    choice.prompt_tokens,
                    choice.completion_tokens,
                    time.time(),
                ),
            )

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _forget_oldest(database: sqlite3.Connection) -> None:
    """Keep the file below `ANSWERS_KEPT` answers, about 200 bytes each; checked when it is opened."""
    (count,) = database.execute("SELECT count(*) FROM answers").fetchone()
    if count > ANSWERS_KEPT:
        oldest = "SELECT question FROM answers ORDER BY answered_at LIMIT ?"
        database.execute(f"DELETE FROM answers WHERE question IN ({oldest})", (count - ANSWERS_KEPT,))


def _key(model: str, prompt: str, options: Sequence[str]) -> bytes:
    digest = hashlib.sha256()
    for part in (model, prompt, *options):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)  # lengths keep questions apart
    return digest.digest()
