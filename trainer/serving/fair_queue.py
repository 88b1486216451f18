"""A bounded queue for many clients: the next one served is the client that has had the least for its share.

Start-time fair queueing (Goyal, Vin and Cheng 1996) with requests of equal cost: each client has a clock that advances
by 1 / share with every request served, and the client whose clock is furthest behind comes next. So a flood from one
client delays the others by at most one request each; an idle client gets no credit for its idle time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.exceptions import ConfigurationError, QueueFullError

Item = TypeVar("Item")


@dataclass(slots=True)
class _Line(Generic[Item]):
    share: float = 1.0
    clock: float = 0.0
    waiting: deque[Item] = field(default_factory=deque)


class FairQueue(Generic[Item]):
    """Items wait in one line per client.

    Args:
        max_waiting: most items in all lines together.
        max_waiting_per_client: most items in one line.
    """

    def __init__(self, max_waiting: int, max_waiting_per_client: int) -> None:
        for name, bound in (("max_waiting", max_waiting), ("max_waiting_per_client", max_waiting_per_client)):
            if bound < 1:
                raise ConfigurationError(f"{name} is {bound}; it must be at least 1")
        self._max_waiting = max_waiting
        self._max_waiting_per_client = max_waiting_per_client
        self._lines: dict[str, _Line[Item]] = {}
        self._now = 0.0
        """Clock of the client served last."""

    def __len__(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    @property
    def waiting(self) -> dict[str, int]:
        """Items in each client's line."""
        return {client: len(line.waiting) for client, line in self._lines.items()}

    def set_share(self, client: str, share: float) -> None:
        """Serve a client `share` times as often as one with share 1 while both have items."""
        if not share > 0:
            raise ConfigurationError(f"the share of {client} is {share}; it must be above 0")
        self._line(client).share = share

    def share_of(self, client: str) -> float:
        """The client's share; 1.0 unless it was set."""
        return self._line(client).share

    def push(self, client: str, item: Item) -> None:
        """Put an item into a client's line. `QueueFullError` when that line or the whole queue is full."""
        line = self._line(client)
        if len(line.waiting) >= self._max_waiting_per_client:
            raise QueueFullError(f"{len(line.waiting)} requests of {client!r} wait already; wait for some of them")
        if len(self) >= self._max_waiting:
            raise QueueFullError(f"{len(self)} requests wait already; try again later")
        if not line.waiting:
            line.clock = max(line.clock, self._now)
        line.waiting.append(item)

    def push_back(self, client: str, item: Item) -> None:
        """Return an item that was taken but not served to the head of its line; never refused."""
        line = self._line(client)
        line.waiting.appendleft(item)
        line.clock -= 1.0 / line.share

    def pop(self, can_serve: Callable[[Item], bool]) -> tuple[str, Item] | None:
        """The next client and item, among the heads of lines that can be served now; None if there is none."""
        ready = [
            (line.clock, client) for client, line in self._lines.items() if line.waiting and can_serve(line.waiting[0])
        ]
        if not ready:
            return None
        clock, client = min(ready)
        line = self._lines[client]
        self._now = max(self._now, clock)
        line.clock += 1.0 / line.share
        return client, line.waiting.popleft()

    def any(self, wanted: Callable[[Item], bool]) -> bool:
        """Whether an item waits that is wanted."""
        return any(wanted(item) for line in self._lines.values() for item in line.waiting)

    def drop(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Remove and return all items that are no longer wanted."""
        dropped: list[Item] = []
        for line in self._lines.values():
            dropped += [item for item in line.waiting if unwanted(item)]
            line.waiting = deque(item for item in line.waiting if not unwanted(item))
        return dropped

    def _line(self, client: str) -> _Line[Item]:
        return self._lines.setdefault(client, _Line())
