"""By air: when it is worth opening the list of creatures and flying to a place that was visited before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.game.field_moves import abilities_of, user_of, was_visited
from core.navigation.travel import Route, WorldGraph
from core.vocabulary import MapId, Position, UseMove

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState
    from core.navigation.map_ground import Cell
    from core.navigation.pathfinding import Blocked
    from core.rules.planning.lane_memory import LaneMemory

FLIGHT_ACTIONS: Final = 90
"""What a flight counts for: its menus, the flight, and that the way behind it is a guess."""
UNDER_THE_SKY: Final = ("TOWN", "ROUTE")
MOST_TRIES: Final = 2
"""Flights begun on one map without leaving it."""


class Flights:
    """One lane's flights."""

    def __init__(self, game: GameData, graph: WorldGraph) -> None:
        self._game = game
        self._graph = graph
        self.reset()

    def reset(self) -> None:
        """Another map: what did not work on the last one may work here."""
        self._tries = 0

    def toward(
        self, state: GameState, target: MapId, cell: Cell | None, walk: Route | Blocked, memory: LaneMemory
    ) -> UseMove | None:
        """The flight that makes the way to `target` (to `cell` on it) much shorter than `walk`; None without one."""
        if self._tries >= MOST_TRIES or not self._can_begin(state):
            return None
        best = walk.cost if isinstance(walk, Route) else None
        found: int | None = None
        region = self._game.maps[state.map_id].region
        for number, place in enumerate(self._game.fly_places):
            if self._game.maps[place.map].region != region or not was_visited(place, state):
                continue
            way = self._graph.route(Position(place.map, place.x, place.y), target, memory.travel, memory.step, cell)
            if isinstance(way, Route) and (best is None or way.cost + FLIGHT_ACTIONS < best):
                best, found = way.cost + FLIGHT_ACTIONS, number
        if found is None:
            return None
        self._tries += 1
        user = user_of("fly", state)
        return UseMove(*user, found) if user is not None else None

    def _can_begin(self, state: GameState) -> bool:
        here = self._game.maps.get(state.map_id)
        under_the_sky = here is not None and here.environment in UNDER_THE_SKY
        return under_the_sky and bool(self._game.fly_places) and abilities_of(state).can_fly
