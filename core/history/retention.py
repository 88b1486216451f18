"""Keeping the file small: the oldest episodes lose their single decisions, but stay counted.

What was learnt from them (all patterns, outcomes, run summaries, searchable reasonings) is kept; only `recent`,
`explain`, `export` and a replay no longer see them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.exceptions import ConfigurationError, HistoryError
from core.history.beginnings import remove_beginning
from core.history.database import write_transaction
from core.history.store import HistoryStore


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a pruning removed."""

    episodes: int
    decisions: int


def prune(store: HistoryStore, keep_decisions: int) -> PruneReport:
    """Delete the decisions of the oldest episodes until at most `keep_decisions` are left; the newest episode stays.

    One transaction an episode, so a training that writes to the same file waits for milliseconds only.
    """
    if keep_decisions < 0:
        raise ConfigurationError(f"keep_decisions is {keep_decisions}; it must be 0 or more")
    rows = store.connection.execute("select id, steps from episodes where not pruned order by id desc").fetchall()
    kept = episodes = decisions = 0
    for index, (episode_id, steps) in enumerate(rows):
        kept += steps
        if index == 0 or kept <= keep_decisions:
            continue
        with write_transaction(store.database) as connection:
            connection.execute("delete from decisions where episode_id = ?", (episode_id,))
            remove_beginning(connection, episode_id)
            connection.execute("update episodes set pruned = 1 where id = ?", (episode_id,))
        episodes += 1
        decisions += steps
    return PruneReport(episodes, decisions)


def vacuum(store: HistoryStore) -> int:
    """Give freed space back to the disk; returns the bytes freed. Needs as much free space as the file is large."""

    def size() -> int:
        (pages, page_bytes) = store.connection.execute(
            "select page_count, page_size from pragma_page_count, pragma_page_size"
        ).fetchone()
        return int(pages) * int(page_bytes)

    before = size()
    try:
        store.connection.execute("vacuum")
        store.connection.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error as error:
        raise HistoryError(
            f"cannot vacuum {store.path}: {error}; try again when no other program uses the file, with enough free disk"
        ) from error
    return before - size()
