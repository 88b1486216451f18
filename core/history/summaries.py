"""Runs and episodes as numbers: one summary each, and two runs side by side. Read from episode rows and counts."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from core.exceptions import HistoryError
from core.history.outcome import MICRO
from core.history.store import HistoryStore, Run


@dataclass(frozen=True, slots=True)
class EpisodeSummary:
    """One episode's row."""

    id: int
    run: str
    number: int
    lane: int
    started_at: datetime
    seconds: float
    steps: int
    reward: float
    source_steps: Mapping[str, int]
    loop_steps: int
    ended: str
    """"terminated", "truncated" or "cut short"."""
    pruned: bool


def find_episode(store: HistoryStore, name: str) -> EpisodeSummary:
    """The episode called `7`, `run/7` or `last`; without a run, of the newest one. `HistoryError` if there is none."""
    run_name, _, number_text = name.rpartition("/")
    run = store.find_run(run_name or None)
    last = store.last_episode_number(run.id)
    if number_text == "last":
        number = last
    elif number_text.isdecimal():
        number = int(number_text)
    else:
        raise HistoryError(f"{name!r} names no episode; give a number, run/number, or last")
    row = store.connection.execute(
        "select id, lane, started_at_s, seconds, steps, reward, llm_steps, rules_steps, policy_steps, loop_steps, "
        "terminated, truncated, pruned from episodes where run_id = ? and number = ?",
        (run.id, number),
    ).fetchone()
    if row is None:
        raise HistoryError(f"run {run.name!r} has no episode {number}; it has 1 to {last}")
    return EpisodeSummary(
        id=row[0],
        run=run.name,
        number=number,
        lane=row[1],
        started_at=datetime.fromtimestamp(row[2], tz=UTC),
        seconds=row[3],
        steps=row[4],
        reward=row[5],
        source_steps={"llm": row[6], "rules": row[7], "policy": row[8]},
        loop_steps=row[9],
        ended="terminated" if row[10] else "truncated" if row[11] else "cut short",
        pruned=bool(row[12]),
    )


def episode_numbers(store: HistoryStore, run: Run) -> list[int]:
    """Numbers of a run's episodes, in order."""
    rows = store.connection.execute("select number from episodes where run_id = ? order by number", (run.id,))
    return [number for (number,) in rows]


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What one source did in a run."""

    decisions: int
    share: float
    mean_outcome: float
    mean_confidence: float


@dataclass(frozen=True, slots=True)
class MilestoneSummary:
    """How often and when a run reached a milestone."""

    episodes: int
    share: float
    """Of the run's episodes."""
    mean_step: float


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in numbers."""

    name: str
    started_at: datetime
    episodes: int
    decisions: int
    mean_reward: float
    reward_standard_error: float
    """0 for fewer than two episodes."""
    best_reward: float
    mean_steps: float
    loop_share: float
    sources: Mapping[str, SourceSummary]
    milestones: Mapping[str, MilestoneSummary]


def summarize_run(connection: sqlite3.Connection, run: Run) -> RunSummary:
    """The numbers of one run; zeros where it has no episode."""
    episodes, steps, reward, square, best, loop_steps = connection.execute(
        "select count(*), coalesce(sum(steps), 0), coalesce(avg(reward), 0.0), coalesce(avg(reward * reward), 0.0), "
        "coalesce(max(reward), 0.0), coalesce(sum(loop_steps), 0) from episodes where run_id = ?",
        (run.id,),
    ).fetchone()
    variance = max(0.0, square - reward * reward)
    return RunSummary(
        name=run.name,
        started_at=datetime.fromtimestamp(run.started_at_s, tz=UTC),
        episodes=episodes,
        decisions=steps,
        mean_reward=reward,
        reward_standard_error=math.sqrt(variance / (episodes - 1)) if episodes > 1 else 0.0,
        best_reward=best,
        mean_steps=steps / episodes if episodes else 0.0,
        loop_share=loop_steps / steps if steps else 0.0,
        sources=_sources(connection, run.id, steps),
        milestones=_milestones(connection, run.id, episodes),
    )


def _sources(connection: sqlite3.Connection, run_id: int, steps: int) -> dict[str, SourceSummary]:
    rows = connection.execute(
        "select s.name, sum(r.n), sum(r.outcome_micro), sum(r.confidence_micro) from run_sources r "
        "join names s on s.id = r.source_id where r.run_id = ? group by r.source_id order by s.name",
        (run_id,),
    )
    return {name: SourceSummary(n, n / steps, out / n / MICRO, sure / n / MICRO) for name, n, out, sure in rows}


def _milestones(connection: sqlite3.Connection, run_id: int, episodes: int) -> dict[str, MilestoneSummary]:
    rows = connection.execute(
        "select m.name, r.n, r.steps from run_milestones r join names m on m.id = r.milestone_id "
        "where r.run_id = ? order by r.n desc, m.name",
        (run_id,),
    )
    return {name: MilestoneSummary(n, n / episodes, steps / n) for name, n, steps in rows}
