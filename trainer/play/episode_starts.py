"""Which start each lane plays, so that a resumed run plays the very games that the killed one had begun."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any


class EpisodeStarts:
    """Starts are counted from 0 over the whole run; each is played to its end exactly once, in some lane."""

    def __init__(self) -> None:
        self._next = 0
        self._again: deque[int] = deque()
        """Starts that were under way when the run stopped."""
        self._running: dict[int, int] = {}

    def take(self, lane: int) -> int:
        """The start that the lane plays next."""
        if self._again:
            start = self._again.popleft()
        else:
            start, self._next = self._next, self._next + 1
        self._running[lane] = start
        return start

    def running(self, lane: int) -> int:
        """The start that the lane is playing."""
        return self._running[lane]

    def finish(self, lane: int) -> None:
        """The lane's episode has ended and counts."""
        del self._running[lane]

    def drop_running(self) -> None:
        """All lanes stop here; what they were playing is played again, in the same order."""
        self._again.extendleft(sorted(self._running.values(), reverse=True))
        self._running.clear()

    def state_dict(self) -> dict[str, Any]:
        """JSON-able; running episodes count as not played."""
        return {"next": self._next, "again": sorted(self._running.values()) + list(self._again)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self._next = state["next"]
        self._again = deque(map(int, state["again"]))
        self._running = {}
