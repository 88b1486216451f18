"""Words by number: names, reasonings and contexts are stored once and referred to by id.

Ids are remembered between episodes, which is safe because words are never deleted. Only a transaction that is rolled
back takes its new words with it; the store calls `forget` then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

REMEMBERED_WORDS = 200_000
"""Ids kept in memory per table; beyond it all are forgotten and looked up again."""


def context_json(context: Mapping[str, str]) -> str:
    """The one spelling of a context: a JSON object with sorted keys and string values."""
    return json.dumps({key: str(context[key]) for key in sorted(context)}, separators=(",", ":"), ensure_ascii=False)


class _WordTable:
    """One table `(id, <text column>)`; ids of known words come from memory, new words are inserted."""

    def __init__(self, table: str, column: str) -> None:
        self._find = f"select id from {table} where {column} = ?"
        self._insert = f"insert into {table} ({column}) values (?)"
        self._ids: dict[str, int] = {}

    def id(self, connection: sqlite3.Connection, word: str) -> int:
        known = self._ids.get(word)
        if known is None:
            row = connection.execute(self._find, (word,)).fetchone()
            known = int(row[0]) if row else int(connection.execute(self._insert, (word,)).lastrowid or 0)
            if len(self._ids) >= REMEMBERED_WORDS:
                self._ids.clear()
            self._ids[word] = known
        return known

    def ids(self, connection: sqlite3.Connection, words: Sequence[str]) -> NDArray[np.int64]:
        # An episode repeats few words: one lookup each, in order of appearance so that ids do not depend on hashing.
        ids = {word: self.id(connection, word) for word in dict.fromkeys(words)}
        return np.fromiter(map(ids.__getitem__, words), dtype=np.int64, count=len(words))

    def forget(self) -> None:
        self._ids.clear()


class Interning:
    """The three word tables of a decision database. All methods must run inside a write transaction."""

    def __init__(self) -> None:
        self._names = _WordTable("names", "name")
        self._reasonings = _WordTable("reasonings", "text")
        self._contexts: dict[tuple[object, ...], tuple[int, int]] = {}

    def name_id(self, connection: sqlite3.Connection, name: str) -> int:
        """Id of a source, mode, strategy, option key or milestone; 0 for the empty name."""
        return self._names.id(connection, name)

    def name_ids(self, connection: sqlite3.Connection, names: Sequence[str]) -> NDArray[np.int64]:
        """Ids of many names, in order."""
        return self._names.ids(connection, names)

    def reasoning_ids(self, connection: sqlite3.Connection, texts: Sequence[str]) -> NDArray[np.int64]:
        """Ids of many reasonings, in order."""
        return self._reasonings.ids(connection, texts)

    def context_ids(
        self, connection: sqlite3.Connection, contexts: Sequence[Mapping[str, str]], modes: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(context ids, mode ids). `modes` is the mode of each decision; it overrides the context's own "mode"."""
        context_ids: list[int] = []
        mode_ids: list[int] = []
        last: Mapping[str, str] | None = None
        last_mode = ""
        context_id = mode_id = 0
        for context, mode in zip(contexts, modes, strict=True):
            if context is not last or mode != last_mode:
                context_id, mode_id = self._context(connection, context, mode)
                last, last_mode = context, mode
            context_ids.append(context_id)
            mode_ids.append(mode_id)
        return np.asarray(context_ids, dtype=np.int64), np.asarray(mode_ids, dtype=np.int64)

    def _context(self, connection: sqlite3.Connection, context: Mapping[str, str], mode: str) -> tuple[int, int]:
        key = (mode, *context.items())
        known = self._contexts.get(key)
        if known is None:
            spelling = context_json({**context, "mode": mode})
            mode_id = self._names.id(connection, mode)
            connection.execute("insert or ignore into contexts (json, mode_id) values (?, ?)", (spelling, mode_id))
            row = connection.execute("select id from contexts where json = ?", (spelling,)).fetchone()
            if len(self._contexts) >= REMEMBERED_WORDS:
                self._contexts.clear()
            known = self._contexts[key] = (int(row[0]), mode_id)
        return known

    def forget(self) -> None:
        """Drop every remembered id."""
        self._names.forget()
        self._reasonings.forget()
        self._contexts.clear()
