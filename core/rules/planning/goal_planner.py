"""The documented planner: what to work toward now. Without a game it plans nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.game.milestones import next_milestone
from core.navigation.travel import WorldGraph
from core.rules.planning.goals import PlannedGoal
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.story_planner import StoryPlanner

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.milestones import Milestone
    from core.game.state import GameState


class GoalOrientedPlanner:
    """Documented planner. Without a game it plans nothing; with one it serves any number of lanes.

    Args:
        game: the maps and rule book of the game.
        milestones: the story in order.
        graph: the game's doors, shared with the travellers; built from `game` when not given.
    """

    def __init__(
        self, game: GameData | None = None, milestones: Sequence[Milestone] = (), graph: WorldGraph | None = None
    ) -> None:
        self.milestones = tuple(milestones)
        self._planner = None if game is None else StoryPlanner(game, self.milestones, graph or WorldGraph(game))

    def goals(
        self, state: GameState, reached: Collection[str], memory: LaneMemory, seed: int = 0
    ) -> tuple[PlannedGoal, ...]:
        """All goals now, most urgent first. `reached` are milestone ids, `seed` settles free choices (the starter)."""
        return () if self._planner is None else self._planner.goals(state, reached, memory, seed)

    def current_goal(
        self, state: GameState, reached: Collection[str], memory: LaneMemory | None = None
    ) -> PlannedGoal | None:
        """The most urgent goal, or None when there is nothing to plan for."""
        return next(iter(self.goals(state, reached, memory or LaneMemory())), None)

    def next_milestone(self, reached: Collection[str]) -> Milestone | None:
        """The first required milestone that is neither reached nor behind the player; None at the end."""
        return next_milestone(self.milestones, reached)
