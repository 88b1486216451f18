"""Presses that lead nowhere: those that changed nothing here, and those that led back here again and again.

A policy that draws from a fixed distribution stays for ever in a state whose likeliest press does nothing: the wrong
pocket of a bag, a wall, an answer that is refused and asked for again. So a press that left the state as it was is
barred for `VAIN_STEPS` steps, and one that was pressed `MOST_REPEATS` times in the same state within `WINDOW_STEPS`
steps, whatever it did, is barred until some of that is past. Where the game is busy (NONE is allowed) nothing is
barred: waiting repeats itself for good reason. Both hold in every mode of the game.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.agent.loop_detector import LoopDetector
from core.vocabulary import ACTION_COUNT, Button

VAIN_STEPS = 12
"""So long a press that changed nothing is barred in that state."""
WINDOW_STEPS = 100
"""How far back a press counts as repeated."""
MOST_REPEATS = 10
"""The same press in the same state so often within the window: barred."""

_Pair = tuple[int, int]
"""State hash and press."""


@dataclass(frozen=True, slots=True, eq=False)
class Repetition:
    """What is known at one step about presses that lead nowhere."""

    barred: NDArray[np.bool_]
    """(actions,): presses that were in vain here, or were made here too often."""
    mask: NDArray[np.bool_]
    """(actions,): what is allowed and not barred; all that is allowed where everything is barred."""
    looping: bool
    """The state itself comes back again and again (`LoopDetector`)."""


class RepeatedPresses:
    """One lane's memory of what it pressed where. Call `look` before each press and `pressed` with it."""

    def __init__(self) -> None:
        self.loops = LoopDetector()
        self.longest_stay = 0
        """Most steps of this episode, within one window, with the same press in the same state."""
        self.reset()

    def reset(self) -> None:
        """A new episode begins."""
        self._step = 0
        self._state_hash, self._busy = 0, True
        """Of the state that was looked at last."""
        self._pressed: _Pair | None = None
        """The last press, while it is not known what it did. None after steps in which the game was busy."""
        self._vain: dict[_Pair, int] = {}
        """The step at which each press was last seen to change nothing."""
        self._recent: deque[_Pair | None] = deque(maxlen=WINDOW_STEPS)
        self._counts: dict[_Pair, int] = {}
        self._marked: set[int] = set()
        """States in which a press was seen to change nothing, or was made again and again; no other bars any."""
        self.longest_stay = 0
        self.loops.progress()

    def progress(self) -> None:
        """Something was achieved: earlier visits of a state do not count as a loop any more."""
        self.loops.progress()

    def look(self, state_hash: int, mask: NDArray[np.bool_], watches: bool = True) -> Repetition:
        """What the presses so far say about the state in which is pressed next; `mask` says what is allowed.

        Without `watches` the state does not count as one that comes back, and is never `looping`.
        """
        self._step += 1
        last, self._pressed = self._pressed, None
        if last is not None and last[0] == state_hash:
            self._vain[last] = self._step
            self._marked.add(state_hash)
        self._state_hash, self._busy = state_hash, bool(mask[Button.NONE])
        barred = np.zeros(ACTION_COUNT, dtype=np.bool_)
        if self._busy:
            return Repetition(barred, mask, looping=False)
        if state_hash not in self._marked:
            return Repetition(barred, mask, looping=watches and self.loops.notice(state_hash))
        for press in range(ACTION_COUNT):
            pair = (state_hash, press)
            vain = self._step - self._vain.get(pair, -VAIN_STEPS - 1) <= VAIN_STEPS
            barred[press] = vain or self._counts.get(pair, 0) >= MOST_REPEATS
        left = mask & ~barred
        looping = watches and self.loops.notice(state_hash)
        return Repetition(barred, left if left.any() else mask, looping)

    def pressed(self, action: int) -> None:
        """What was pressed in the state that `look` was shown last."""
        pair = None if self._busy else (self._state_hash, action)
        if len(self._recent) == WINDOW_STEPS and (oldest := self._recent[0]) is not None:
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]
        self._recent.append(pair)
        self._pressed = pair
        if pair is not None:
            count = self._counts[pair] = self._counts.get(pair, 0) + 1
            self.longest_stay = max(self.longest_stay, count)
            if count >= MOST_REPEATS:
                self._marked.add(pair[0])
