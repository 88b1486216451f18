"""The exits of a map: its doors (warps) and the open stretches of its edges (connections), from the game's data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.navigation.map_ground import Cell, MapGround
from core.navigation.pathfinding import Goal, warp_goals
from core.vocabulary import Button, MapId, Position

if TYPE_CHECKING:
    from core.game.game_data import GameData

_EDGES: Final = {"north": Button.UP, "south": Button.DOWN, "west": Button.LEFT, "east": Button.RIGHT}


@dataclass(frozen=True, slots=True)
class Exit:
    """A door or an open edge of a map.

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

    @property
    def label(self) -> str:
        """The exit in words."""
        if self.edge is None:
            return f"the door at ({self.x}, {self.y})"
        return f"the {self.key} edge"

    def goals(self, ground: MapGround) -> tuple[Goal, ...]:
        """The cells from which this exit is taken, with the direction to press there; none where it is shut.

        A warp is an exit only where its ground is a warp: some are landing spots of falls.
        """
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
    """The exits of a map in the order of the data, doors first."""
    return (*_warp_exits(game, map_id), *_edge_exits(game, map_id))


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
