"""An episode as integer and float columns: the form in which it is stored, counted, and read back.

Counting works on this form only, so the numbers taken out of the rollups when an episode is deleted are computed from
the stored columns by the same code that put them in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.exceptions import HistoryError
from core.history.decision_columns import COLUMNS, Kind, stored_as
from core.history.interning import Interning
from core.history.records import DecisionColumns, EpisodeRecord
from core.vocabulary import GameMode, Source

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CodedEpisode:
    """Columns of shape (steps,); ids refer to the word tables, id 0 is "not stated"."""

    episode_id: int
    run_id: int
    action: Ints
    source: Ints
    option: Ints
    context: Ints
    mode: Ints
    reasoning: Ints
    state_hash: Ints
    confidence: Floats
    reward: Floats
    outcome: Floats
    milestones: tuple[tuple[int, int], ...]
    """(step, milestone id), the first reach of each."""
    policy_id: int
    """Name id of the source "policy"; options are begun by the teacher, not by it."""
    free_id: int
    """Name id of the mode "free"; only there does an unchanged state mean that nothing happened."""


COUNTED: Final = tuple(one.name for one in fields(CodedEpisode) if one.name in COLUMNS)
"""The columns of which something is counted."""
DECISION_COLUMNS: Final = ("episode_id", "step", *map(stored_as, COLUMNS))
"""The columns of the table `decisions`, in the order of `decision_rows`."""


def code_episode(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, episode_id: int, run_id: int
) -> CodedEpisode:
    """Intern the words of a record. Inside a write transaction."""
    columns = record.columns
    context, mode = words.context_ids(connection, columns["context"], columns.mode)
    first_reach: dict[int, int] = {}
    for step, name in record.milestones:
        first_reach.setdefault(words.name_id(connection, name), step)
    coded: dict[str, Any] = {"context": context}
    for name in COUNTED:
        if name not in coded:
            coded[name] = _coded(connection, words, name, columns)
    return CodedEpisode(
        **coded,
        episode_id=episode_id,
        run_id=run_id,
        mode=mode,
        milestones=tuple((step, milestone) for milestone, step in first_reach.items()),
        policy_id=words.name_id(connection, Source.POLICY.value),
        free_id=words.name_id(connection, GameMode.FREE.value),
    )


def _coded(
    connection: sqlite3.Connection, words: Interning, name: str, columns: DecisionColumns
) -> NDArray[np.int64 | np.float64]:
    """A column as it is counted; shape (steps,)."""
    match COLUMNS[name].kind:
        case Kind.NAME:
            return words.name_ids(connection, columns[name])
        case Kind.REASONING:
            return words.reasoning_ids(connection, columns[name])
        case Kind.CONTEXT:
            return words.context_ids(connection, columns[name], columns.mode)[0]
        case Kind.INTEGER:
            return np.asarray(columns[name], dtype=np.int64)
        case Kind.REAL:
            return np.asarray(columns[name], dtype=np.float64)


def decision_rows(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, coded: CodedEpisode
) -> Iterator[tuple[int | float | None, ...]]:
    """Rows for the table `decisions`, in the order of `DECISION_COLUMNS`."""
    steps = record.columns.steps
    values = (_stored(connection, words, name, record.columns, coded) for name in COLUMNS)
    return zip([coded.episode_id] * steps, range(steps), *values, strict=True)


def _stored(
    connection: sqlite3.Connection, words: Interning, name: str, columns: DecisionColumns, coded: CodedEpisode
) -> list[int | float | None]:
    """A column as SQLite takes it."""
    if name in COUNTED:
        return getattr(coded, name).tolist()
    if COLUMNS[name].unstated is None:  # nullable: no array
        number = int if COLUMNS[name].kind is Kind.INTEGER else float
        return [None if value is None else number(value) for value in columns[name]]
    return _coded(connection, words, name, columns).tolist()


_READ_COLUMNS: Final = (
    f"select c.mode_id, {', '.join(f'd.{stored_as(name)}' for name in COUNTED)} "
    "from decisions d join contexts c on c.id = d.context_id where d.episode_id = ? order by d.step"
)


def read_episode(connection: sqlite3.Connection, episode_id: int) -> CodedEpisode:
    """The stored columns of an episode; `HistoryError` if there is none of that id."""
    found = connection.execute("select run_id from episodes where id = ?", (episode_id,)).fetchone()
    if found is None:
        raise HistoryError(f"there is no episode with id {episode_id}")
    rows = connection.execute(_READ_COLUMNS, (episode_id,)).fetchall()
    mode, *columns = zip(*rows, strict=True) if rows else [()] * (1 + len(COUNTED))
    coded: dict[str, Any] = {
        name: np.asarray(values, dtype=np.float64 if COLUMNS[name].kind is Kind.REAL else np.int64)
        for name, values in zip(COUNTED, columns, strict=True)
    }
    milestones = connection.execute(
        "select step, milestone_id from milestones where episode_id = ? order by step", (episode_id,)
    ).fetchall()
    return CodedEpisode(
        **coded,
        episode_id=episode_id,
        run_id=int(found[0]),
        mode=np.asarray(mode, dtype=np.int64),
        milestones=tuple((int(step), int(milestone)) for step, milestone in milestones),
        policy_id=_name_id(connection, Source.POLICY.value),
        free_id=_name_id(connection, GameMode.FREE.value),
    )


def _name_id(connection: sqlite3.Connection, name: str) -> int:
    """Id of a name that every committed episode has interned, or -1 in a file without episodes."""
    row = connection.execute("select id from names where name = ?", (name,)).fetchone()
    return int(row[0]) if row else -1
