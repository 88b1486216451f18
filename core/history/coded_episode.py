"""An episode as integer and float columns: the form in which it is stored, counted, and read back.

Counting works on this form only, so the numbers taken out of the rollups when an episode is deleted are computed from
the stored columns by the same code that put them in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.exceptions import HistoryError
from core.history.interning import Interning
from core.history.records import EpisodeRecord
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


def code_episode(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, episode_id: int, run_id: int
) -> CodedEpisode:
    """Intern the words of a record. Inside a write transaction."""
    columns = record.columns
    context, mode = words.context_ids(connection, columns.context, columns.mode)
    first_reach: dict[int, int] = {}
    for step, name in record.milestones:
        first_reach.setdefault(words.name_id(connection, name), step)
    return CodedEpisode(
        episode_id=episode_id,
        run_id=run_id,
        action=np.asarray(columns.action, dtype=np.int64),
        source=words.name_ids(connection, columns.source),
        option=words.name_ids(connection, columns.option),
        context=context,
        mode=mode,
        reasoning=words.reasoning_ids(connection, columns.reasoning),
        state_hash=np.asarray(columns.state_hash, dtype=np.int64),
        confidence=np.asarray(columns.confidence, dtype=np.float64),
        reward=columns.reward,
        outcome=columns.outcome,
        milestones=tuple((step, milestone) for milestone, step in first_reach.items()),
        policy_id=words.name_id(connection, Source.POLICY.value),
        free_id=words.name_id(connection, GameMode.FREE.value),
    )


DECISION_COLUMNS = (
    "episode_id",
    "step",
    "elapsed_ms",
    "action",
    "teacher_action",
    "source_id",
    "strategy_id",
    "option_id",
    "context_id",
    "reasoning_id",
    "state_hash",
    "confidence",
    "behaviour_probability",
    "reward",
    "outcome",
)


def decision_rows(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, coded: CodedEpisode
) -> Iterator[tuple[int | float | None, ...]]:
    """Rows for the table `decisions`, in the order of `DECISION_COLUMNS`."""
    columns = record.columns
    return zip(
        [coded.episode_id] * columns.steps,
        range(columns.steps),
        columns.elapsed_ms,
        coded.action.tolist(),
        [None if action is None else int(action) for action in columns.teacher_action],
        coded.source.tolist(),
        words.name_ids(connection, columns.strategy).tolist(),
        coded.option.tolist(),
        coded.context.tolist(),
        coded.reasoning.tolist(),
        coded.state_hash.tolist(),
        coded.confidence.tolist(),
        [None if chance is None else float(chance) for chance in columns.behaviour_probability],
        columns.reward.tolist(),
        columns.outcome.tolist(),
        strict=True,
    )


_READ_COLUMNS = (
    "select d.action, d.source_id, d.option_id, d.context_id, c.mode_id, d.reasoning_id, d.state_hash, "
    "d.confidence, d.reward, d.outcome from decisions d join contexts c on c.id = d.context_id "
    "where d.episode_id = ? order by d.step"
)


def read_episode(connection: sqlite3.Connection, episode_id: int) -> CodedEpisode:
    """The stored columns of an episode; `HistoryError` if there is none of that id."""
    found = connection.execute("select run_id from episodes where id = ?", (episode_id,)).fetchone()
    if found is None:
        raise HistoryError(f"there is no episode with id {episode_id}")
    rows = connection.execute(_READ_COLUMNS, (episode_id,)).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * 10
    action, source, option, context, mode, reasoning, state_hash = (np.asarray(c, dtype=np.int64) for c in columns[:7])
    confidence, reward, outcome = (np.asarray(c, dtype=np.float64) for c in columns[7:])
    milestones = connection.execute(
        "select step, milestone_id from milestones where episode_id = ? order by step", (episode_id,)
    ).fetchall()
    return CodedEpisode(
        episode_id=episode_id,
        run_id=int(found[0]),
        action=action,
        source=source,
        option=option,
        context=context,
        mode=mode,
        reasoning=reasoning,
        state_hash=state_hash,
        confidence=confidence,
        reward=reward,
        outcome=outcome,
        milestones=tuple((int(step), int(milestone)) for step, milestone in milestones),
        policy_id=_name_id(connection, Source.POLICY.value),
        free_id=_name_id(connection, GameMode.FREE.value),
    )


def _name_id(connection: sqlite3.Connection, name: str) -> int:
    """Id of a name that every committed episode has interned, or -1 in a file without episodes."""
    row = connection.execute("select id from names where name = ?", (name,)).fetchone()
    return int(row[0]) if row else -1
