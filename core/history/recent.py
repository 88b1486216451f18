"""Reading decisions back: the newest, those of an episode, and those whose reasoning holds given words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.exceptions import HistoryError
from core.history.decision_columns import COLUMNS, Kind, StoredDecision, stored_as
from core.history.outcome import MICRO


def _read_as(name: str) -> str:
    """The SQL expression that spells a column out."""
    match COLUMNS[name].kind:
        case Kind.NAME:
            return f"{name}.name"
        case Kind.REASONING:
            return "t.text"
        case Kind.CONTEXT:
            return "c.json"
        case Kind.INTEGER | Kind.REAL:
            return f"d.{name}"


_JSON_PLACES: Final = [place for place, column in enumerate(COLUMNS.values()) if column.kind is Kind.CONTEXT]
_NAMES: Final = [name for name, column in COLUMNS.items() if column.kind is Kind.NAME]
_SELECT: Final = f"""
    select r.name, e.number, d.episode_id, d.step, e.started_at_s + d.elapsed_ms / 1000.0,
           {", ".join(map(_read_as, COLUMNS))}
    from decisions d
    join episodes e on e.id = d.episode_id
    join runs r on r.id = e.run_id
    join contexts c on c.id = d.context_id
    join reasonings t on t.id = d.reasoning_id
    {" ".join(f"join names {name} on {name}.id = d.{stored_as(name)}" for name in _NAMES)}
"""


def recent_decisions(connection: sqlite3.Connection, limit: int) -> list[StoredDecision]:
    """The newest decisions, newest first: from the episode committed last backwards."""
    # The inner query walks the primary key backwards; joined directly, SQLite may sort all rows instead.
    rows = connection.execute(
        f"{_SELECT} where (d.episode_id, d.step) in "
        "(select episode_id, step from decisions order by episode_id desc, step desc limit ?)",
        (limit,),
    ).fetchall()
    decisions = [_decision(row) for row in rows]
    return sorted(decisions, key=lambda decision: (decision.episode_id, decision.step), reverse=True)


def decisions_of_episode(connection: sqlite3.Connection, episode_id: int) -> Iterator[StoredDecision]:
    """All decisions of an episode, in order."""
    for row in connection.execute(f"{_SELECT} where d.episode_id = ? order by d.step", (episode_id,)):
        yield _decision(row)


def _decision(row: tuple[Any, ...]) -> StoredDecision:
    run, number, episode_id, step, time_s, *values = row
    for place in _JSON_PLACES:
        values[place] = json.loads(values[place])
    return StoredDecision(run, number, episode_id, step, datetime.fromtimestamp(time_s, tz=UTC), *values)


@dataclass(frozen=True, slots=True)
class FoundReasoning:
    """A reasoning that holds the words searched for."""

    text: str
    uses: int
    mean_outcome: float
    run: str
    """Where it was last used."""
    episode: int


def search_reasonings(connection: sqlite3.Connection, words: str, limit: int = 20) -> list[FoundReasoning]:
    """Distinct reasonings that match, best first. `words` is an FTS5 query: `heal`, `"low health"`, `heal OR flee`.

    `HistoryError` if it is no valid query.
    """
    if not words.strip():
        raise HistoryError("there is nothing to search for: give a word, for instance heal")
    try:
        rows = connection.execute(
            """
            with found as (
                select rowid as id, rank from reasonings_fts where reasonings_fts match ? order by rank limit ?
            )
            select t.text, sum(u.n), sum(u.outcome_micro), max(u.episode_id)
            from found
            join reasonings t on t.id = found.id
            join reasoning_uses u on u.reasoning_id = found.id
            group by found.id order by found.rank, found.id
            """,
            (words, limit),
        ).fetchall()
    except sqlite3.OperationalError as error:
        raise HistoryError(
            f"cannot search for {words!r}: {error}; put phrases and words with punctuation in double quotes"
        ) from error
    found: list[FoundReasoning] = []
    for text, uses, outcome_micro, episode_id in rows:
        run, episode = connection.execute(
            "select r.name, e.number from episodes e join runs r on r.id = e.run_id where e.id = ?", (episode_id,)
        ).fetchone()
        found.append(FoundReasoning(text, uses, outcome_micro / uses / MICRO, run, episode))
    return found
