"""Writing the record: runs, whole episodes in one transaction each, and taking episodes out again.

The store is used from one thread. Several stores, also in several processes, may share a file; they take turns.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlite_utils import Database

from core.exceptions import HistoryError
from core.history.beginnings import add_beginning, remove_beginning
from core.history.coded_episode import DECISION_COLUMNS, code_episode, decision_rows, read_episode
from core.history.contributions import contributions_of, loops_of
from core.history.database import open_database, write_transaction
from core.history.interning import Interning
from core.history.putting_back import identity_of, put_back
from core.history.records import EpisodeRecord, SettingChange
from core.history.rollups import add_contributions, subtract_contributions
from core.history.waiting import LOCK_PATIENCE_S
from core.vocabulary import Source

log = logging.getLogger(__name__)

_INSERT_DECISION = (
    f"insert into decisions ({', '.join(DECISION_COLUMNS)}) values ({', '.join('?' * len(DECISION_COLUMNS))})"
)
_EPISODE_COLUMNS = (
    "id",
    "run_id",
    "number",
    "lane",
    "started_at_s",
    "seconds",
    "steps",
    "reward",
    "llm_steps",
    "rules_steps",
    "policy_steps",
    "loop_steps",
    "terminated",
    "truncated",
    "outcomes_given",
)
_INSERT_EPISODE = (
    f"insert into episodes ({', '.join(_EPISODE_COLUMNS)}) values ({', '.join(f':{c}' for c in _EPISODE_COLUMNS)})"
)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Run:
    """One training run, or one program that records decisions."""

    id: int
    name: str
    started_at_s: float
    settings: str
    """JSON object: those that the run began with. `HistoryStore.changes_of` tells what changed later."""


class HistoryStore:
    """A decision database open for writing. Use as a context manager, or call `close()`."""

    def __init__(self, path: str | Path = "decisions.db", *, must_exist: bool = False) -> None:
        """Open or create the file; `HistoryError` if it is not ours (see `core.history.database`)."""
        self.path = Path(path)
        self._database: Database | None = open_database(path, must_exist=must_exist)
        self._identity = identity_of(self.path)
        self._is_absence_said = False
        self._has_written = False
        self._words = Interning()

    @property
    def database(self) -> Database:
        """The open database, for reading. `HistoryError` after `close()`."""
        if self._database is None:
            raise HistoryError(f"the decision database {self.path} was closed; open it again to use it")
        return self._database

    @property
    def is_open(self) -> bool:
        """False after `close()`."""
        return self._database is not None

    @property
    def is_in_place(self) -> bool:
        """False once the open file was removed, or replaced by another one of its name."""
        return identity_of(self.path) == self._identity

    @property
    def connection(self) -> sqlite3.Connection:
        """The SQLite connection below `database`."""
        return self.database.conn

    def close(self) -> None:
        """Close the file. Closing twice does nothing. A file that was removed after it was written to is put back."""
        if self._database is not None:
            if self._has_written:
                self._put_back_if_possible()
            self._database.conn.close()
            self._database = None

    def __enter__(self) -> HistoryStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start_run(self, name: str | None = None, settings: Mapping[str, object] | None = None) -> Run:
        """Note a new run. Its name must be new in this file; by default it is made of the time and a random part."""
        name = name or f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        text = json.dumps(dict(settings or {}), sort_keys=True, default=str)
        started_at_s = time.time()

        def start(connection: sqlite3.Connection) -> Run:
            try:
                cursor = connection.execute(
                    "insert into runs (name, started_at_s, settings) values (?, ?, ?)", (name, started_at_s, text)
                )
            except sqlite3.IntegrityError as error:
                raise HistoryError(f"{self.path} already has a run named {name!r}; choose another name") from error
            return Run(int(cursor.lastrowid or 0), name, started_at_s, text)

        return self._transact(start)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        rows = self.connection.execute("select id, name, started_at_s, settings from runs order by id")
        return [Run(*row) for row in rows]

    def find_run(self, name: str | None = None) -> Run:
        """The run of that name, or the newest one. `HistoryError` if there is none, naming those there are."""
        runs = self.runs()
        for run in reversed(runs):
            if name is None or run.name == name:
                return run
        if not runs:
            raise HistoryError(f"{self.path} holds no run yet; train first")
        known = ", ".join(run.name for run in runs[-5:])
        raise HistoryError(f"{self.path} has no run named {name!r}; the newest are {known}")

    def commit_episode(
        self,
        run_id: int,
        record: EpisodeRecord,
        patience_s: float = LOCK_PATIENCE_S,
        gives_up: Callable[[], bool] = lambda: False,
    ) -> int:
        """Write a finished episode, its decisions and its counts in one transaction; returns the episode's id.

        `HistoryError` if the run does not exist, or has an episode of that number already; nothing is written then.
        A locked file is waited for as in `write_transaction`.
        """
        return self._transact(lambda connection: self._insert(connection, run_id, record), patience_s, gives_up)

    def replace_episode(self, run_id: int, record: EpisodeRecord) -> int:
        """Like `commit_episode`, but an episode of the same number is taken out first, in the same transaction."""

        def replace(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "select id from episodes where run_id = ? and number = ?", (run_id, record.number)
            ).fetchone()
            if row is None:
                return self._insert(connection, run_id, record)
            self._delete(connection, int(row[0]))
            return self._insert(connection, run_id, record, int(row[0]))

        return self._transact(replace)

    def delete_episodes_after(self, run_id: int, number: int) -> int:
        """Delete the run's episodes with a number above `number`, also from every count; returns how many.

        One transaction. Used to play again what a checkpoint does not know.
        """
        return self._transact(lambda connection: self._delete_after(connection, run_id, number))

    def go_on_after(self, run_id: int, number: int, changes: Collection[SettingChange]) -> int:
        """Resume after episode `number`: as `delete_episodes_after`, and notes the settings with which the next episode
        is played; what was noted for deleted episodes is forgotten. One transaction.

        A run that has no episode here begins after `number`: those before are in another record.
        """

        def go_on(connection: sqlite3.Connection) -> int:
            deleted = self._delete_after(connection, run_id, number)
            connection.execute(
                "update runs set begins_after = ? where id = ? "
                "and not exists (select 1 from episodes where run_id = runs.id)",
                (number, run_id),
            )
            connection.execute("delete from run_changes where run_id = ? and episode > ?", (run_id, number))
            connection.executemany(
                "insert into run_changes (run_id, episode, key, old, new) values (?, ?, ?, ?, ?)",
                [(run_id, number + 1, change.key, change.old, change.new) for change in changes],
            )
            return deleted

        return self._transact(go_on)

    def changes_of(self, run_id: int) -> list[tuple[int, SettingChange]]:
        """(number of the first episode played with it, change) of a run, in order."""
        rows = self.connection.execute(
            "select episode, key, old, new from run_changes where run_id = ? order by episode, key", (run_id,)
        )
        return [(episode, SettingChange(*change)) for episode, *change in rows]

    def last_episode_number(self, run_id: int) -> int:
        """Highest episode number of the run, 0 if it has none."""
        (number,) = self.connection.execute(
            "select coalesce(max(number), 0) from episodes where run_id = ?", (run_id,)
        ).fetchone()
        return int(number)

    def decision_count(self) -> int:
        """Number of decisions ever recorded and not deleted, pruned ones included."""
        (steps,) = self.connection.execute("select coalesce(sum(steps), 0) from episodes").fetchone()
        return int(steps)

    def put_back(self) -> None:
        """See that the open file is at its place: one that was removed is written again, with all that it held.

        `HistoryError` when that is not possible now. The open file goes on taking what is written.
        """
        if self.is_in_place:
            return
        removed, file = self.database, self.path
        try:
            place = put_back(removed.conn, file)
            self._database, self.path = open_database(place, must_exist=True), place
        except (OSError, sqlite3.Error, HistoryError) as error:
            raise HistoryError(
                f"the decision database {file} was removed while it was open, and cannot be put back: {error}"
            ) from error
        removed.conn.close()
        self._identity = identity_of(place)
        self._is_absence_said = False
        log.warning("%s was removed while it was open; it is back as %s, with all that it held", file, place)

    def _put_back_if_possible(self) -> None:
        try:
            self.put_back()
        except HistoryError as error:
            if not self._is_absence_said:
                self._is_absence_said = True
                log.warning("%s. It is tried again with everything that is written", error)

    def _transact(
        self,
        work: Callable[[sqlite3.Connection], _Result],
        patience_s: float = LOCK_PATIENCE_S,
        gives_up: Callable[[], bool] = lambda: False,
    ) -> _Result:
        """Run `work` in one write transaction, in a file that is at its place."""
        self._put_back_if_possible()
        self._has_written = True
        try:
            with write_transaction(self.database, patience_s, gives_up) as connection:
                return work(connection)
        except BaseException as error:
            self._words.forget()  # words interned in the rolled-back transaction are gone
            if isinstance(error, sqlite3.Error):
                raise HistoryError(
                    f"cannot write to the decision database {self.path}: {error}; nothing of this episode was kept. "
                    "Check free disk space, rights, and that no other program holds the file"
                ) from error
            raise

    def _insert(
        self, connection: sqlite3.Connection, run_id: int, record: EpisodeRecord, episode_id: int | None = None
    ) -> int:
        taken = connection.execute(
            "select (select name from runs where id = :run), "
            "exists (select 1 from episodes where run_id = :run and number = :number)",
            {"run": run_id, "number": record.number},
        ).fetchone()
        if taken[0] is None:
            raise HistoryError(f"{self.path} has no run with id {run_id}; call start_run() first")
        if taken[1]:
            raise HistoryError(
                f"run {taken[0]!r} already has an episode {record.number}; each number is committed once. "
                "After loading a checkpoint, call delete_episodes_after() first"
            )
        steps_by_source: Counter[str] = Counter(record.columns["source"])
        if episode_id is None:
            (episode_id,) = connection.execute("select coalesce(max(id), 0) + 1 from episodes").fetchone()
            assert episode_id is not None
        coded = code_episode(connection, self._words, record, episode_id, run_id)
        loops = loops_of(coded)
        connection.execute(
            _INSERT_EPISODE,
            {
                "id": episode_id,
                "run_id": run_id,
                "number": record.number,
                "lane": record.lane,
                "started_at_s": record.started_at_s,
                "seconds": record.seconds,
                "steps": record.steps,
                "reward": record.reward,
                "llm_steps": steps_by_source[Source.LLM],
                "rules_steps": steps_by_source[Source.RULES],
                "policy_steps": steps_by_source[Source.POLICY],
                "loop_steps": loops.steps_inside,
                "terminated": record.terminated,
                "truncated": record.truncated,
                "outcomes_given": record.outcomes_given,
            },
        )
        connection.executemany(_INSERT_DECISION, decision_rows(connection, self._words, record, coded))
        connection.executemany(
            "insert into milestones (episode_id, milestone_id, step) values (?, ?, ?)",
            [(episode_id, milestone, step) for step, milestone in coded.milestones],
        )
        if record.beginning is not None:
            add_beginning(connection, episode_id, record.beginning)
        add_contributions(connection, contributions_of(coded, loops))
        return episode_id

    def _delete_after(self, connection: sqlite3.Connection, run_id: int, number: int) -> int:
        rows = connection.execute(
            "select id, number, pruned from episodes where run_id = ? and number > ? order by id", (run_id, number)
        ).fetchall()
        for _, episode, pruned in rows:
            if pruned:
                raise HistoryError(
                    f"episode {episode} of run {run_id} was pruned, so its counts can no longer be taken out; "
                    "start a new run instead of resuming from before it"
                )
        for episode_id, _, _ in rows:
            self._delete(connection, episode_id)
        return len(rows)

    def _delete(self, connection: sqlite3.Connection, episode_id: int) -> None:
        coded = read_episode(connection, episode_id)
        subtract_contributions(connection, contributions_of(coded, loops_of(coded)))
        connection.execute("delete from decisions where episode_id = ?", (episode_id,))
        connection.execute("delete from milestones where episode_id = ?", (episode_id,))
        remove_beginning(connection, episode_id)
        connection.execute("delete from episodes where id = ?", (episode_id,))
