"""Who is waited for, and how long: workers that are much slower than the others do not hold them up without end."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from trainer.fleet.messages import Task

LEAST_PATIENCE_S: Final = 1.0
"""Everybody is waited for so much longer: a moment on a busy machine makes nobody a straggler in short jobs."""
log = logging.getLogger(__name__)


class Stragglers:
    """Of one play. Times are those that the driver has waited for a worker while that had no question open."""

    def __init__(self, patience: float | None, workers: int, play: int) -> None:
        """`patience` in medians of the times of those who are done; None waits for all."""
        self._patience = patience
        self._workers = workers
        self._play = play
        self._waited_s: defaultdict[int, float] = defaultdict(float)
        self._done_s: list[float] = []

    def wait(self, numbers: Iterable[int], waited_s: float) -> None:
        """These workers were waited for."""
        for number in numbers:
            self._waited_s[number] += waited_s

    def finish(self, number: int) -> None:
        """A worker is done."""
        self._done_s.append(self._waited_s[number])

    def are_left(self, playing: Mapping[int, Task]) -> bool:
        """Whether nobody is waited for any longer."""
        return all(self._is_late(number, task) for number, task in playing.items())

    def tell(self, number: int, task: Task, name: str) -> None:
        """Says of one that is left behind that it is, once."""
        if task.number < self._play:
            return
        log.warning(
            "%s is not done after %.1f s, the others took %.1f s (median): they go on without it, and it comes in "
            "later. From here on the run depends on how fast its workers are",
            *(name, self._waited_s[number], median(self._done_s)),
        )

    def _is_late(self, number: int, task: Task) -> bool:
        if self._patience is None or 2 * len(self._done_s) < self._workers:
            return False
        bound_s = self._patience * median(self._done_s) + LEAST_PATIENCE_S
        return task.number < self._play or self._waited_s[number] > bound_s
