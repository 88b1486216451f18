"""The counting tables: what they are keyed by, and how rows are added to them and taken out again.

Every value is an integer count or an integer sum, so adding an episode and deleting it leaves no trace.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Row = tuple[int | str, ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RollupTable:
    """A table of counts: `keys` identify a row, `sums` are added up; the first sum is the count `n`."""

    name: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]

    @property
    def add_sql(self) -> str:
        """Insert a row of keys and sums, or add its sums to those there."""
        columns = (*self.keys, *self.sums)
        added = ", ".join(f"{column} = {column} + excluded.{column}" for column in self.sums)
        return (
            f"insert into {self.name} ({', '.join(columns)}) values ({', '.join('?' * len(columns))}) "
            f"on conflict ({', '.join(self.keys)}) do update set {added}"
        )

    @property
    def drop_empty_sql(self) -> str:
        """Delete the row of these keys if its count has come down to nothing."""
        return f"delete from {self.name} where {' and '.join(f'{key} = ?' for key in self.keys)} and n = 0"


ACTION_SEQUENCES = RollupTable("action_sequences", ("mode_id", "actions"), ("n", "outcome_micro"))
CONTEXT_ACTIONS = RollupTable(
    "context_actions", ("context_id", "action", "source_id"), ("n", "reward_micro", "outcome_micro")
)
OPTION_OUTCOMES = RollupTable(
    "option_outcomes", ("option_id", "context_id", "source_id"), ("n", "outcome_micro", "outcome_square_micro")
)
OPTION_PROGRESS = RollupTable(
    "option_progress", ("option_id", "context_id", "source_id"), ("n", "progress_micro", "progress_square_micro")
)
LOOPS = RollupTable("loops", ("context_id", "period", "actions"), ("n",))
MILESTONE_LEADS = RollupTable("milestone_leads", ("milestone_id", "option_id", "source_id"), ("n",))
RUN_MILESTONES = RollupTable("run_milestones", ("run_id", "milestone_id"), ("n", "steps"))
RUN_SOURCES = RollupTable(
    "run_sources", ("run_id", "mode_id", "source_id"), ("n", "reward_micro", "outcome_micro", "confidence_micro")
)
REASONING_USES = RollupTable("reasoning_uses", ("reasoning_id", "episode_id"), ("n", "outcome_micro"))

ROLLUP_TABLES = (
    ACTION_SEQUENCES,
    CONTEXT_ACTIONS,
    OPTION_OUTCOMES,
    OPTION_PROGRESS,
    LOOPS,
    MILESTONE_LEADS,
    RUN_MILESTONES,
    RUN_SOURCES,
    REASONING_USES,
)

Contributions = Mapping[RollupTable, Sequence[Row]]
"""What one episode adds to each table: rows of keys then sums, each key once."""


def add_contributions(connection: sqlite3.Connection, contributions: Contributions) -> None:
    """Add an episode's counts. Inside a write transaction."""
    for table, rows in contributions.items():
        connection.executemany(table.add_sql, rows)


def subtract_contributions(connection: sqlite3.Connection, contributions: Contributions) -> None:
    """Take an episode's counts out again, and the rows that held nothing else. Inside a write transaction."""
    for table, rows in contributions.items():
        keys = len(table.keys)
        negative = [(*row[:keys], *(-int(value) for value in row[keys:])) for row in rows]
        connection.executemany(table.add_sql, negative)
        connection.executemany(table.drop_empty_sql, [row[:keys] for row in rows])


def tally(keys: Sequence[Ints], sums: Sequence[Ints] = ()) -> list[tuple[int, ...]]:
    """Group rows by their keys: one tuple (keys..., count, sums...) per distinct combination, in key order.

    All arrays have shape (rows,); keys are not negative.
    """
    rows = keys[0].size
    if rows == 0:
        return []
    order = np.lexsort(tuple(reversed(keys)))
    sorted_keys = [key[order] for key in keys]
    changed = np.zeros(rows, dtype=np.bool_)
    changed[0] = True
    for key in sorted_keys:
        changed[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(changed)
    counts = np.diff(np.append(starts, rows))
    columns = [key[starts] for key in sorted_keys]
    columns.append(counts)
    columns.extend(np.add.reduceat(values[order], starts) for values in sums)
    return list(zip(*(column.tolist() for column in columns), strict=True))
