"""What one lane has seen and tried in this episode: fog of war, visited maps, choices and their results.

It watches states only, so it does not matter who acts. The result of a choice is what changed until the next choice: a
new place, a milestone, a level, a creature, a lost battle, or nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from core.game.collision import CROP_COLUMNS, CROP_ROWS, PLAYER_COLUMN, PLAYER_ROW
from core.game.milestone_tracker import MilestoneTracker
from core.vocabulary import GameMode, MapId, Position

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.milestones import Milestone
    from core.game.state import GameState

RESULTS_KEPT: Final = 5
STALL_CHOICES: Final = 6
"""So many choices without a result since the last milestone are a stall."""
STALE_TRIES: Final = 2
"""So often in vain, and one of the latest choices, and an option is stale."""
_UNDER_WAY: Final = frozenset((GameMode.BATTLE, GameMode.MENU, GameMode.DIALOG, GameMode.CUTSCENE))


@dataclass(frozen=True, slots=True)
class Result:
    """A choice and its result, in words."""

    choice: str
    outcome: str
    """Empty when nothing changed."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """The parts of a state that are compared to find what changed."""

    map: MapId
    milestones: int
    badges: int
    levels: int
    creatures: int
    things: int
    """Items, balls and key items in the bag."""
    health: float

    def gained_since(self, before: _Mark) -> bool:
        """Whether more has changed than the place and the party's health."""
        return any(
            getattr(self, name) != getattr(before, name)
            for name in ("milestones", "badges", "levels", "creatures", "things")
        )


class LaneJournal:
    """The notes of one lane; `reset` at the start of an episode, `see` at every step."""

    def __init__(self, game: GameData) -> None:
        self._tracker = MilestoneTracker(game)
        self._names = {milestone.id: milestone.name for milestone in game.milestones}
        self.reset()

    def reset(self) -> None:
        """A new episode: nothing seen, nothing tried."""
        self._tracker.reset()
        self._seen: dict[MapId, NDArray[np.bool_]] = {}
        self._last_position: Position | None = None
        self._choice: tuple[str, _Mark] | None = None
        self._vain: Counter[str] = Counter()
        self._ways: set[tuple[str, MapId]] = set()
        """Choices and the maps that they led to, since something was gained."""
        self._has_reflected = False
        self.results: deque[Result] = deque(maxlen=RESULTS_KEPT)
        """The latest choices and their results, oldest first."""
        self.visited: dict[MapId, None] = {}
        """Maps in the order of first visit."""

    @property
    def goal(self) -> str:
        """What to do for the next milestone, or an empty string at the end of the story."""
        following = self._tracker.next
        return following.goal if following is not None else ""

    @property
    def next_milestone(self) -> Milestone | None:
        """The milestone that is due; None at the end of the story."""
        return self._tracker.next

    @property
    def milestones_reached(self) -> tuple[str, ...]:
        """Names, in the order in which they were reached."""
        return tuple(self._names[reached] for reached in self._tracker.reached)

    @property
    def vain(self) -> tuple[tuple[str, int], ...]:
        """Choices without a result since the last milestone, and how often each was made."""
        return tuple(self._vain.items())

    @property
    def stale(self) -> frozenset[str]:
        """Choices of late that have come to nothing again and again; others come first for a while."""
        return frozenset(one.choice for one in self.results if self._vain[one.choice] >= STALE_TRIES)

    @property
    def stalls(self) -> bool:
        """Whether nothing comes of what is chosen, and nobody has thought about it since the last milestone."""
        return not self._has_reflected and self._vain.total() >= STALL_CHOICES

    def reflected(self) -> None:
        """Somebody has thought about the present stall."""
        self._has_reflected = True

    def see(self, state: GameState) -> None:
        """Look at a state: under a microsecond while the player stands still."""
        if state.mode is not GameMode.FREE and state.mode is not GameMode.WALKING:
            if self._last_position is None and state.mode in _UNDER_WAY:
                self._tracker.update(state)  # a game may begin in a fight; its goal is asked for there
            return
        position = state.position
        if position == self._last_position:
            return
        self._last_position = position
        self._tracker.update(state)
        self.visited.setdefault(position.map)
        width, height = state.map_size_steps
        seen = self._seen.get(position.map)
        if seen is None or seen.shape != (height, width):
            seen = self._seen[position.map] = np.zeros((height, width), dtype=np.bool_)
        top, left = max(0, position.y - PLAYER_ROW), max(0, position.x - PLAYER_COLUMN)
        seen[
            top : max(0, position.y - PLAYER_ROW + CROP_ROWS), left : max(0, position.x - PLAYER_COLUMN + CROP_COLUMNS)
        ] = True

    def seen(self, map_id: MapId) -> NDArray[np.bool_] | None:
        """Which steps of a map have been on screen, bool (height, width); None for a map never visited."""
        return self._seen.get(map_id)

    def chose(self, label: str, state: GameState) -> None:
        """Note a choice by its words; this settles the result of the choice before.

        Only choices of where to go and what to do there count: a move in battle or reading on has no result here. Nor
        has a way that the same choice has led before, if nothing was gained between: who goes to and fro gets nowhere.
        """
        if state.mode is not GameMode.FREE:
            return
        mark = self._mark(state)
        if self._choice is not None:
            earlier, before = self._choice
            outcome = self._difference(before, mark, state)
            self.results.append(Result(earlier, outcome))
            if mark.gained_since(before):
                self._ways.clear()
            way = (earlier, mark.map)
            again = way in self._ways and outcome == self._arrival(mark, state)
            self._ways.add(way)
            if outcome and not again:
                self._vain.pop(earlier, None)
            else:
                self._vain[earlier] += 1
            if mark.milestones != before.milestones:
                self._vain.clear()
                self._has_reflected = False
        self._choice = (label, mark)

    def _mark(self, state: GameState) -> _Mark:
        self._tracker.update(state)
        party = state.party
        return _Mark(
            map=state.map_id,
            milestones=len(self._tracker.reached),
            badges=state.badge_count,
            levels=sum(member.level for member in party),
            creatures=len(party),
            things=sum(slot.quantity for slot in (*state.items, *state.balls, *state.key_items)),
            health=round(state.party_hp_fraction, 1),
        )

    @staticmethod
    def _arrival(now: _Mark, state: GameState) -> str:
        return f"came to {state.game.map_name(now.map)}"

    def _difference(self, before: _Mark, now: _Mark, state: GameState) -> str:
        news = [f"milestone {self._names[one]}" for one in self._tracker.reached[before.milestones :]]
        if now.badges > before.badges:
            news.append("a badge")
        if now.creatures > before.creatures:
            news.append("a new creature")
        elif now.levels > before.levels:
            news.append(f"{now.levels - before.levels} level up")
        if now.things > before.things:
            news.append("a thing found")
        if (
            state.lost_last_battle
            and state.mode is GameMode.FREE
            and now.map != before.map
            and now.health > before.health
        ):
            news.append("a lost battle")
        if now.map != before.map:
            news.append(self._arrival(now, state))
        if now.health >= before.health + 0.2:
            news.append("party rested")
        elif now.health <= before.health - 0.2:
            news.append("party hurt")
        return ", ".join(news)
