"""Who carries a lane's option out: the teacher or the heads, from its beginning to its end.

Control is not tossed at every step. A policy that never holds the controls for long never meets its own mistakes, and a
teacher's label is worth something only while it knows what is going on. So whoever gets an option holds it until it is
over (Uchendu 2022, "jump-start RL", with options as segments). Heads that go in circles give theirs back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.vocabulary import Option

MOST_HELD_STEPS = 256
"""Then the heads give an option back to the teacher, or choose anew: nothing that is done well takes so long."""


@dataclass(slots=True)
class Holding:
    """One lane's."""

    heads: bool = False
    """The heads press; else the teacher does."""
    heads_next: bool = False
    """The heads get the next option, and choose it."""
    strays: bool = False
    """Some presses of this game are random."""
    _option: Option | None = field(default=None, repr=False)
    _steps: int = 0
    _interrupted: tuple[Option, bool] | None = field(default=None, repr=False)

    def begin_game(self, teacher_share: float, straying_games: float, dice: np.random.Generator) -> None:
        """Another game: nobody holds anything."""
        self.heads, self._option, self._steps, self._interrupted = False, None, 0, None
        self.heads_next = _toss_for_heads(teacher_share, dice)
        self.strays = straying_games > 0.0 and bool(dice.random() < straying_games)

    def take(self, option: Option | None, in_overworld: bool, teacher_share: float, dice: np.random.Generator) -> None:
        """The option under way now. A new one goes to whoever was to get it; one that was interrupted by a fight or a
        text goes on with whoever had it."""
        if option is self._option:
            self._steps += 1
            if self._steps > MOST_HELD_STEPS:
                self.heads = False
            return
        known = self._interrupted
        if not in_overworld and known is None and self._option is not None:
            self._interrupted = (self._option, self.heads)
        if known is not None and option is known[0]:
            self.heads, self._interrupted = known[1], None
        else:
            if in_overworld:
                self._interrupted = None
            self.heads = self.heads_next
            self.heads_next = _toss_for_heads(teacher_share, dice)
        self._option, self._steps = option, 0

    def is_new(self, option: Option | None) -> bool:
        """Whether somebody is about to get this option: it is not under way, and was not before an interruption."""
        known = self._interrupted
        return option is not self._option and (known is None or option is not known[0])

    @property
    def is_spent(self) -> bool:
        """Whether the option under way has been held for as long as one is."""
        return self._steps >= MOST_HELD_STEPS

    def release(self) -> None:
        """Nobody holds the option any more: the next one is new, even if it is the same."""
        self._option, self._steps = None, 0

    def give_back(self) -> None:
        """The heads go in circles: the teacher carries the option out."""
        self.heads = False


def _toss_for_heads(teacher_share: float, dice: np.random.Generator) -> bool:
    """Where nothing is open, no dice are used."""
    return dice.random() >= teacher_share if 0.0 < teacher_share < 1.0 else teacher_share <= 0.0
