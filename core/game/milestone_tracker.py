"""Which milestones one game has reached: the predicates of `core.game.milestones`, latched once they were true.

A game may begin anywhere, from any save. The first look at it latches also what is over without a trace, so that
everybody who asks what is reached and what is next (planner, goal directions, prompts, curriculum) asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core import exceptions
from core.game.game_data import GameData
from core.game.milestones import Milestone, milestones_behind, next_milestone
from core.game.possessions import PossessionPlaces, Possessions
from core.game.state import GameState

_ELSEWHERE: Final = 1
_BAG: Final = 2
_CREATURES: Final = 4
_ALL: Final = 7
"""Parts of a snapshot that milestones read, as bits: the two stretches of `Possessions`, and the rest."""


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
        """What the last update looked at: only a milestone that reads what has changed can have been reached."""
        self._parts = {milestone.id: _parts_of(milestone, game.possession_places) for milestone in milestones}
        self._open: list[Milestone] = list(milestones)
        self._has_looked = False
        self.reached: tuple[str, ...] = ()
        """Ids in the order of reaching; what lay behind the player at the first look comes first."""
        self.next = next_milestone(milestones, self.reached)
        """The first required milestone that is neither reached nor behind the player; None at the end of the game."""
        self._was_false: set[str] = set()
        self._places = {milestone.id: place for place, milestone in enumerate(milestones)}
        required = [milestone.id for milestone in milestones if not milestone.optional]
        final = final or (required[-1] if required else None)
        if final is not None and final not in self._places:
            raise exceptions.ConfigurationError(
                f"no milestone is called {final!r}; this game has {', '.join(self._places)}"
            )
        self._last = None if final is None else self._places[final]
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
        self._has_looked = False
        self._was_false.clear()
        self.reached = ()
        self.reached_flags[:] = False
        self.next = next_milestone(self.milestones, self.reached)

    def restore(self, ids: Iterable[str]) -> None:
        """Latch what an earlier part of this game had reached; `ValueError` for an id that is not in the list."""
        new = [identifier for identifier in ids if identifier not in self.reached]
        if unknown := [identifier for identifier in new if identifier not in self._places]:
            raise ValueError(f"{unknown[0]!r} is no milestone of this game")
        self._latch(new)

    def update(self, state: GameState) -> tuple[str, ...]:
        """Look at a state; the ids reached just now, in the order of the list, without those found to lie behind."""
        data = state.snapshot.data
        watched, possessions = self._watched(data), state.possessions
        changed = self._changed(watched, possessions)
        if not changed:
            return ()
        self._seen, self._seen_possessions = watched, possessions
        parts = self._parts
        ids = [one.id for one in self._open if parts[one.id] & changed and self._counts(one, data)]
        if not self._has_looked:
            self._has_looked = True
            self._latch(self._behind_at_first(data, ids))
        if not ids:
            return ()
        self._latch(ids)
        return tuple(ids)

    def _changed(self, watched: tuple[int, ...], possessions: Possessions) -> int:
        """The parts that differ from what the last update looked at."""
        before = self._seen_possessions
        if self._seen is None or before is None:
            return _ALL
        changed = _ELSEWHERE if watched != self._seen else 0
        if possessions is not before:
            changed |= _BAG if possessions.bag != before.bag else 0
            changed |= _CREATURES if possessions.creatures != before.creatures else 0
        return changed

    def _behind_at_first(self, data: bytes, true_now: list[str]) -> list[str]:
        """What is over in a game that one looks at for the first time, though nothing in it says so.

        A milestone that has to wait for another one, and whose conditions are true long after that one, has been
        reached: nobody was there to see them false in between.
        """
        known = {*self.reached, *true_now}
        for milestone in self._open:
            if milestone.only_after in known and milestone.holds(data):
                known.add(milestone.id)
        known.update(milestone.id for milestone in milestones_behind(self.milestones, known, by_places=True))
        return [one.id for one in self._open if one.id in known and one.id not in true_now]

    def _latch(self, ids: Sequence[str]) -> None:
        self.reached += tuple(ids)
        self.reached_flags[[self._places[identifier] for identifier in ids]] = True
        self._open = [milestone for milestone in self._open if milestone.id not in ids]
        self.next = next_milestone(self.milestones, self.reached)
        self._seen = None  # look once more: what waits for one of these starts to count now

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


def _parts_of(milestone: Milestone, places: PossessionPlaces) -> int:
    parts = 0
    for condition in milestone.conditions:
        for index in condition.reads:
            is_bag, is_creature = (one.start <= index < one.stop for one in (places.bag, places.creatures))
            parts |= is_bag * _BAG | is_creature * _CREATURES | (not (is_bag or is_creature)) * _ELSEWHERE
        if condition.map is not None or not condition.reads:
            parts |= _ELSEWHERE
    return parts
