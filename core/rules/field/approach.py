"""From which side one talks: most people and signs do not mind, some signs are read from one side only, and who runs
away when spoken to runs where one wants if one comes from the right side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.game.facts import Chase
from core.game.game_data import GameData
from core.game.state import GameState
from core.navigation.map_ground import Cell, MapGround, walking_distances
from core.navigation.pathfinding import Goal, talk_goals
from core.vocabulary import DIRECTION_BUTTONS, Button, MapId

_SIGN_SIDES: Final = {"up": Button.UP, "down": Button.DOWN, "left": Button.LEFT, "right": Button.RIGHT}
"""Kinds of signs that are read while facing one direction only."""


class Approach:
    """The cells to talk from, in one game."""

    def __init__(self, game: GameData) -> None:
        self._sides = {
            (place.id, sign.x, sign.y): _SIGN_SIDES[sign.kind]
            for place in game.maps.values()
            for sign in place.signs
            if sign.kind in _SIGN_SIDES
        }
        self._chases = {
            (place.id, thing.id): thing.chase
            for place in game.maps.values()
            for thing in place.objects
            if thing.chase is not None
        }

    def goals(self, state: GameState, ground: MapGround, object_id: int | None, cell: Cell) -> tuple[Goal, ...]:
        """Where to stand and which way to look for a talk with an object of this map, or with the sign on a cell."""
        goals = talk_goals(ground, *cell)
        if object_id is None:
            side = self._sides.get((state.map_id, *cell))
            return goals if side is None else tuple(goal for goal in goals if goal.then is side)
        chase = self._chases.get((MapId(*state.map_id), object_id))
        if chase is None:
            return goals
        near = walking_distances(ground, [(state.position.x, state.position.y)])
        within_reach = [goal for goal in goals if (goal.x, goal.y) in near]
        for sides in ranked_sides(chase, state.byte(chase.symbol)):
            best = tuple(goal for goal in within_reach if goal.then in sides)
            if best:
                return best
        return goals


def ranked_sides(chase: Chase, place: int) -> Sequence[frozenset[Button]]:
    """The directions to face at `place` (0: the first), those first after which fewest talks are left.

    Directions that lead nowhere come last; a chase that is over has none.
    """
    place = place or chase.first
    if place == chase.last:
        return ()
    left = _talks_left(chase)
    endless = len(chase.moves) + 1
    after = {facing: left.get(to, endless) for before, facing, to in chase.moves if before == place}
    ranks = sorted({*after.values(), endless})
    return tuple(
        frozenset(button for button in DIRECTION_BUTTONS if after.get(button, endless) == rank) for rank in ranks
    )


def _talks_left(chase: Chase) -> dict[int, int]:
    """Place -> how many talks it is away from the end."""
    left = {chase.last: 0}
    frontier = [chase.last]
    while frontier:
        following: list[int] = []
        for before, _, to in chase.moves:
            if to in frontier and before not in left:
                left[before] = left[to] + 1
                following.append(before)
        frontier = following
    return left
