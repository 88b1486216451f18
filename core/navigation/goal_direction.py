"""Where the story goes on from here, as a goal direction: what a player knows who has the town map and the next goal in
mind.

From the atlas and the story alone: the place of what the next milestone wants done now, or the way out of this map that
leads there. What that is tells the same plan that the rules follow, where the game's data say conditions
(`core.game.story`); elsewhere it is whatever brings the milestone about. It knows nothing of walls in between; finding
the way around them is what a policy learns. The answer depends on the present state only, so it is the same after any
history.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from core.game import terrain
from core.game.collision import CollisionMap
from core.game.game_data import GameData
from core.game.milestones import Milestone
from core.game.objectives import Objective
from core.game.state import GameState
from core.game.story.path import StoryPath
from core.game.terrain import GROUND, TALL_GRASS, Ground
from core.navigation.exits import Exit
from core.navigation.travel import CROSSING_COST, WorldGraph
from core.vocabulary import Button, MapId

PLACES_KEPT: Final = 8192
"""Directions kept that depend on nothing but ground, milestone and place."""
_IS_TALL_GRASS: Final = np.isin(np.arange(256), list(TALL_GRASS))


Planned = tuple[Objective, ...] | None
"""What a plan of the story says to do now; None in a game whose data say no conditions."""


class GoalDirection(NamedTuple):
    """The place on this map to make for."""

    x: int
    y: int
    press_a: bool
    """Whether there is somebody or something to press A at; otherwise it is a cell to stand on or a way out."""
    leaves: Button | None
    """The direction in which this edge of the map is left; None for doors and everything else."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What there is to do about a milestone on one map."""

    objects: tuple[int, ...] = ()
    """Map objects to talk to, wherever they stand."""
    cells: tuple[GoalDirection, ...] = ()
    """Places to go to."""
    ways: tuple[tuple[Exit, int], ...] = ()
    """Where nothing of that is at hand: ways out, with the actions that remain after them."""
    to_grass: bool = False
    """Whether wild creatures are wanted and live here."""


