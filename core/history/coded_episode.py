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

from core.history.interning import Interning
from core.history.records import EpisodeRecord
from core.vocabulary import GameMode, Source

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CodedEpisode:
    """Columns of shape (steps,); ids refer to the word tables."""

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
    """Name id of the source "policy"; options are begun by the guide, not by it."""
    free_id: int
    """Name id of the mode "free"; only there does an unchanged state mean that nothing happened."""


def code_episode(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, episode_id: int, run_id: int
) -> CodedEpisode:
    """Intern the words of a record. Inside a write transaction."""
    decisions = record.decisions
    context, mode = words.context_ids(connection, record.contexts, [d.mode.value for d in decisions])
    first_reach: dict[int, int] = {}
    for step, name in record.milestones:
        first_reach.setdefault(words.name_id(connection, name), step)
    return CodedEpisode(
        episode_id=episode_id,
        run_id=run_id,
        action=np.asarray([d.action for d in decisions], dtype=np.int64),
        source=words.name_ids(connection, [d.source.value for d in decisions]),
        option=words.name_ids(connection, [d.option_key for d in decisions]),
        context=context,
        mode=mode,
        reasoning=words.reasoning_ids(connection, [d.reasoning for d in decisions]),
        state_hash=np.asarray([d.state_hash for d in decisions], dtype=np.int64),
        confidence=np.asarray([d.confidence for d in decisions], dtype=np.float64),
        reward=record.rewards,
        outcome=record.outcomes,
        milestones=tuple((step, milestone) for milestone, step in first_reach.items()),
        policy_id=words.name_id(connection, Source.POLICY.value),
        free_id=words.name_id(connection, GameMode.FREE.value),
    )


DECISION_COLUMNS = (
    "episode_id, step, elapsed_ms, action, guide_action, source_id, strategy_id, option_id, context_id, reasoning_id, "
    "state_hash, confidence, behaviour_probability, reward, outcome"
)


def decision_rows(
    connection: sqlite3.Connection, words: Interning, record: EpisodeRecord, coded: CodedEpisode
) -> Iterator[tuple[int | float | None, ...]]:
    """Rows for the table `decisions`, in the order of `DECISION_COLUMNS`."""
    decisions = record.decisions
    steps = len(decisions)
    return zip(
        [coded.episode_id] * steps,
        range(steps),
        record.elapsed_ms.tolist(),
        coded.action.tolist(),
        [d.guide_action for d in decisions],
        coded.source.tolist(),
        words.name_ids(connection, [d.strategy.value for d in decisions]).tolist(),
        coded.option.tolist(),
        coded.context.tolist(),
        coded.reasoning.tolist(),
        coded.state_hash.tolist(),
        coded.confidence.tolist(),
        [d.behaviour_probability for d in decisions],
        record.rewards.tolist(),
        record.outcomes.tolist(),
        strict=True,
    )


def read_episode(connection: sqlite3.Connection, episode_id: int) -> CodedEpisode:
    """The stored columns of an episode."""
    (run_id,) = connection.execute("select run_id from episodes where id = ?", (episode_id,)).fetchone()
    rows = connection.execute(
        "select d.action, d.source_id, d.option_id, d.context_id, c.mode_id, d.reasoning_id, d.state_hash, "
        "d.confidence, d.reward, d.outcome from decisions d join contexts c on c.id = d.context_id "
        "where d.episode_id = ? order by d.step",
        (episode_id,),
    ).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * 10
    ints = [np.asarray(column, dtype=np.int64) for column in columns[:7]]
    floats = [np.asarray(column, dtype=np.float64) for column in columns[7:]]
    milestones = connection.execute(
        "select step, milestone_id from milestones where episode_id = ? order by step", (episode_id,)
    ).fetchall()
    return CodedEpisode(
        episode_id,
        run_id,
        *ints,
        *floats,
        milestones=tuple((int(step), int(milestone)) for step, milestone in milestones),
        policy_id=_name_id(connection, Source.POLICY.value),
        free_id=_name_id(connection, GameMode.FREE.value),
    )


def _name_id(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("select id from names where name = ?", (name,)).fetchone()
    return int(row[0])
