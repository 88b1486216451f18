"""One map as something to walk on: where each press leads, by Crystal's rules of walking.

Ledges are one-way and two steps long, ice slides, water needs surfing, currents carry one on, waterfalls and whirlpools
need moves of their own, tall grass costs extra, people block their cell, and some warps act on arrival.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

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
_SLIPPERY: Final = terrain.ICE | terrain.CURRENTS.keys()
"""Ground on which one press may lead far."""
GROUNDS_KEPT: Final = 256
"""Grounds whose moves are remembered; a few hundred kB each once every cell was walked."""


class GroundMove(NamedTuple):
    """Where one press from rest, already facing that way, leads."""

    number: int
    """The direction's place in `DIRECTION_BUTTONS`."""
    there: Cell
    extra: int
    """Actions that it costs beyond the press."""
    slides: bool = False
    """Over ice or along a current: who stands in the way changes where it ends."""
    hops: bool = False
    """Down a ledge."""


class _BareGround:
    """What a ground without people is like, found out as it is asked for; `MapGround`s of equal ground share it."""

    def __init__(self, cells: bytes) -> None:
        self.is_slippery = any(byte in _SLIPPERY for byte in set(cells))
        """Whether one press may lead far somewhere."""
        self.moves: dict[Cell, tuple[GroundMove, ...]] = {}
        """The moves from each cell, in the order of the directions."""


class _KnownGrounds:
    """The `GROUNDS_KEPT` grounds used last."""

    def __init__(self) -> None:
        self._by_ground: dict[tuple[object, ...], _BareGround] = {}

    def of(self, cells: bytes, *rest: object) -> _BareGround:
        """One ground, named by everything that its moves depend on; nothing is known of it at first."""
        ground = (cells, *rest)
        bare = self._by_ground.pop(ground, None)
        self._by_ground[ground] = bare = _BareGround(cells) if bare is None else bare
        if len(self._by_ground) > GROUNDS_KEPT:
            self._by_ground.pop(next(iter(self._by_ground)))
        return bare


_KNOWN: Final = _KnownGrounds()


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
    _bare: _BareGround = field(init=False, repr=False, compare=False)
    _moves: dict[Cell, tuple[GroundMove, ...]] = field(init=False, repr=False, compare=False)
    """The moves from each cell that was asked about: those of the bare ground where nobody is on it."""

    def __post_init__(self) -> None:
        height, width = self.collision.shape
        cells = self.collision.tobytes()
        object.__setattr__(self, "_rows", [cells[row * width : (row + 1) * width] for row in range(height)])
        able = (self.can_surf, self.can_cut, self.can_whirlpool, self.can_waterfall)
        bare = _KNOWN.of(cells, width, able, self.grass_cost)
        object.__setattr__(self, "_bare", bare)
        object.__setattr__(self, "_moves", {} if self.people or self.shunned else bare.moves)

    def __reduce__(self) -> tuple[type[MapGround], tuple[Any, ...]]:
        return MapGround, tuple(getattr(self, one.name) for one in fields(self) if one.init)

    @property
    def is_slippery(self) -> bool:
        """Whether ice or a current carries one on somewhere on this map."""
        return self._bare.is_slippery

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
        number = DIRECTION_BUTTONS.index(button)
        found = next((move for move in self.moves_from((x, y)) if move.number == number), None)
        return None if found is None else (*found.there, found.extra)

    def moves_from(self, cell: Cell) -> tuple[GroundMove, ...]:
        """What the presses from a cell come to, in the order of `DIRECTION_BUTTONS`; bumps are left out."""
        known = self._moves.get(cell)
        if known is None:
            bare = self._bare.moves.get(cell)
            if bare is None:
                moves = (self._bare_move(*cell, number, NOBODY) for number in range(len(DIRECTION_BUTTONS)))
                bare = self._bare.moves[cell] = tuple(move for move in moves if move is not None)
            known = self._moves[cell] = self._past_people(cell, bare) if self.people or self.shunned else bare
        return known

    def _past_people(self, cell: Cell, bare: tuple[GroundMove, ...]) -> tuple[GroundMove, ...]:
        """The moves from a cell with people on the ground, and what it costs to be seen by them."""
        found: list[GroundMove] = []
        for move in bare:
            if move.slides and self.people:
                stopped = self._bare_move(*cell, move.number, self.people)
                if stopped is None:
                    continue
                move = stopped
            if not move.hops:
                if move.there in self.people:
                    continue
                if move.there in self.shunned:
                    move = move._replace(extra=move.extra + self.shun_cost)
            found.append(move)
        return tuple(found)

    def _bare_move(self, x: int, y: int, number: int, people: frozenset[Cell]) -> GroundMove | None:
        """A move without the cost of shunned cells; `people` stop slides and steps."""
        button = DIRECTION_BUTTONS[number]
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
            return GroundMove(number, (x, y), extra, slides=slides)
        if not wall and there in terrain.CURRENTS:
            return self._carried(x + dx, y + dy, number, people)
        if terrain.HOP_BITS[here] & bit and terrain.GROUND[self.byte(x + 2 * dx, y + 2 * dy)] == Ground.LAND:
            return GroundMove(number, (x + 2 * dx, y + 2 * dy), 1, hops=True)
        return None

    def _carried(self, x: int, y: int, number: int, people: frozenset[Cell]) -> GroundMove | None:
        """Where a press onto the current at (x, y) leads: on with it to where it ends, or up a waterfall to its top."""
        up = DIRECTION_BUTTONS[number] is Button.UP and self.byte(x, y) in terrain.WATERFALLS
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
        return GroundMove(number, (x, y), (MOUNT_COST if up else 0) + len(crossed), slides=True)


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
    steps = 0
    while frontier:
        steps += 1
        following: list[Cell] = []
        for cell in frontier:
            if cell in ground.warps and cell not in starts and ground.warps_on_arrival(*cell):
                continue
            for move in ground.moves_from(cell):
                there = move.there
                if there not in found:
                    found[there] = steps
                    following.append(there)
        frontier = following
    return found


def cells_before(ground: MapGround) -> dict[Cell, list[Cell]]:
    """From which cells one press leads to each; cells that no press leads to are left out."""
    height, width = ground.collision.shape
    before: dict[Cell, list[Cell]] = {}
    for cell in ((x, y) for y in range(height) for x in range(width)):
        for move in ground.moves_from(cell):
            before.setdefault(move.there, []).append(cell)
    return before


def steps_to(ground: MapGround, before: Mapping[Cell, Sequence[Cell]], goals: Collection[Cell]) -> dict[Cell, int]:
    """`walking_distances` the other way round: presses to the nearest of `goals` from every cell that has a way there.

    `before` is `cells_before` of the ground.
    """
    found = dict.fromkeys(goals, 0)
    frontier = list(found)
    steps = 0
    while frontier:
        steps += 1
        following: list[Cell] = []
        for cell in frontier:
            if cell in ground.warps and cell not in goals and ground.warps_on_arrival(*cell):
                continue  # a walk begins here, and none leads on
            for earlier in before.get(cell, ()):
                if earlier not in found:
                    found[earlier] = steps
                    following.append(earlier)
        frontier = following
    return found
