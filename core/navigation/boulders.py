"""Pushing boulders: a small search over what can be pushed where, as in Sokoban, on one map.

A state is where the boulders lie and which cells the player can walk to. A push moves a boulder by one cell, away from
the player, who stays. Boulders cannot be pulled: a push too many is undone by leaving the map, which puts them back.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from core.game import terrain
from core.game.terrain import GROUND, OFFSET, Ground
from core.navigation.map_ground import Cell, MapGround, is_walled, walking_distances
from core.vocabulary import DIRECTION_BUTTONS, Button

MOST_STATES: Final = 4000
"""States found before a search is given up; each costs some hundred microseconds on a large map."""
FAR: Final = 1 << 20


class Push(NamedTuple):
    """A press of `button` from the cell behind the boulder, which lies at (x, y) before it."""

    x: int
    y: int
    button: Button

    @property
    def stand(self) -> Cell:
        """Where the player stands for it."""
        dx, dy = OFFSET[self.button]
        return self.x - dx, self.y - dy

    @property
    def after(self) -> Cell:
        """Where the boulder lies after it."""
        dx, dy = OFFSET[self.button]
        return self.x + dx, self.y + dy


class _Floor:
    """Where one step leads from each cell of a map, looked up once: a search walks over it thousands of times."""

    def __init__(self, ground: MapGround) -> None:
        self.ground = ground
        self._steps: dict[Cell, tuple[Cell, ...]] = {}
        self._is_icy = bool(np.isin(ground.collision, list(terrain.ICE)).any())

    def walks(self, player: Cell, boulders: Collection[Cell]) -> frozenset[Cell]:
        """Where the player can stand, boulders in the way: not in pits and doors, which take it elsewhere."""
        if self._is_icy:  # a boulder stops a slide, so steps hang on where they all lie
            there = replace(self.ground, people=self.ground.people | frozenset(boulders))
            found = set(walking_distances(there, [player]))
        else:
            found, waiting = {player}, [player]
            while waiting:
                for cell in self._from(waiting.pop()):
                    if cell not in found and cell not in boulders:
                        found.add(cell)
                        waiting.append(cell)
        return frozenset(cell for cell in found if cell == player or not self.ground.warps_on_arrival(*cell))

    def _from(self, cell: Cell) -> tuple[Cell, ...]:
        if cell not in self._steps:
            ahead = (move.there for move in self.ground.moves_from(cell))
            self._steps[cell] = tuple(one for one in ahead if not self.ground.warps_on_arrival(*one))
        return self._steps[cell]


class _State(NamedTuple):
    boulders: frozenset[Cell]
    watched: Cell | None
    """Where the boulder in question lies; None where any may move."""
    walks: frozenset[Cell]
    """Where the player can stand."""


def pushes_into(
    ground: MapGround, player: Cell, boulders: Collection[Cell], boulder: Cell, hole: Cell
) -> tuple[Push, ...] | None:
    """The fewest pushes that bring `boulder` into `hole`; None where `MOST_STATES` states show no way.

    `ground` has everybody who stands about but the boulders. Other boulders are moved only where nothing else helps.
    """
    lower, floor = _pushes_left(ground, hole), _Floor(ground)
    start = _State(frozenset(boulders), boulder, floor.walks(player, boulders))

    def left(state: _State) -> int:
        return lower.get(state.watched or boulder, FAR)

    alone = _search(floor, start, left, hole, only_watched=True)
    return alone if alone is not None else _search(floor, start, left, hole, only_watched=False)


def pushes_toward(
    ground: MapGround, player: Cell, boulders: Collection[Cell], goals: Collection[Cell]
) -> tuple[Push, ...] | None:
    """The fewest pushes after which the player can walk to one of `goals`; None where the search shows no way.

    A goal that takes one away on arrival, a pit or a ladder, is reached where one step leads onto it.
    """
    wanted, floor = frozenset(goals) | _before(ground, goals), _Floor(ground)
    start = _State(frozenset(boulders), None, floor.walks(player, boulders))
    return _search(floor, start, lambda state: 0 if state.walks & wanted else 1, None, only_watched=False)


def _before(ground: MapGround, goals: Collection[Cell]) -> frozenset[Cell]:
    """The cells from which a press leads onto a goal that acts on arrival."""
    beside = (
        (x - dx, y - dy, button, (x, y))
        for x, y in goals
        if ground.warps_on_arrival(x, y)
        for button, (dx, dy) in OFFSET.items()
        if button in DIRECTION_BUTTONS
    )
    return frozenset(
        (x, y)
        for x, y, button, goal in beside
        if ground.standable(x, y) and (moved := ground.move(x, y, button)) is not None and moved[:2] == goal
    )


def _search(
    floor: _Floor, start: _State, left: Callable[[_State], int], hole: Cell | None, only_watched: bool
) -> tuple[Push, ...] | None:
    """A* over pushes; `left` is a lower bound on those that remain, 0 at the end and `FAR` where there is no way."""
    if left(start) >= FAR:
        return None
    best = {start: 0}
    came: dict[_State, tuple[_State, Push]] = {}
    queue: list[tuple[int, int, _State]] = [(left(start), 0, start)]
    while queue and len(best) < MOST_STATES:
        _, _, state = heapq.heappop(queue)
        if not left(state):
            return _walk_back(came, state)
        for push in _pushes(floor.ground, state, hole, only_watched):
            after = _pushed(floor, state, push)
            done = best[state] + 1
            bound = left(after)
            if bound < FAR and done < best.get(after, FAR):
                best[after], came[after] = done, (state, push)
                heapq.heappush(queue, (done + bound, len(best), after))
    return None


def _pushes(ground: MapGround, state: _State, hole: Cell | None, only_watched: bool) -> list[Push]:
    """What can be pushed now: in a fixed order, so that the same map has the same answer."""
    found: list[Push] = []
    moving = [state.watched] if only_watched and state.watched is not None else sorted(state.boulders)
    for x, y in moving:
        for button in DIRECTION_BUTTONS:
            push = Push(x, y, button)
            free = push.after not in state.boulders and push.after not in ground.people
            if push.stand in state.walks and free and _takes_a_boulder(ground, push, hole):
                found.append(push)
    return found


def _takes_a_boulder(ground: MapGround, push: Push, hole: Cell | None) -> bool:
    """Whether a boulder can lie on the far cell, and no side wall is in between. It lies on no warp but its hole."""
    x, y = push.after
    if push.after != hole and push.after in ground.warps:
        return False
    cells = (ground.byte(*push.stand), ground.byte(push.x, push.y), ground.byte(x, y))
    walled = is_walled(*cells[:2], push.button) or is_walled(*cells[1:], push.button)
    return not walled and GROUND[cells[2]] == Ground.LAND and (push.after == hole or cells[2] not in terrain.PITS)


def _pushed(floor: _Floor, state: _State, push: Push) -> _State:
    boulders = state.boulders - {(push.x, push.y)} | {push.after}
    watched = push.after if state.watched == (push.x, push.y) else state.watched
    return _State(boulders, watched, floor.walks(push.stand, boulders))


def _pushes_left(ground: MapGround, hole: Cell) -> dict[Cell, int]:
    """From each cell, the fewest pushes to the hole if nothing else lay about; cells without a way are left out."""
    found = {hole: 0}
    frontier = [hole]
    while frontier:
        following: list[Cell] = []
        for cell in frontier:
            for button in DIRECTION_BUTTONS:
                dx, dy = OFFSET[button]
                push = Push(cell[0] - dx, cell[1] - dy, button)
                before = (push.x, push.y)
                stands = ground.standable(*push.stand) and ground.standable(*before)
                if before not in found and stands and _takes_a_boulder(ground, push, hole):
                    found[before] = found[cell] + 1
                    following.append(before)
        frontier = following
    return found


def _walk_back(came: dict[_State, tuple[_State, Push]], state: _State) -> tuple[Push, ...]:
    pushes: list[Push] = []
    while state in came:
        state, push = came[state]
        pushes.append(push)
    pushes.reverse()
    return tuple(pushes)
