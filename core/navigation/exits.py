"""The exits of a map, from the game's data: doors (warps), open stretches of its edges (connections), floors of an
elevator, and people who take one elsewhere (a ferry)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.navigation.map_ground import Cell, MapGround
from core.navigation.pathfinding import Goal, talk_goals, warp_goals
from core.vocabulary import Button, MapId, Position

if TYPE_CHECKING:
    from core.game.facts import GameMap
    from core.game.game_data import GameData

_FLOOR: Final = re.compile("B?[0-9]+F")
_EDGES: Final = {"north": Button.UP, "south": Button.DOWN, "west": Button.LEFT, "east": Button.RIGHT}


@dataclass(frozen=True, slots=True)
class Exit:
    """A door, an open edge, a floor of an elevator, or a ride.

    `x`, `y` is the warp's cell, or the middle of the stretch of edge that a connection covers; `first` and `last`
    bound that stretch along the edge (both -1 for a warp). `arrival` is roughly where the player stands afterwards.
    """

    key: str
    map: MapId
    to_map: MapId
    x: int
    y: int
    arrival: Cell
    arrival_key: str
    edge: Button | None = None
    first: int = -1
    last: int = -1
    floor: str | None = None
    """Where this is the door of an elevator: the line of its list that must be chosen first."""
    floors: tuple[str, ...] = ()
    """All lines of that list, the lowest floor first."""
    person: int | None = None
    """Where this is a ride: the map object to talk to, which takes the player to `to_map`."""
    outcome: int = 0
    """The place of this ride among that object's outcomes, which says what it asks for."""

    @property
    def label(self) -> str:
        """The exit in words."""
        if self.floor is not None:
            return f"the elevator to {self.floor}"
        if self.person is not None:
            return f"a ride with the person at ({self.x}, {self.y})"
        return f"the door at ({self.x}, {self.y})" if self.edge is None else f"the {self.key} edge"

    def goals(self, ground: MapGround) -> tuple[Goal, ...]:
        """The cells from which this exit is taken, with the direction to press there; none where it is shut.

        A warp is an exit only where its ground is a warp: some are landing spots of falls.
        """
        if self.person is not None:
            return talk_goals(ground, self.x, self.y)
        if self.edge is None:
            return warp_goals(ground, self.x, self.y)
        along = range(self.first, self.last + 1)
        across = self.edge in (Button.UP, Button.DOWN)
        cells = [(i, self.y) if across else (self.x, i) for i in along]
        return tuple(Goal(x, y, then=self.edge) for x, y in cells if ground.standable(x, y))

    def is_at_edge(self, position: Position, width: int, height: int) -> bool:
        """Whether a cell of its map, `width` x `height` steps, is on this stretch of edge; never for a door."""
        at = {Button.UP: position.y == 0, Button.DOWN: position.y == height - 1}
        at |= {Button.LEFT: position.x == 0, Button.RIGHT: position.x == width - 1}
        along = position.x if self.edge in (Button.UP, Button.DOWN) else position.y
        return self.edge is not None and at[self.edge] and self.first <= along <= self.last


def exits_of(game: GameData, map_id: MapId) -> tuple[Exit, ...]:
    """The exits of a map in the order of the data, doors first; no rides, which are not always to be had."""
    floors = _floor_exits(game, map_id) if game.maps[map_id].is_elevator else ()
    return (*_warp_exits(game, map_id), *_edge_exits(game, map_id), *floors)


def rides_of(game: GameData, map_id: MapId) -> tuple[Exit, ...]:
    """The people of a map who can take one to another map, one exit for each condition under which they do."""
    return tuple(
        Exit(
            key=f"ride {thing.id} {number}",
            map=map_id,
            to_map=target,
            x=thing.x,
            y=thing.y,
            arrival=_ride_arrival(game.maps[target], map_id),
            arrival_key="ride",
            person=thing.id,
            outcome=number,
        )
        for thing in game.maps[map_id].objects
        for number, outcome in enumerate(thing.outcomes)
        for target in outcome.leads_to
    )


