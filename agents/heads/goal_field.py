"""How far every cell of a map is from where a walk leads to, for the steps on screen.

The distances are spread from the goal with every move *inverted*: ledges are one-way and ice slides, so the way back is
another than the way there. They are what the rules' search of a path counts (`core/navigation/pathfinding.py`), turns
and people left out: a press each, and extra for tall grass and for starting to surf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.collision import CROP_COLUMNS, CROP_ROWS, PLAYER_COLUMN, PLAYER_ROW, CollisionMap
from core.navigation.map_ground import Cell, MapGround
from core.vocabulary import DIRECTION_BUTTONS

MARGIN_STEPS = max(CROP_ROWS, CROP_COLUMNS)
"""Kept around a map, so that what is on screen can be cut out anywhere."""
UNREACHED = np.inf
GROUNDS_KEPT = 128
FIELDS_KEPT = 1024
"""About 20 kB each."""

SIGHTS_KEPT: Final = 16_384
"""About 700 bytes each."""
FIELD_SCALE_STEPS: Final = 6
REACHED_GAIN: Final = 0.01
"""What the distance field has more than the gain itself: a cell that is no nearer is not one without a way."""

_Ground = tuple[CollisionMap, bool, bool, bool, bool, frozenset[Cell]]
_Edges = dict[Cell, list[tuple[Cell, int]]]
"""By cell: the cells from which one press leads there, and what that costs."""


@dataclass(frozen=True, slots=True, eq=False)
class GoalSight:
    """What is seen of the way to a goal from one cell, to be read only."""

    gains: NDArray[np.float32]
    """(9, 10): by cell on screen, how much nearer it is than where one stands, -1 to 1; 0 where no way leads on."""
    nearer: NDArray[np.float32]
    """(directions,): 1 where a press leads nearer, -1 where it leads away, 0 where it leads nowhere."""
    steps: float
    """To the goal."""


class GoalFields:
    """Distance fields of any games, each computed at first use (some milliseconds) and kept, and what is seen of them.

    They follow from the ground alone; a copy begins without any.
    """

    def __init__(self) -> None:
        self._sights: dict[tuple[_Ground, Cell, Cell], GoalSight | None] = {}
        self._edges: OrderedDict[_Ground, _Edges] = OrderedDict()
        self._fields: OrderedDict[tuple[_Ground, Cell], NDArray[np.float32]] = OrderedDict()

    def __reduce__(self) -> tuple[type[GoalFields], tuple[()]]:
        return GoalFields, ()

    def sight(self, collision: CollisionMap, ground: MapGround, goal: Cell, here: Cell) -> GoalSight | None:
        """What `field` says where one stands; None where no way leads on from there, or it is far off the map."""
        key = (_key_of(collision, ground), goal, here)
        try:
            return self._sights[key]
        except KeyError:
            if len(self._sights) >= SIGHTS_KEPT:
                self._sights.clear()
            known = self._sights[key] = _sight(self.field(collision, ground, goal), ground, here)
            return known

    def field(self, collision: CollisionMap, ground: MapGround, goal: Cell) -> NDArray[np.float32]:
        """The cost of the way from every cell to `goal`, (height, width) of the map with `MARGIN_STEPS` more on every
        side; `UNREACHED` where no way leads there. `ground` is `collision` without people.
        """
        key = _key_of(collision, ground)
        known = self._fields.get((key, goal))
        if known is None:
            known = self._fields[key, goal] = self._spread(collision, self._edges_of(key, ground), goal)
            if len(self._fields) > FIELDS_KEPT:
                self._fields.popitem(last=False)
        return known

    def _edges_of(self, key: _Ground, ground: MapGround) -> _Edges:
        edges = self._edges.get(key)
        if edges is not None:
            return edges
        edges = defaultdict(list)
        rows, columns = ground.collision.shape
        for y in range(rows):
            for x in range(columns):
                if not ground.standable(x, y) or ground.warps_on_arrival(x, y):
                    continue
                for button in DIRECTION_BUTTONS:
                    moved = ground.move(x, y, button)
                    if moved is not None:
                        edges[moved[:2]].append(((x, y), 1 + moved[2]))
        self._edges[key] = edges = dict(edges)
        if len(self._edges) > GROUNDS_KEPT:
            self._edges.popitem(last=False)
        return edges

    @staticmethod
    def _spread(collision: CollisionMap, edges: _Edges, goal: Cell) -> NDArray[np.float32]:
        shape = (collision.height + 2 * MARGIN_STEPS, collision.width + 2 * MARGIN_STEPS)
        field = np.full(shape, UNREACHED, dtype=np.float32)
        distances: dict[Cell, int] = {}
        frontier = [(0, goal)]
        while frontier:
            steps, cell = heappop(frontier)
            if cell in distances:
                continue
            distances[cell] = steps
            for before, cost in edges.get(cell, ()):
                if before not in distances:
                    heappush(frontier, (steps + cost, before))
        for (x, y), steps in distances.items():
            row, column = y + MARGIN_STEPS, x + MARGIN_STEPS
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                field[row, column] = steps
        return field


def _key_of(collision: CollisionMap, ground: MapGround) -> _Ground:
    return (
        *(collision, ground.can_surf, ground.can_cut, ground.can_whirlpool, ground.can_waterfall),
        ground.warps,
    )


def _sight(field: NDArray[np.float32], ground: MapGround, cell: Cell) -> GoalSight | None:
    here, shown = steps_at(field, *cell), on_screen(field, *cell)
    if here == UNREACHED or shown is None:
        return None
    gains = np.divide(here - shown, FIELD_SCALE_STEPS, dtype=np.float32)
    gains.clip(-1.0, 1.0, out=gains)
    gains += REACHED_GAIN
    gains[shown == UNREACHED] = 0.0
    nearer = np.zeros(len(DIRECTION_BUTTONS), np.float32)
    for move in ground.moves_from(cell):
        there = steps_at(field, *move.there)
        if there != UNREACHED:
            nearer[move.number] = 1.0 if there < here else -1.0
    return GoalSight(gains, nearer, here)


def steps_at(field: NDArray[np.float32], x: int, y: int) -> float:
    """The cost from a cell; `UNREACHED` far off the map."""
    row, column = y + MARGIN_STEPS, x + MARGIN_STEPS
    inside = 0 <= row < field.shape[0] and 0 <= column < field.shape[1]
    return float(field[row, column]) if inside else UNREACHED


def on_screen(field: NDArray[np.float32], x: int, y: int) -> NDArray[np.float32] | None:
    """The costs from the 9 x 10 steps on screen around (x, y); None where they are not all inside the field."""
    top, left = y + MARGIN_STEPS - PLAYER_ROW, x + MARGIN_STEPS - PLAYER_COLUMN
    if top < 0 or left < 0 or top + CROP_ROWS > field.shape[0] or left + CROP_COLUMNS > field.shape[1]:
        return None
    return field[top : top + CROP_ROWS, left : left + CROP_COLUMNS]
