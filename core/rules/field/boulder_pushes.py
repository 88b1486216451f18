"""One lane's boulders: which push comes next, from a plan that is kept while the boulders lie as it foresaw."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Final

from core.game.game_data import GameData
from core.game.state import GameState
from core.navigation import boulders
from core.navigation.map_ground import Cell, MapGround

STRENGTH: Final = "wBikeFlags"
STRENGTH_MASK: Final = 1
"""Set once somebody's strength was asked for, until the map is left."""


class BoulderPushes:
    """The boulders of the present map and the pushes planned for them."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self.reset()

    def reset(self) -> None:
        """Another map: forget the plan."""
        self._purpose: Hashable = None
        self._plan: tuple[boulders.Push, ...] | None = None
        self._lie: frozenset[Cell] = frozenset()
        """Where the boulders lay when the plan was made, the pushes done since followed."""

    def cells(self, state: GameState) -> frozenset[Cell]:
        """Where the boulders of this map lie now."""
        known = self._game.maps.get(state.map_id)
        numbers = {one.id for one in known.objects if one.is_boulder} if known is not None else set[int]()
        if not numbers:
            return frozenset()
        return frozenset((one.x, one.y) for one in state.people if one.object_id in numbers)

    def first_cells(self, state: GameState) -> frozenset[Cell]:
        """Where those that are still there lie when one comes in anew."""
        there = {one.object_id for one in state.people}
        objects = self._game.maps[state.map_id].objects
        return frozenset((one.x, one.y) for one in objects if one.is_boulder and one.id in there)

    def is_strong(self, state: GameState) -> bool:
        """Whether walking against a boulder pushes it now."""
        return STRENGTH in self._game.layout.symbols and bool(state.byte(STRENGTH) & STRENGTH_MASK)

    def into(self, state: GameState, ground: MapGround, boulder: Cell, hole: Cell) -> boulders.Push | None:
        """The next push that brings a boulder into a hole; `ground` without boulders."""
        return self._next(
            ("into", hole), state, lambda here, lie: boulders.pushes_into(ground, here, lie, boulder, hole)
        )

    def toward(self, state: GameState, ground: MapGround, goals: Collection[Cell]) -> boulders.Push | None:
        """The next push that opens a way to one of the goals; `ground` without boulders."""
        wanted = frozenset(goals)
        return self._next(
            ("toward", wanted), state, lambda here, lie: boulders.pushes_toward(ground, here, lie, wanted)
        )

    def _next(
        self,
        purpose: Hashable,
        state: GameState,
        search: Callable[[Cell, frozenset[Cell]], tuple[boulders.Push, ...] | None],
    ) -> boulders.Push | None:
        lie = self.cells(state)
        if self._plan and lie == self._lie - {self._plan[0][:2]} | {self._plan[0].after}:
            self._plan, self._lie = self._plan[1:], lie
        if purpose != self._purpose or lie != self._lie or self._plan == ():
            self._purpose, self._lie = purpose, lie
            self._plan = search((state.position.x, state.position.y), lie)
        return self._plan[0] if self._plan else None
