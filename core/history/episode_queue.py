"""Finished episodes on their way into the decision database: in order, and kept while it cannot take them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from core.history.records import EpisodeRecord
from core.history.store import HistoryStore
from core.history.waiting import LOCK_PATIENCE_S, HistoryLockedError

log = logging.getLogger(__name__)

PLAY_ON_AFTER_S = 2.0
"""Most locks are shorter than that."""
MOST_WAITING_DECISIONS = 200_000
"""About 200 MB of memory, and some hundred episodes."""


class EpisodeQueue:
    """Commits episodes to a store. While another program holds the file locked, or it was removed and cannot be put
    back, they wait in memory."""

    def __init__(self, store: HistoryStore) -> None:
        self.most_waiting_decisions = 0
        """While fewer decisions wait, `commit` returns and play can go on. 0: every episode is waited for."""
        self.gives_up: Callable[[], bool] = lambda: False
        """Ends a wait, if it says so."""
        self._store = store
        self._waiting: deque[tuple[int, EpisodeRecord]] = deque()
        self._is_said = False

    @property
    def waiting(self) -> int:
        """Episodes that the record does not hold yet. A kill would lose them: no checkpoint may count them."""
        return len(self._waiting)

    @property
    def is_whole(self) -> bool:
        """Whether the record holds every episode, in a file that is at its place."""
        return not self._waiting and self._store.is_in_place

    def commit(self, run_id: int, record: EpisodeRecord) -> None:
        """Write an episode, after those that wait. Raises HistoryError, HistoryLockedError after `LOCK_PATIENCE_S`."""
        self._waiting.append((run_id, record))
        decisions = sum(record.steps for _, record in self._waiting)
        if decisions >= self.most_waiting_decisions:
            self.write(LOCK_PATIENCE_S)
            return
        try:
            self.write(PLAY_ON_AFTER_S if self.waiting == 1 else 0.0)
        except HistoryLockedError as error:
            if not self._is_said:
                self._is_said = True
                log.warning("%s. Play goes on, episodes are kept meanwhile, and no checkpoint is written", error)

    def write(self, patience_s: float) -> int:
        """Write all that waits; returns how many episodes that were. Raises HistoryLockedError after `patience_s`."""
        written = 0
        while self._waiting:
            run_id, record = self._waiting[0]
            self._store.commit_episode(run_id, record, patience_s, self.gives_up)
            self._waiting.popleft()
            written += 1
        if self._is_said:
            self._is_said = False
            log.warning("%s is free again; %d episodes that were kept are recorded", self._store.path, written)
        return written
