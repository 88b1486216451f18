"""Notices, while it happens, that an actor goes round in circles: the same free state again and again without progress.

The record's loops (`core/history/loops.py`) are another measure: found in hindsight, from the first return on.
"""

from __future__ import annotations

from collections import deque

WINDOW_STEPS = 100
"""How far back a repetition counts."""
REPETITIONS = 4
"""The same state this often within the window, without progress, is a loop."""


class LoopDetector:
    """One lane's memory of recent state hashes.

    Only states in which the player is free to act are shown to it: a text that scrolls or a battle that animates
    repeats its state for good reason.
    """

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=WINDOW_STEPS)
        self._counts: dict[int, int] = {}
        self.circling_steps = 0
        """Steps so far at which it found a loop."""
        self.steps = 0
        """Steps shown so far."""

    def notice(self, state_hash: int) -> bool:
        """Adds a step; True when its state is in a loop."""
        if len(self._recent) == WINDOW_STEPS:
            oldest = self._recent[0]
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]
        self._recent.append(state_hash)
        count = self._counts.get(state_hash, 0) + 1
        self._counts[state_hash] = count
        self.steps += 1
        looping = count >= REPETITIONS
        self.circling_steps += looping
        return looping

    def progress(self) -> None:
        """Something was achieved: earlier visits do not count any more."""
        self._recent.clear()
        self._counts.clear()
