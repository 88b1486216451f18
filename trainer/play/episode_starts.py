"""Which start each lane plays, so that a resumed run plays the very games that the killed one had begun.

Where lanes are in the hands of workers that play side by side, each worker gets starts of its own for a stretch of play
(`share_out`): which ones depends on what was played before, never on who is fast. What a worker had no use for is
given out again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any


@dataclass(frozen=True, slots=True)
class StartSupply:
    """The starts of one worker, in the order in which it takes them."""

    again: tuple[int, ...]
    """These first."""
    first: int
    """Then this one, and so on without end."""
    stride: int

    def __iter__(self) -> Iterator[int]:
        return chain(self.again, count(self.first, self.stride))

    def __contains__(self, start: int) -> bool:
        return start in self.again or (start >= self.first and (start - self.first) % self.stride == 0)

    def before(self, start: int) -> set[int]:
        """What of it is to be played again, or lies before a start."""
        return {*self.again, *range(self.first, start, self.stride)}


class EpisodeStarts:
    """Starts are counted from 0 over the whole run; each is played to its end exactly once, in some lane."""

    def __init__(self) -> None:
        self._next = 0
        self._again: deque[int] = deque()
        """Starts that were under way when the run stopped, or that nobody had use for."""
        self._running: dict[int, int] = {}
        self._given_out: set[int] = set()
        """Starts that workers have taken and that do not count yet."""
        self._supplies: dict[int, StartSupply] = {}
        """Given out last, by worker."""
        self._unsettled: dict[int, StartSupply] = {}
        """Of workers that are late: what they have taken is not known yet."""

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

    def share_out(self, workers: int) -> list[StartSupply | None]:
        """What each of so many workers may take until `settle`; None for those who have not settled their last."""
        on_time = [worker for worker in range(workers) if worker not in self._unsettled]
        free = (
            start
            for start in count(self._next)
            if not any((start - supply.first) % workers == 0 for supply in self._unsettled.values())
        )
        again = tuple(self._again)
        self._supplies = {
            worker: StartSupply(again[place :: len(on_time)], first, workers)
            for place, (worker, first) in enumerate(zip(on_time, free, strict=False))
        }
        return [self._supplies.get(worker) for worker in range(workers)]

    def settle(self, taken: Sequence[Sequence[int] | None]) -> None:
        """What each worker has taken of its supply; None of one that is still playing, whose supply stays its own. What
        lies before the last of them is given out first next time."""
        new = {start for starts in taken if starts is not None for start in starts} - self._given_out
        following = max([self._next, *(start + 1 for start in new)])
        left = set(self._again) | set(range(self._next, following))
        for worker, starts in enumerate(taken):
            if starts is None and worker not in self._unsettled:
                self._unsettled[worker] = self._supplies[worker]
            elif starts is not None and worker in self._unsettled:
                left |= self._unsettled.pop(worker).before(following)
        left = {one for one in left - new if not any(one in supply for supply in self._unsettled.values())}
        self._again, self._next = deque(sorted(left)), following
        self._given_out |= new

    def finish_start(self, start: int) -> None:
        """The episode that a worker began with this start has ended and counts."""
        self._given_out.remove(start)

    def drop_running(self) -> None:
        """All lanes stop here; what they were playing is played again, in the same order."""
        self._again = deque(self._left())
        self._running.clear()
        self._given_out.clear()
        self._unsettled.clear()

    def state_dict(self) -> dict[str, Any]:
        """JSON-able; running episodes count as not played."""
        return {"next": self._next, "again": self._left()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self._next = state["next"]
        self._again = deque(map(int, state["again"]))
        self._running = {}
        self._given_out = set()
        self._unsettled = {}

    def _left(self) -> list[int]:
        late = {start for supply in self._unsettled.values() for start in supply.before(self._next)}
        return sorted({*self._running.values(), *self._given_out, *late}) + list(self._again)
