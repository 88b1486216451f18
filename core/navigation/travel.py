"""The way from map to map: a graph of warps and connections, and what one lane has learned about it.

The game's data say which doors lead where, but not whether a walk from door to door is possible: the player finds that
out on the spot. So a route is a guess that gets corrected. Maps that were seen are known (`KnownGrounds`). When an exit
turns out to be shut from where the player came in, `TravelMemory` notes it, and the next route goes another way. The
note is dropped when the story moves on (gates open) or, for people in the way, after a while.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.game import terrain
from core.game.story.present import PresentFacts
from core.game.terrain import OFFSET
from core.navigation.exits import Exit, exits_of, rides_of
from core.navigation.known_grounds import KnownGrounds
from core.navigation.map_ground import Cell, MapGround, walking_distances
from core.navigation.pathfinding import Blocked, BlockReason, Goal
from core.vocabulary import MapId, Position

if TYPE_CHECKING:
    from core.game.collision import CollisionMap
    from core.game.game_data import GameData
    from core.game.state import GameState

CROSSING_COST = 4
"""Actions that a change of map costs beyond the steps: fades and the push off the door."""
RIDE_COST = 200
"""Actions that a ride counts for beyond the steps: its talk and its fades, and that it may not go today. So one walks
where that is not much farther."""
TURN_COST = 200
"""To go back over the edge by which one came in: that is counted from its nearest step, though one came over another,
so without this a way out and in again would look shorter than a long walk, on both sides for ever."""
MOST_MAPS = 48
"""How many maps around the player are looked at to find what is near."""
UNKNOWN_ENTRY = "start"
HERE = "here"


@dataclass(frozen=True, slots=True)
class Route:
    """The exits to take in order; empty when the target is on this map. `cost` is a guess in actions."""

    exits: tuple[Exit, ...]
    cost: int


class _Stop(NamedTuple):
    """A map and how the player came in: the key of one of its exits, or `HERE` for the present cell."""

    map: MapId
    entry: str


@dataclass(slots=True)
class TravelMemory:
    """What one lane has learned: the ground it saw, and which exit or cell is shut from which entry, until when."""

    grounds: KnownGrounds = field(default_factory=KnownGrounds)
    entry_map: MapId | None = None
    entry_key: str = UNKNOWN_ENTRY
    open_rides: frozenset[Exit] = frozenset()
    """The rides that are to be had, as far as the data and RAM tell (`WorldGraph.open_rides`)."""
    _blocked_until: dict[tuple[MapId, str, str], int] = field(default_factory=dict[tuple[MapId, str, str], int])

    def entered(self, map_id: MapId, entry_key: str) -> None:
        """The player has come to this map by this door or edge."""
        self.entry_map, self.entry_key = map_id, entry_key

    def entry_of(self, map_id: MapId) -> str:
        return self.entry_key if map_id == self.entry_map else UNKNOWN_ENTRY

    def known_entry_of(self, map_id: MapId) -> str | None:
        """The key of the door or edge by which the player came to this map; None where that was not seen."""
        entry = self.entry_of(map_id)
        return None if entry == UNKNOWN_ENTRY else entry

    def block(self, map_id: MapId, exit_key: str, until_step: int, also_from: Iterable[str] = ()) -> None:
        """Note that this exit (or `cell_key`) is out of reach from the present entry; try again at `until_step`.

        `also_from` are entries to the same part of the map: coming in by them does not help.
        """
        for entry in (self.entry_of(map_id), *also_from):
            self._blocked_until[map_id, entry, exit_key] = until_step

    def is_blocked(self, map_id: MapId, entry_key: str, exit_key: str, step: int) -> bool:
        return self._blocked_until.get((map_id, entry_key, exit_key), -1) > step

    def forget_blocks(self) -> None:
        """The story has moved on: forget what was shut, as it may be open."""
        self._blocked_until.clear()


def cell_key(x: int, y: int) -> str:
    """The key under which a cell of the target map is remembered as blocked."""
    return f"cell {x},{y}"


def _steps_beside(distances: Mapping[Cell, int] | None, cell: Cell, at: Cell) -> int | None:
    """Steps to a cell or to where A reaches it (beside it, or across a counter); None when out of reach.

    On unknown ground: the Manhattan distance.
    """
    if distances is None:
        return abs(cell[0] - at[0]) + abs(cell[1] - at[1])
    x, y = cell
    near = ((x + reach * dx, y + reach * dy) for dx, dy in OFFSET.values() for reach in (1, 2))
    return min((distances[one] for one in (cell, *near) if one in distances), default=None)


class WorldGraph:
    """All maps joined by their exits. Built once per game, shared by all lanes."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._exits: dict[MapId, tuple[Exit, ...]] = {map_id: exits_of(game, map_id) for map_id in game.maps}
        self._rides = {map_id: rides for map_id in game.maps if (rides := rides_of(game, map_id))}
        self._present = PresentFacts(game)

    def exits(self, map_id: MapId) -> tuple[Exit, ...]:
        """The exits of a map in the order of the data; none for an unknown map."""
        return self._exits.get(map_id, ())

    def is_open(self, exit_: Exit, grounds: KnownGrounds) -> bool:
        """Whether the ground lets an exit be taken from somewhere; true on a map never seen."""
        ground = grounds.ground(exit_.map)
        return ground is None or bool(self.goals(exit_, ground, grounds.collision(exit_.map)))

    def doors_at_hand(self, ground: MapGround, position: Position) -> tuple[Exit, ...]:
        """The ways out that can be walked to on this ground, the nearest first, and come back by: no pits."""
        near = walking_distances(ground, [(position.x, position.y)])
        found: list[tuple[int, int, Exit]] = []
        for order, exit_ in enumerate(self.exits(position.map)):
            cells = ((goal.x, goal.y) for goal in exit_.goals(ground))
            steps = [near[cell] for cell in cells if cell in near and ground.byte(*cell) not in terrain.PITS]
            if steps:
                found.append((min(steps), order, exit_))
        return tuple(exit_ for _, _, exit_ in sorted(found, key=lambda one: one[:2]))

    def open_rides(self, state: GameState) -> frozenset[Exit]:
        """The rides whose conditions hold in this state and whose people are there."""
        return frozenset(ride for rides in self._rides.values() for ride in rides if self._is_to_be_had(ride, state))

    def _is_to_be_had(self, ride: Exit, state: GameState) -> bool:
        person = next(one for one in self._game.maps[ride.map].objects if one.id == ride.person)
        flag = self._game.event_flags.get(person.event) if person.event is not None else None
        hidden = flag is not None and state.has_flag(flag.index)
        return not hidden and self._present.meets(person.outcomes[ride.outcome].needs, state)

    def entry_key_at(self, position: Position) -> str:
        """The door or edge by which the player probably came, judged from the cell just after a change of map."""
        if position.map not in self._exits:
            return UNKNOWN_ENTRY
        here = self._game.maps[position.map]
        near: list[tuple[int, str]] = []
        for exit_ in self.exits(position.map):
            if exit_.edge is None:
                near.append((abs(exit_.x - position.x) + abs(exit_.y - position.y), exit_.key))
            elif exit_.is_at_edge(position, here.width, here.height):
                near.append((0, exit_.key))
        distance, key = min(near, default=(99, UNKNOWN_ENTRY))
        return key if distance <= 2 else UNKNOWN_ENTRY

    def route(
        self, start: Position, target: MapId, memory: TravelMemory, step: int, cell: Cell | None = None
    ) -> Route | Blocked:
        """The cheapest way to `target` (to `cell` on it, or beside it) that no ground seen or block noted rules out."""
        first = _Stop(start.map, HERE)
        best = {first: 0}
        came: dict[_Stop, tuple[_Stop, Exit]] = {}
        queue: list[tuple[int, int, _Stop, Cell]] = [(0, 0, first, (start.x, start.y))]
        pushed = 0
        while queue:
            cost, _, stop, at = heapq.heappop(queue)
            if cost > best[stop]:
                continue
            if stop.map == target and self._ends_at(cell, stop, at, memory, step):
                return Route(self._walk_back(came, stop, first), cost)
            for exit_, steps in self._ways_on(stop, at, memory, step):
                after = _Stop(exit_.to_map, exit_.arrival_key)
                total = cost + CROSSING_COST + steps
                if total < best.get(after, 1 << 30):
                    best[after] = total
                    came[after] = (stop, exit_)
                    pushed += 1
                    heapq.heappush(queue, (total, pushed, after, exit_.arrival))
        return Blocked(BlockReason.CUT_OFF, f"no known way from map {tuple(start.map)} to map {tuple(target)}")

    def maps_by_distance(self, start: Position, memory: TravelMemory, step: int) -> tuple[tuple[int, MapId], ...]:
        """The nearest maps that seem reachable, with an estimate of the actions, nearest first."""
        best: dict[MapId, int] = {}
        queue: list[tuple[int, int, _Stop, Cell]] = [(0, 0, _Stop(start.map, HERE), (start.x, start.y))]
        seen: set[_Stop] = set()
        pushed = 0
        while queue and len(best) < MOST_MAPS:
            cost, _, stop, at = heapq.heappop(queue)
            if stop in seen:
                continue
            seen.add(stop)
            best.setdefault(stop.map, cost)
            for exit_, steps in self._ways_on(stop, at, memory, step):
                pushed += 1
                after = _Stop(exit_.to_map, exit_.arrival_key)
                heapq.heappush(queue, (cost + CROSSING_COST + steps, pushed, after, exit_.arrival))
        return tuple((cost, map_id) for map_id, cost in best.items())

    def _ways_on(self, stop: _Stop, at: Cell, memory: TravelMemory, step: int) -> Iterator[tuple[Exit, int]]:
        """The exits of a map that can be reached from the entry, with the steps to them; rides last."""
        entry = memory.entry_of(stop.map) if stop.entry == HERE else stop.entry
        grounds = memory.grounds
        for way in grounds.derived(stop.map, (stop.entry, at), lambda: self._measured_ways(stop, at, grounds)):
            if not memory.is_blocked(stop.map, entry, way[0].key, step):
                turns = way[0].edge is not None and way[0].key == stop.entry
                yield (way[0], TURN_COST + way[1]) if turns else way
        for ride in self._rides.get(stop.map, ()):
            if ride in memory.open_rides and not memory.is_blocked(stop.map, entry, ride.key, step):
                steps = _steps_beside(self._distances(stop, at, grounds), (ride.x, ride.y), at)
                if steps is not None:
                    yield ride, RIDE_COST + steps

    def _measured_ways(self, stop: _Stop, at: Cell, grounds: KnownGrounds) -> tuple[tuple[Exit, int], ...]:
        """`_ways_on` without regard to blocked exits; Manhattan distances on a map never seen."""
        distances = self._distances(stop, at, grounds)
        ground = grounds.ground(stop.map)
        exits = self.exits(stop.map)
        if distances is None or ground is None:
            return tuple((exit_, abs(exit_.x - at[0]) + abs(exit_.y - at[1])) for exit_ in exits)
        ways: list[tuple[Exit, int]] = []
        for exit_ in exits:
            goals = self.goals(exit_, ground, grounds.collision(stop.map))
            steps = min((distances[goal.x, goal.y] for goal in goals if (goal.x, goal.y) in distances), default=None)
            if steps is not None:
                ways.append((exit_, steps))
        return tuple(ways)

    def _distances(self, stop: _Stop, at: Cell, grounds: KnownGrounds) -> Mapping[Cell, int] | None:
        """Steps to every cell from the entry: the whole stretch of an edge, a door, or the present cell."""
        ground = grounds.ground(stop.map)
        entry = next((one for one in self.exits(stop.map) if one.key == stop.entry), None)
        if ground is None or entry is None or entry.edge is None:
            return grounds.distances(stop.map, [at])
        return grounds.distances(stop.map, [(goal.x, goal.y) for goal in entry.goals(ground)])

    def _ends_at(self, cell: Cell | None, stop: _Stop, at: Cell, memory: TravelMemory, step: int) -> bool:
        if cell is None:
            return True
        entry = memory.entry_of(stop.map) if stop.entry == HERE else stop.entry
        if memory.is_blocked(stop.map, entry, cell_key(*cell), step):
            return False
        return _steps_beside(self._distances(stop, at, memory.grounds), cell, at) is not None

    @staticmethod
    def goals(exit_: Exit, ground: MapGround, collision: CollisionMap | None) -> tuple[Goal, ...]:
        """Where an exit is taken; an edge only where the strip of the neighbouring map beyond it can be stood on."""
        goals = exit_.goals(ground)
        if exit_.edge is None or collision is None:
            return goals
        dx, dy = OFFSET[exit_.edge]
        return tuple(goal for goal in goals if ground.bears(collision.at(goal.x + dx, goal.y + dy)))

    @staticmethod
    def _walk_back(
        came: dict[_Stop, tuple[_Stop, Exit]],
        stop: _Stop,
        first: _Stop,
    ) -> tuple[Exit, ...]:
        exits: list[Exit] = []
        while stop != first:
            stop, exit_ = came[stop]
            exits.append(exit_)
        exits.reverse()
        return tuple(exits)