def _floor_of(place: GameMap) -> str:
    """ "B1F" of GOLDENROD_DEPT_STORE_B1F."""
    return place.key.rpartition("_")[2]


def _floor_exits(game: GameData, elevator: MapId) -> list[Exit]:
    """The door of an elevator once for each floor from which one comes in."""
    doors = {warp.id: warp for warp in game.maps[elevator].warps}
    exits: list[Exit] = []
    for place in game.maps.values():
        warp = next((one for one in place.warps if one.target == elevator and one.target_warp in doors), None)
        floor = _floor_of(place)
        if warp is None or not _FLOOR.fullmatch(floor):
            continue
        door = doors[warp.target_warp]
        key, arrival_key = f"floor {floor}", f"warp {warp.id}"
        exits.append(Exit(key, elevator, place.id, door.x, door.y, (warp.x, warp.y), arrival_key, floor=floor))
    floors = (exit_.floor for exit_ in exits if exit_.floor is not None)
    listed = tuple(sorted(floors, key=lambda floor: -int(floor[1:-1]) if floor[0] == "B" else int(floor[:-1])))
    return [replace(exit_, floors=listed) for exit_ in exits]


def _ride_arrival(target: GameMap, start: MapId) -> Cell:
    """About where a ride ends: at the door that belongs to its start, or else at the first; the data do not say."""
    doors = sorted(target.warps, key=lambda warp: (warp.target != start, warp.id))
    return (doors[0].x, doors[0].y) if doors else (target.width // 2, target.height // 2)


def _warp_exits(game: GameData, map_id: MapId) -> list[Exit]:
    exits: list[Exit] = []
    for warp in game.maps[map_id].warps:
        target = game.maps.get(warp.target)
        if target is None or not 1 <= warp.target_warp <= len(target.warps):
            continue  # "back to where you came from": not an edge of a fixed graph
        landing = target.warps[warp.target_warp - 1]
        exits.append(
            Exit(
                key=f"warp {warp.id}",
                map=map_id,
                to_map=warp.target,
                x=warp.x,
                y=warp.y,
                arrival=(landing.x, landing.y),
                arrival_key=f"warp {landing.id}",
            )
        )
    return exits


def _edge_exits(game: GameData, map_id: MapId) -> list[Exit]:
    width, height = _size(game, map_id)
    exits: list[Exit] = []
    for connection in game.maps[map_id].connections:
        if connection.target not in game.maps:
            continue
        edge = _EDGES[connection.direction]
        far_width, far_height = _size(game, connection.target)
        shift = connection.offset_steps
        own, far = (width, far_width) if edge in (Button.UP, Button.DOWN) else (height, far_height)
        first, last = max(0, shift), min(own, shift + far) - 1
        middle = (first + last) // 2
        here = {Button.UP: (middle, 0), Button.DOWN: (middle, height - 1)}
        here |= {Button.LEFT: (0, middle), Button.RIGHT: (width - 1, middle)}
        there = {Button.UP: (middle - shift, far_height - 1), Button.DOWN: (middle - shift, 0)}
        there |= {Button.LEFT: (far_width - 1, middle - shift), Button.RIGHT: (0, middle - shift)}
        opposite = {"north": "south", "south": "north", "west": "east", "east": "west"}[connection.direction]
        exits.append(
            Exit(
                key=connection.direction,
                map=map_id,
                to_map=connection.target,
                x=here[edge][0],
                y=here[edge][1],
                arrival=there[edge],
                arrival_key=opposite,
                edge=edge,
                first=first,
                last=last,
            )
        )
    return exits


def _size(game: GameData, map_id: MapId) -> tuple[int, int]:
    map_ = game.maps[map_id]
    return map_.width, map_.height
