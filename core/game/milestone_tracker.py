"""Which milestones one game has reached: the predicates of `core.game.milestones`, latched once they were true."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from core import exceptions
from core.game.game_data import GameData
from core.game.milestones import Milestone
from core.game.possessions import Possessions
from core.game.state import GameState


class MilestoneTracker:
    """Which milestones one game has reached. Latched: what was reached stays reached until `reset`."""

    def __init__(self, game: GameData, final: str | None = None) -> None:
        """`final` is the id of the milestone that ends a game as won: the last required one if None.

        Raises `core.exceptions.ConfigurationError` for an id that is not in the list.
        """
        self.milestones = milestones = game.milestones
        reads = {index for milestone in milestones for condition in milestone.conditions for index in condition.reads}
        elsewhere = sorted(index for index in reads if index not in game.possession_places)
        place = game.layout.index("wMapGroup"), game.layout.index("wMapNumber")
        self._watched = itemgetter(*place, *elsewhere)
        self._seen: tuple[int, ...] | None = None
        self._seen_possessions: Possessions | None = None
        """What the last update looked at: while neither has changed, no milestone can have been reached."""
        self._open: list[Milestone] = list(milestones)
        self.next = self._first_required()
        """The first milestone of the list that is neither reached nor optional; None at the end of the game."""
        self._was_false: set[str] = set()
        self._places = {milestone.id: place for place, milestone in enumerate(milestones)}
        required = [milestone.id for milestone in milestones if not milestone.optional]
        final = final or (required[-1] if required else None)
        if final is not None and final not in self._places:
            raise exceptions.ConfigurationError(
                f"no milestone is called {final!r}; this game has {', '.join(self._places)}"
            )
        self._last = None if final is None else self._places[final]
        self.reached: tuple[str, ...] = ()
        """Ids in the order of reaching."""
        self.reached_flags: NDArray[np.bool_] = np.zeros(len(milestones), dtype=np.bool_)
        """The same as one bool per milestone of the list."""

    @property
    def finished(self) -> bool:
        """Whether the final milestone is reached."""
        return self._last is not None and bool(self.reached_flags[self._last])

    def reset(self) -> None:
        """Forget everything: another game begins."""
        self._seen = None
        self._open = list(self.milestones)
        self.next = self._first_required()
        self._was_false.clear()
        self.reached = ()
        self.reached_flags[:] = False

    def restore(self, ids: Iterable[str]) -> None:
        """Latch what an earlier part of this game had reached; `ValueError` for an id that is not in the list."""
        new = [identifier for identifier in ids if identifier not in self.reached]
        if unknown := [identifier for identifier in new if identifier not in self._places]:
            raise ValueError(f"{unknown[0]!r} is no milestone of this game")
        self.reached += tuple(new)
        self.reached_flags[[self._places[identifier] for identifier in new]] = True
        self._open = [milestone for milestone in self._open if milestone.id not in self.reached]
        self.next = self._first_required()
        self._seen = None

    def update(self, state: GameState) -> tuple[str, ...]:
        """Look at a state; the ids reached just now, in the order of the list."""
        data = state.snapshot.data
        watched, possessions = self._watched(data), state.possessions
        if watched == self._seen and possessions is self._seen_possessions:
            return ()
        self._seen, self._seen_possessions = watched, possessions
        new = [milestone for milestone in self._open if self._counts(milestone, data)]
        if not new:
            return ()
        ids = tuple(milestone.id for milestone in new)
        self.reached += ids
        self.reached_flags[[self._places[identifier] for identifier in ids]] = True
        self._seen = None  # look once more: what waits for one of these starts to count now
        self._open = [milestone for milestone in self._open if milestone.id not in ids]
        self.next = self._first_required()
        return ids

    def _first_required(self) -> Milestone | None:
        return next((milestone for milestone in self._open if not milestone.optional), None)

    def _counts(self, milestone: Milestone, data: bytes) -> bool:
        holds = milestone.holds(data)
        if milestone.only_after is None:
            return holds
        if milestone.only_after not in self.reached:
            return False
        if not holds:
            self._was_false.add(milestone.id)
            return False
        return milestone.id in self._was_false
