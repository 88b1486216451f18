"""Waiting for a decision database that another program holds locked."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.exceptions import HistoryError

log = logging.getLogger(__name__)

LOCK_PATIENCE_S = 600.0
"""Some programs keep a file locked while a person looks at it."""
LOOK_S = 0.25
"""How long SQLite itself waits for a lock before Python has its turn, in which signals are handled."""
FIRST_WORD_S = 2.0
NEXT_WORD_S = 60.0
_Result = TypeVar("_Result")


class HistoryLockedError(HistoryError):
    """Another program holds the decision database's lock; nothing was written."""


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another connection's lock is all that is wrong."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def locked(file: str | Path, error: sqlite3.Error) -> HistoryLockedError:
    """The error in words."""
    return HistoryLockedError(
        f"the decision database {file} is locked by another program ({error}); nothing was written. Close that program "
        "(an open sqlite3 shell, a database browser with unsaved changes, a copy in progress) and try again"
    )


def wait_out(
    work: Callable[[], _Result], file: str | Path, patience_s: float, gives_up: Callable[[], bool] = lambda: False
) -> _Result:
    """What `work` gives once it no longer raises HistoryLockedError: it is tried again and again, and may be tried
    again only if it has done nothing then. The wait is said in the log.

    Raises the HistoryLockedError itself after `patience_s`, or when `gives_up` says so.
    """
    began_s = time.monotonic()
    next_word_s = began_s + min(FIRST_WORD_S, patience_s)
    said = False
    while True:
        try:
            done = work()
        except HistoryLockedError:
            now = time.monotonic()
            if now - began_s >= patience_s or gives_up():
                raise
            if now >= next_word_s:
                said, next_word_s = True, now + NEXT_WORD_S
                log.warning(
                    "%s is locked by another program; waiting for it, at most %.0f s more",
                    file,
                    began_s + patience_s - now,
                )
            continue
        if said:
            log.warning("%s is free again after %.0f s", file, time.monotonic() - began_s)
        return done
