"""Does the record agree with itself? Everything derived is computed again from the decisions and compared.

This reads every decision, so it is for the command line and for tests, not for a training loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.history.coded_episode import read_episode
from core.history.contributions import contributions_of, loops_of
from core.history.outcome import discounted_outcomes
from core.history.rollups import ROLLUP_TABLES, add_contributions
from core.history.store import HistoryStore

_SHOWN_ROWS = 3
"""Disagreeing rows quoted per table."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read, and every disagreement found."""

    episodes: int
    decisions: int
    pruned_episodes: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(store: HistoryStore) -> VerifyReport:
    """Check the file, the numbers of each run's episodes (no hole among them), each episode against its
    decisions, and every count against all decisions.

    Counts of pruned episodes cannot be computed again; with such episodes a count may exceed, but not fall below,
    what the remaining decisions give.
    """
    connection = store.connection
    problems = [f"file: {row[0]}" for row in connection.execute("pragma quick_check") if row[0] != "ok"]
    problems += _holes(connection)
    problems += [f"row {row[1]} of {row[0]} refers to a missing {row[2]}" for row in _dangling(connection)]
    for table in ROLLUP_TABLES:
        connection.execute(f"drop table if exists temp.recount_{table.name}")
        connection.execute(
            f"create temp table recount_{table.name} as select {', '.join((*table.keys, *table.sums))} "
            f"from {table.name} where 0"
        )
        connection.execute(
            f"create unique index temp.recount_{table.name}_key on recount_{table.name} ({', '.join(table.keys)})"
        )
    decisions = pruned = 0
    episodes = connection.execute("select id, pruned from episodes order by id").fetchall()
    recounts = {table: replace(table, name=f"recount_{table.name}") for table in ROLLUP_TABLES}
    for episode_id, is_pruned in episodes:
        if is_pruned:
            pruned += 1
            continue
        episode = read_episode(connection, episode_id)
        loops = loops_of(episode)
        decisions += episode.action.size
        problems += _episode_problems(connection, episode_id, loops.steps_inside)
        contributions = contributions_of(episode, loops)
        add_contributions(connection, {recounts[table]: rows for table, rows in contributions.items()})
    for table in ROLLUP_TABLES:
        problems += _count_problems(connection, table.name, table.keys, table.sums, exact=pruned == 0)
        connection.execute(f"drop table temp.recount_{table.name}")
    connection.commit()
    problems += _search_problems(connection)
    return VerifyReport(len(episodes), decisions, pruned, tuple(problems))


def _holes(connection: sqlite3.Connection) -> Iterator[str]:
    """Numbers that a run lacks up to its last. They were given out in order, one by one, so
    something has taken them out behind the run's back."""
    numbers: dict[tuple[str, int], list[int]] = {}
    for run, begins_after, number in connection.execute(
        "select r.name, r.begins_after, e.number from episodes e join runs r on r.id = e.run_id "
        "order by e.run_id, e.number"
    ):
        numbers.setdefault((run, begins_after), []).append(number)
    for (run, begins_after), found in numbers.items():
        for before, after in zip([begins_after, *found], found, strict=False):
            if after == before + 2:
                yield f"run {run}: episode {before + 1} is missing"
            elif after > before + 2:
                yield f"run {run}: episodes {before + 1} to {after - 1} are missing"


def _dangling(connection: sqlite3.Connection) -> list[tuple[str, int | None, str]]:
    return connection.execute('select "table", rowid, parent from pragma_foreign_key_check').fetchall()


def _episode_problems(connection: sqlite3.Connection, episode_id: int, loop_steps: int) -> Iterator[str]:
    rows = connection.execute(
        "select d.step, d.reward, d.outcome, s.name from decisions d join names s on s.id = d.source_id "
        "where d.episode_id = ? order by d.step",
        (episode_id,),
    ).fetchall()
    stored = connection.execute(
        "select steps, reward, llm_steps, rules_steps, policy_steps, loop_steps, outcomes_given from episodes "
        "where id = ?",
        (episode_id,),
    ).fetchone()
    rewards = np.asarray([row[1] for row in rows], dtype=np.float64)
    sources = [row[3] for row in rows]
    derived = (
        len(rows),
        float(rewards.sum()),
        sources.count("llm"),
        sources.count("rules"),
        sources.count("policy"),
        loop_steps,
    )
    names = ("steps", "reward", "llm_steps", "rules_steps", "policy_steps", "loop_steps")
    for name, kept, counted in zip(names, stored, derived, strict=False):
        if not np.isclose(kept, counted, rtol=0, atol=1e-6):
            yield f"episode {episode_id}: {name} is {kept}, its decisions give {counted}"
    if [row[0] for row in rows] != list(range(len(rows))):
        yield f"episode {episode_id}: steps are not 0 to {len(rows) - 1}"
    outcomes = np.asarray([row[2] for row in rows], dtype=np.float64)
    expected = rewards if stored[6] else discounted_outcomes(rewards)
    wrong = np.flatnonzero(np.abs(outcomes - expected) > 1e-6)
    if wrong.size:
        step = wrong[0]
        yield f"episode {episode_id}, step {step}: outcome is {outcomes[step]}, rewards give {expected[step]}"


def _count_problems(
    connection: sqlite3.Connection, table: str, keys: tuple[str, ...], sums: tuple[str, ...], *, exact: bool
) -> Iterator[str]:
    columns = ", ".join((*keys, *sums))
    if exact:
        kept, recount = f"select {columns} from {table}", f"select {columns} from recount_{table}"
        questions = {
            "is not what the decisions give": f"{kept} except {recount}",
            "is missing": f"{recount} except {kept}",
        }
    else:
        same = " and ".join(f"kept.{key} = recount.{key}" for key in keys)
        questions = {
            "is more than is kept": f"select recount.* from recount_{table} recount left join {table} kept on {same} "
            "where kept.n is null or kept.n < recount.n"
        }
    for complaint, sql in questions.items():
        rows = connection.execute(sql).fetchall()
        for row in rows[:_SHOWN_ROWS]:
            yield f"{table}: ({columns}) = {row} {complaint}"
        if len(rows) > _SHOWN_ROWS:
            yield f"{table}: {len(rows) - _SHOWN_ROWS} more rows like this"


def _search_problems(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        connection.execute("insert into reasonings_fts (reasonings_fts, rank) values ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        yield f"full-text index: {error}"
    finally:
        connection.rollback()
