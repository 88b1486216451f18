"""One map as something to walk on: where each press leads, by Crystal's rules of walking.

Ledges are one-way and two steps long, ice slides, water needs surfing, currents carry one on, waterfalls and whirlpools
need moves of their own, tall grass costs extra, people block their cell, and some warps act on arrival.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.game import terrain
from core.game.terrain import DIRECTION_BIT, OFFSET, OPPOSITE, Ground
from core.vocabulary import DIRECTION_BUTTONS, Button

Cell = tuple[int, int]
"""(x, y) in steps from the top left of the map."""

MOUNT_COST: Final = 6
"""Extra actions that it takes to start surfing: A, a question, a text."""
GRASS_COST: Final = 3
"""Extra actions worth spending to avoid one step of tall grass: a battle costs about 30, one step in ten starts one."""
NOBODY: Final[frozenset[Cell]] = frozenset()
GROUNDS_KEPT: Final = 256
"""Grounds whose moves are remembered; a few hundred kB each once every cell was walked."""


class _BareMove(NamedTuple):
    """Where a press leads when no people are on the ground."""

    x: int
    y: int
    extra: int
    slides: bool = False
    """Over ice or along a current: who stands in the way changes where it ends."""
    hops: bool = False
    """Down a ledge."""


_Moves = dict[tuple[int, int, Button], _BareMove | None]


class _KnownMoves:
    """The moves known so far over each ground, of the `GROUNDS_KEPT` used last. `MapGround`s fill them as they need."""

    def __init__(self) -> None:
        self._by_ground: dict[tuple[object, ...], _Moves] = {}

    def of(self, *ground: object) -> _Moves:
        """The moves over one ground, named by everything that they depend on; empty at first."""
        moves = self._by_ground.pop(ground, None)
        self._by_ground[ground] = moves = {} if moves is None else moves
        if len(self._by_ground) > GROUNDS_KEPT:
            self._by_ground.pop(next(iter(self._by_ground)))
        return moves


_KNOWN_MOVES: Final = _KnownMoves()


@dataclass(frozen=True, slots=True)
class MapGround:
    """One map as something to walk on.

    `collision` is uint8 (height, width) of collision bytes, `people` the cells that people occupy, `warps` the
    cells with a warp event. `shunned` cells (say, in a trainer's sight) cost `shun_cost` extra actions.
    """

    collision: NDArray[np.uint8]
    people: frozenset[Cell] = frozenset()
    warps: frozenset[Cell] = frozenset()
    can_surf: bool = False
    can_cut: bool = False
    can_whirlpool: bool = False
    can_waterfall: bool = False
    grass_cost: int = GRASS_COST
    shunned: frozenset[Cell] = frozenset()
    shun_cost: int = 8
    _rows: list[bytes] = field(init=False, repr=False, compare=False)
    _moves: _Moves = field(init=False, repr=False, compare=False)
    """Moves over this ground without people, shared by all `MapGround`s of equal ground."""

    def __post_init__(self) -> None:
        height, width = self.collision.shape
        cells = self.collision.tobytes()
        object.__setattr__(self, "_rows", [cells[row * width : (row + 1) * width] for row in range(height)])
        able = (self.can_surf, self.can_cut, self.can_whirlpool, self.can_waterfall)
        object.__setattr__(self, "_moves", _KNOWN_MOVES.of(cells, width, able, self.grass_cost))

    def byte(self, x: int, y: int) -> int:
        """The collision byte of a cell; `terrain.OUTSIDE` off the map."""
        rows = self._rows
        if 0 <= y < len(rows) and 0 <= x < len(rows[0]):
            return rows[y][x]
        return terrain.OUTSIDE

    def standable(self, x: int, y: int) -> bool:
        """Whether the player can stand on the ground there; people do not count."""
        return self.bears(self.byte(x, y))

    def bears(self, byte: int) -> bool:
        """Whether the player can stand on ground with this collision byte, wherever it is."""
        ground = terrain.GROUND[byte]
        if ground == Ground.LAND:
            return True
        if ground == Ground.WATER:
            smooth = byte not in terrain.CURRENTS and (self.can_whirlpool or byte not in terrain.WHIRLPOOLS)
            return self.can_surf and smooth
        return self.can_cut and byte in terrain.CUT_TREES

    def warps_on_arrival(self, x: int, y: int) -> bool:
        return (x, y) in self.warps and self.byte(x, y) in terrain.IMMEDIATE_WARPS

    def move(self, x: int, y: int, button: Button) -> tuple[int, int, int] | None:
        """Where one press from rest, already facing that way, leads: (x, y, extra cost), or None for a bump."""
        key = (x, y, button)
        if key in self._moves:
            bare = self._moves[key]
        else:
            bare = self._moves[key] = self._bare_move(x, y, button, NOBODY)
        if bare is not None and bare.slides and self.people:
            bare = self._bare_move(x, y, button, self.people)
        if bare is None:
            return None
        there = (bare.x, bare.y)
        if bare.hops:
            return bare.x, bare.y, bare.extra
        if there in self.people:
            return None
        return bare.x, bare.y, bare.extra + (self.shun_cost if there in self.shunned else 0)

    def _bare_move(self, x: int, y: int, button: Button, people: frozenset[Cell]) -> _BareMove | None:
        """`move` without the cost of shunned cells; `people` stop slides and steps."""
        dx, dy = OFFSET[button]
        bit = DIRECTION_BIT[button]
        here = self.byte(x, y)
        there = self.byte(x + dx, y + dy)
        wall = is_walled(here, there, button)
        if not wall and self.standable(x + dx, y + dy):
            if (x + dx, y + dy) in people:
                return None
            slides = there in terrain.ICE
            x, y = x + dx, y + dy
            while there in terrain.ICE and self.standable(x + dx, y + dy) and (x + dx, y + dy) not in people:
                beyond = self.byte(x + dx, y + dy)
                if is_walled(there, beyond, button):
                    break
                x, y, there = x + dx, y + dy, beyond
            extra = self.grass_cost if there in terrain.TALL_GRASS else 0
            if terrain.GROUND[there] == Ground.WATER and terrain.GROUND[here] != Ground.WATER:
                extra += MOUNT_COST
            if there in terrain.WHIRLPOOLS:
                extra += MOUNT_COST
            return _BareMove(x, y, extra, slides=slides)
        if not wall and there in terrain.CURRENTS:
            return self._carried(x + dx, y + dy, button, people)
        if terrain.HOP_BITS[here] & bit and terrain.GROUND[self.byte(x + 2 * dx, y + 2 * dy)] == Ground.LAND:
            return _BareMove(x + 2 * dx, y + 2 * dy, 1, hops=True)
        return None

    def _carried(self, x: int, y: int, button: Button, people: frozenset[Cell]) -> _BareMove | None:
        """Where a press onto the current at (x, y) leads: on with it to where it ends, or up a waterfall to its top."""
        up = button is Button.UP and self.byte(x, y) in terrain.WATERFALLS
        if not self.can_surf or (up and not self.can_waterfall):
            return None
        crossed: set[Cell] = set()
        while (byte := self.byte(x, y)) in terrain.CURRENTS:
            if (x, y) in crossed or (x, y) in people:
                return None
            crossed.add((x, y))
            dx, dy = OFFSET[Button.UP if up else terrain.CURRENTS[byte]]
            x, y = x + dx, y + dy
        if not self.standable(x, y):
            return None
        return _BareMove(x, y, (MOUNT_COST if up else 0) + len(crossed), slides=True)


def is_walled(here: int, there: int, button: Button) -> bool:
    """Whether a side wall of one of two neighbouring cells, given by their bytes, bars the step between them."""
    walls = terrain.SIDE_WALL_BITS
    return bool(walls[here] & DIRECTION_BIT[button] or walls[there] & DIRECTION_BIT[OPPOSITE[button]])


def walking_distances(ground: MapGround, starts: Collection[Cell]) -> dict[Cell, int]:
    """Presses (turns not counted) from the nearest of `starts` to every cell that can be reached, each start itself 0.

    Warps that act on arrival are reached and end the walk.
    """
    found = dict.fromkeys(starts, 0)
    frontier = list(found)
    while frontier:
        following: list[Cell] = []
        for cell in frontier:
            if cell not in starts and ground.warps_on_arrival(*cell):
                continue
            for button in DIRECTION_BUTTONS:
                moved = ground.move(*cell, button)
                if moved is not None and moved[:2] not in found:
                    found[moved[:2]] = found[cell] + 1
                    following.append(moved[:2])
        frontier = following
    return found
