"""The way of a game's story from what is true now: what has to be done before the next milestone can be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.game.facts import MAIN_AREA
from core.game.story.deeds import Fact, Operator, StoryDeeds
from core.game.story.goals import goals_of
from core.game.story.present import PresentFacts
from core.game.story.relaxed_plan import Holds, Plan, RelaxedPlanner

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.milestones import Milestone
    from core.game.objectives import Objective
    from core.game.state import GameState

MOST_KNOWN: Final = 64
"""Answers kept; a plan takes tens of milliseconds, and most questions are asked again."""

MOST_GAMES: Final = 8
"""Games whose paths are kept."""


@dataclass(frozen=True, slots=True)
class NextDeeds:
    """What can be done now towards a milestone, the planner's choice first; `teaches` are moves to teach.

    `lacks` names what stands in the way where nothing can be done.
    """

    objectives: tuple[Objective, ...] = ()
    teaches: tuple[str, ...] = ()
    lacks: tuple[Fact, ...] = ()


class StoryPath:
    """Plans through the story of one game; shared by its lanes."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._deeds = StoryDeeds(game)
        self._planner = RelaxedPlanner(self._deeds)
        self._present = PresentFacts(game)
        self._known: dict[tuple[object, ...], NextDeeds] = {}

    @staticmethod
    @lru_cache(maxsize=MOST_GAMES)
    def of(game: GameData) -> StoryPath | None:
        """The one path of a game, shared by all who plan in it; None where its data tell no conditions."""
        return StoryPath(game) if game.tells_conditions else None

    def __reduce__(self) -> tuple[Callable[[GameData], StoryPath | None], tuple[GameData]]:
        return StoryPath.of, (self._game,)

    def next_deeds(self, milestone: Milestone, state: GameState, entry: str | None = None) -> NextDeeds:
        """What to do now; `entry` is the key of the exit by which the player came to the map, where it is known."""
        area = MAIN_AREA if entry is None else self._deeds.area_of_entry(state.map_id, entry)
        key = (milestone.id, state.map_id, area, *self._present.signature(state))
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._made(milestone, state, area)
        return self._known[key]

    def _made(self, milestone: Milestone, state: GameState, area: str) -> NextDeeds:
        def holds(fact: Fact) -> bool:
            return self._present.holds(fact, state, area)

        ways = goals_of(self._game, milestone)
        plans = [self._planner.plan(way, holds, state.badge_count) for way in ways]
        possible = [plan for plan in plans if not plan.lacks]
        if not possible:
            return NextDeeds(lacks=min((plan.lacks for plan in plans), key=len, default=()))
        plan = min(possible, key=lambda one: one.cost)
        ready = (*plan.ready, *self._alternatives(plan, ways, holds))
        objectives = tuple(dict.fromkeys(one.objective for one in ready if one.objective is not None))
        return NextDeeds(objectives, tuple(one.teaches for one in plan.ready if one.teaches is not None))

    def _alternatives(self, plan: Plan, ways: tuple[tuple[Fact, ...], ...], holds: Holds) -> list[Operator]:
        """Other deeds that end in the milestone itself and that nothing but a walk lies before."""
        if not any(fact in action.adds for action in plan.ready for way in ways for fact in way):
            return []
        adding = (action for way in ways for fact in way for action in self._deeds.adding.get(fact, ()))
        return [
            action
            for action in adding
            if not action.is_passage and all(need.kind in ("at", "in") or holds(need) for need in action.needs)
        ]
