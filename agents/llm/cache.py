"""Answers kept in SQLite: the same question to the same model is sent once.

The key is the model's name (local models put a fingerprint of their weights into it; `OptionChooser` adds whether it
writes notes), the prompt and the options in their order. A cache file may be shared by runs and by processes, and may
be deleted at any time.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError, DecisionValidationError
from core.protocols import Choice

_logger = logging.getLogger(__name__)
APPLICATION_ID = 0x43485143
"""Application id in SQLite's header ("CHQC"), so that no other program's database is written to."""
ANSWERS_KEPT = 1_000_000
LONGEST_WAIT_S = 0.2
"""For another program that holds the file; a transaction of another run takes a fraction of it."""
ASIDE_S = 30.0
"""So long a file that was of no use is left alone."""
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
_NOTES = "CREATE TABLE IF NOT EXISTS notes (question BLOB PRIMARY KEY, note TEXT NOT NULL) WITHOUT ROWID"
"""Files of earlier versions have none."""


class AnswerCache:
    """A SQLite file of answers; `:memory:` keeps them for this process only.

    A file that is locked or damaged costs no question: the cache steps aside for a while, and is then opened again.
    """

    def __init__(self, path: str | Path, aside_s: float = ASIDE_S) -> None:
        """Check an existing file. A new file is made with the first question, and its folder. A file that is of no use
        is left alone for `aside_s`.

        Raises `ConfigurationError` for a file that is not such a cache, or a place that cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._aside_s = aside_s
        self._aside_until_s = 0.0
        self._closed = False
        self._said: set[str] = set()
        self.on_fault: Callable[[], None] = lambda: None
        """Called whenever the file or a row of it is of no use."""
        if str(path) != ":memory:" and (not Path(path).exists() or not Path(path).stat().st_size):
            there = next(folder for folder in Path(path).resolve().parents if folder.exists())
            if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
                raise ConfigurationError(
                    f"the cache of answers {str(path)!r} cannot be made: {there} is no folder that can be written to; "
                    "name another"
                )
            return
        try:
            self._connection = self._connect()
        except sqlite3.Error as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN):
                raise ConfigurationError(
                    f"the cache of answers {str(path)!r} cannot be opened: {error}; name another or delete it"
                ) from error
            self._step_aside(error)

    def find(self, model: str, prompt: str, options: Sequence[str]) -> Choice | None:
        """The answer that this model gave to this question, or None."""
        key = _key(model, prompt, options)
        rows = self._execute(
            "SELECT choice, confidence, reason, prompt_tokens, completion_tokens, note FROM answers "
            "LEFT JOIN notes USING (question) WHERE question = ?",
            (key,),
        )
        if not rows:
            return None
        try:
            *answer, note = rows[0]
            return Choice(*answer, latency_s=0.0, cached=True, note=note or "").checked(len(options))
        except DecisionValidationError as error:
            self._say("row", f"a row of it makes no sense ({error}); the model is asked again")
            return None

    def keep(self, model: str, prompt: str, options: Sequence[str], choice: Choice) -> None:
        """Note an answer; where that is not possible, the question is asked again one day."""
        self._execute(
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
        if choice.note:
            self._execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_key(model, prompt, options), choice.note))

    def close(self) -> None:
        """Nothing is found or kept any more."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _execute(self, command: str, values: tuple[object, ...]) -> list[Any]:
        """The rows; none while the cache stands aside."""
        with self._lock:
            if self._closed or time.monotonic() < self._aside_until_s:
                return []
            try:
                if self._connection is None:
                    self._connection = self._connect()
                return self._connection.execute(command, values).fetchall()
            except (sqlite3.Error, OSError, ConfigurationError) as error:
                self._step_aside(error)
                return []

    def _step_aside(self, error: Exception) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._aside_until_s = time.monotonic() + self._aside_s
        self._say(getattr(error, "sqlite_errorname", "file"), f"{error}; it is left alone for {self._aside_s:.0f} s")

    def _say(self, kind: str, message: str) -> None:
        """Count a fault, and mention the first of its kind."""
        self.on_fault()
        if kind not in self._said:
            self._said.add(kind)
            _logger.warning("the cache of answers %r is of no use: %s", str(self._path), message)

    def _connect(self) -> sqlite3.Connection:
        if str(self._path) != ":memory:":
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=LONGEST_WAIT_S)
        try:
            self._check(database)
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")  # a damaged reason costs no answer
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and tables:
            raise ConfigurationError(
                f"{str(self._path)!r} is a database of another program; name another file for the cache"
            )
        if not tables:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(_SCHEMA)
        database.execute(_NOTES)
        _forget_oldest(database)
        # A lost answer costs one question, so a sync to disk after each answer is not needed.
        database.execute("PRAGMA synchronous = OFF")


def _forget_oldest(database: sqlite3.Connection) -> None:
    """Keep the file below `ANSWERS_KEPT` answers, about 200 bytes each; checked when it is opened."""
    (count,) = database.execute("SELECT count(*) FROM answers").fetchone()
    if count > ANSWERS_KEPT:
        oldest = "SELECT question FROM answers ORDER BY answered_at LIMIT ?"
        database.execute(f"DELETE FROM answers WHERE question IN ({oldest})", (count - ANSWERS_KEPT,))
        database.execute("DELETE FROM notes WHERE question NOT IN (SELECT question FROM answers)")


def _key(model: str, prompt: str, options: Sequence[str]) -> bytes:
    digest = hashlib.sha256()
    for part in (model, prompt, *options):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)  # lengths keep questions apart
    return digest.digest()