class GoalDirections:
    """Directions for one game. Costs a microsecond or two, and a search of the atlas at each first question.

    Where the story is planned it costs ten, and some milliseconds whenever the story or the map has changed.
    """

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._graph = WorldGraph(game)
        self._story = game.objectives
        self._path = StoryPath.of(game)
        self._grounds = tuple(place.id for place in game.maps.values() if place.key in game.wild)
        self._numbers: dict[Planned, int] = {}
        """Of the plans met so far: a small number is looked up faster than what it stands for."""
        self._numbered: tuple[Planned, int] | None = None
        self._last: tuple[GameState, Milestone, Planned] | None = None
        """The last question that was planned for."""
        self._wanted: dict[tuple[str, int], int] = {}
        self._plans: dict[tuple[MapId, str, int], _Plan] = {}
        self._ways: dict[tuple[MapId, MapId], tuple[tuple[Exit, int], ...]] = {}
        self._on_ground: dict[tuple[CollisionMap, MapId, str, int, int, int], GoalDirection | None] = {}

    def goal_direction(self, state: GameState, milestone: Milestone | None) -> GoalDirection | None:
        """Where to go on this map for `milestone`; None when that is unknown or nothing is left to do.

        A milestone that asks for a level leads to the wild creatures.
        """
        if milestone is None:
            return None
        here, x, y = state.position
        planned = self._planned(state, milestone)
        number = self._number(planned)
        plan = self._plans.get((here, milestone.id, number))
        if plan is None:
            plan = self._plans[here, milestone.id, number] = self._plan(here, milestone, planned)
        if plan.objects or plan.cells:
            at_hand = self._at_hand(state, plan)
            if at_hand:
                return min(at_hand, key=lambda place: _steps(state, place.x, place.y))
        if not plan.ways and not plan.to_grass:
            return None
        key = (state.collision, here, milestone.id, number, x, y)  # maps of equal ground share one collision map
        if key not in self._on_ground:
            if len(self._on_ground) >= PLACES_KEPT:
                self._on_ground.clear()
            self._on_ground[key] = self._toward_grass(state) if plan.to_grass else self._toward(state, plan.ways)
        return self._on_ground[key]

    def levels_missing(self, state: GameState, milestone: Milestone | None) -> int:
        """How far the first creature's level is below what the milestone or its trainer asks; 0 if it is not."""
        if milestone is None or not state.party:
            return 0
        planned = self._planned(state, milestone)
        number = self._number(planned)
        wanted = self._wanted.get((milestone.id, number))
        if wanted is None:
            if planned is None:
                levels = [self._trainer_level(objective) for objective in self._story.objectives(milestone)]
            else:
                levels = [self._easiest(planned)]
            wanted = self._wanted[milestone.id, number] = max([self._story.wanted_level(milestone), *levels])
        return max(0, wanted - state.party[0].level)

    def _planned(self, state: GameState, milestone: Milestone) -> Planned:
        """The deeds of the story's plan that can be done now; all that lead to the milestone where there is no plan.

        None where the data say no conditions.
        """
        if self._path is None:
            return None
        last = self._last
        if last is not None and last[0] is state and last[1] is milestone:
            return last[2]
        planned = self._path.next_deeds(milestone, state).objectives or self._story.objectives(milestone)
        self._last = (state, milestone, planned)
        return planned

    def _number(self, planned: Planned) -> int:
        """Equal plans have one number. Plans come as the same object for hundreds of steps."""
        if self._numbered is None or self._numbered[0] is not planned:
            self._numbered = (planned, self._numbers.setdefault(planned, len(self._numbers)))
        return self._numbered[1]

    def _easiest(self, objectives: tuple[Objective, ...]) -> int:
        """The level of the strongest trainer on the map whose trainers are weakest: one map is enough."""
        by_map: dict[MapId, int] = {}
        for one in objectives:
            spoken = (self._game.trainer_levels_by_key.get(key, 0) for key in one.fights)
            by_map[one.map] = max(by_map.get(one.map, 0), self._trainer_level(one), *spoken)
        return min(by_map.values(), default=0)

    def _trainer_level(self, objective: Objective) -> int:
        place = self._game.maps.get(objective.map)
        things = place.objects if place is not None else ()
        for thing in things:
            if thing.id == objective.object_id and thing.trainer_class is not None and thing.trainer_id is not None:
                return self._game.trainer_levels.get((thing.trainer_class, thing.trainer_id), 0)
        return 0

    def _plan(self, here: MapId, milestone: Milestone, planned: Planned) -> _Plan:
        objectives = self._story.objectives(milestone) if planned is None else planned
        if objectives:
            targets = dict.fromkeys(objective.map for objective in objectives)
        elif not self._story.wanted_level(milestone):
            return _Plan()
        elif here in self._grounds:
            return _Plan(to_grass=True)
        else:
            targets = dict.fromkeys(self._grounds)
        ours = [objective for objective in objectives if objective.map == here]
        return _Plan(
            objects=tuple(objective.object_id for objective in ours if objective.object_id is not None),
            cells=tuple(
                GoalDirection(*objective.cell, objective.press_a, None)
                for objective in ours
                if objective.object_id is None and objective.cell is not None
            ),
            ways=tuple(way for target in targets if target != here for way in self._ways_to(here, target)),
        )

    @staticmethod
    def _at_hand(state: GameState, plan: _Plan) -> list[GoalDirection]:
        """Where the objectives of this map are done, people where they stand now."""
        found = (state.object_place(object_id) for object_id in plan.objects)
        return [GoalDirection(*place, True, None) for place in found if place is not None] + list(plan.cells)

    @staticmethod
    def _toward_grass(state: GameState) -> GoalDirection | None:
        """To the nearest tall grass that the player does not stand in."""
        rows, columns = np.nonzero(_IS_TALL_GRASS[state.collision.cells])
        steps = np.abs(columns - state.position.x) + np.abs(rows - state.position.y)
        if not steps.any():
            return None
        nearest = int(np.where(steps == 0, steps.max() + 1, steps).argmin())
        return GoalDirection(int(columns[nearest]), int(rows[nearest]), False, None)

    @staticmethod
    def _toward(state: GameState, ways: tuple[tuple[Exit, int], ...]) -> GoalDirection:
        """The way out of this map with the least left to go, its own distance included."""
        open_ways = [way for way in ways if _may_be_taken(state, way[0])] or ways
        exit_, _ = min(open_ways, key=lambda way: _steps(state, way[0].x, way[0].y) + way[1])
        return _way_out(state, exit_)

    def _ways_to(self, here: MapId, target: MapId) -> tuple[tuple[Exit, int], ...]:
        """The exits of a map from which `target` can be reached, with the actions that remain after them."""
        known = self._ways.get((here, target))
        if known is None:
            found = ((exit_, self._rest(exit_, here, target)) for exit_ in self._graph.exits(here))
            known = self._ways[here, target] = tuple((exit_, rest) for exit_, rest in found if rest is not None)
        return known

    def _rest(self, first: Exit, here: MapId, target: MapId) -> int | None:
        """Actions from the far side of an exit to `target` without coming back; None when there is no way."""
        queue = [(CROSSING_COST, 0, first)]
        seen = {here}
        pushed = 0
        while queue:
            cost, _, came = heapq.heappop(queue)
            if came.to_map == target:
                return cost
            if came.to_map in seen:
                continue
            seen.add(came.to_map)
            for exit_ in self._graph.exits(came.to_map):
                pushed += 1
                walk = abs(exit_.x - came.arrival[0]) + abs(exit_.y - came.arrival[1])
                heapq.heappush(queue, (cost + CROSSING_COST + walk, pushed, exit_))
        return None


def _steps(state: GameState, x: int, y: int) -> int:
    return abs(x - state.position.x) + abs(y - state.position.y)


def _may_be_taken(state: GameState, exit_: Exit) -> bool:
    """Whether the ground of this map does not rule an exit out: a door is one where its cell is a warp."""
    return exit_.edge is not None or state.collision_at(exit_.x, exit_.y) in terrain.WARPS


def _way_out(state: GameState, exit_: Exit) -> GoalDirection:
    """A door's cell, or the nearest cell of an edge from which the player can walk on."""
    if exit_.edge is None:
        return GoalDirection(exit_.x, exit_.y, False, None)
    across = exit_.edge in (Button.UP, Button.DOWN)
    line = [(i, exit_.y) if across else (exit_.x, i) for i in range(exit_.first, exit_.last + 1)]
    open_cells = [cell for cell in line if GROUND[state.collision_at(*cell)] == Ground.LAND]
    x, y = min(open_cells or [(exit_.x, exit_.y)], key=lambda cell: _steps(state, *cell))
    return GoalDirection(x, y, False, exit_.edge)
