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
        if self._tries >= MOST_TRIES or not self._can_fly(state) or not self._is_outside(state.map_id):
            return None
        found = self._place(state, target, cell, walk.cost if isinstance(walk, Route) else None, memory)
        user = user_of("fly", state)
        if found is None or user is None:
            return None
        self._tries += 1
        return UseMove(*user, found)

    def walk(self, state: GameState, target: MapId, cell: Cell | None, memory: LaneMemory) -> Route | Blocked:
        """The way on foot; where there is none but by air, from under a roof to the nearest sky."""
        route = self._graph.route(state.position, target, memory.travel, memory.step, cell)
        return route if isinstance(route, Route) else self._way_out(state, target, cell, memory) or route

    def _way_out(self, state: GameState, target: MapId, cell: Cell | None, memory: LaneMemory) -> Route | None:
        if not self._can_fly(state) or self._is_outside(state.map_id):
            return None
        near = self._graph.maps_by_distance(state.position, memory.travel, memory.step)
        outside = next((map_id for _, map_id in near if self._is_outside(map_id)), None)
        if outside is None or self._place(state, target, cell, None, memory) is None:
            return None
        route = self._graph.route(state.position, outside, memory.travel, memory.step)
        return route if isinstance(route, Route) else None

    def _place(
        self, state: GameState, target: MapId, cell: Cell | None, best: int | None, memory: LaneMemory
    ) -> int | None:
        """The number of the visited place from where the way is cheapest, and cheaper than `best` with the flight."""
        found: int | None = None
        region = self._game.maps[state.map_id].region
        for number, place in enumerate(self._game.fly_places):
            if self._game.maps[place.map].region != region or not was_visited(place, state):
                continue
            way = self._graph.route(Position(place.map, place.x, place.y), target, memory.travel, memory.step, cell)
            if isinstance(way, Route) and (best is None or way.cost + FLIGHT_ACTIONS < best):
                best, found = way.cost + FLIGHT_ACTIONS, number
        return found

    def _can_fly(self, state: GameState) -> bool:
        return bool(self._game.fly_places) and state.map_id in self._game.maps and abilities_of(state).can_fly

    def _is_outside(self, map_id: MapId) -> bool:
        return self._game.maps[map_id].environment in UNDER_THE_SKY
