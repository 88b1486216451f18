"""What one lane walks on: the ground of the map that it is on, with the people of the moment."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from core.game.field_moves import FieldAbilities, abilities_of
from core.game.game_data import GameData
from core.game.state import GameState
from core.navigation.map_ground import Cell, MapGround


class WalkedGround:
    """Grounds as objects; as long as nothing of one changes, it stays the same object and need not be made again."""

    def __init__(self, game: GameData, boulders: Callable[[GameState], Set[Cell]]) -> None:
        """`boulders` says where boulders stand in the way."""
        self._game = game
        self._boulders = boulders
        self._forget()

    def _forget(self) -> None:
        self._known: dict[bool, tuple[tuple[object, ...], MapGround]] = {}
        """The last ground with people, and the last without, by all that they were made from."""
        self._able: tuple[GameState | None, FieldAbilities] = (None, FieldAbilities())

    def __getstate__(self) -> dict[str, Any]:
        return {"_game": self._game, "_boulders": self._boulders}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def with_people(self, state: GameState, obstacles: frozenset[Cell]) -> MapGround:
        """People and obstacles block their cells. People off the screen may have moved from where RAM last saw them:
        their places are only shunned."""
        seen: set[Cell] = set(obstacles)
        unseen: set[Cell] = set()
        for one in state.people:
            (seen if one.visible else unseen).add((one.x, one.y))
        return self._of(state, True, frozenset(seen | self._boulders(state)), frozenset(unseen))

    def bare(self, state: GameState) -> MapGround:
        """Nobody is on it."""
        return self._of(state, False, frozenset(), frozenset())

    def _of(self, state: GameState, has_people: bool, people: frozenset[Cell], shunned: frozenset[Cell]) -> MapGround:
        if self._able[0] is not state:
            self._able = (state, abilities_of(state))
        able, warps = self._able[1], self._game.warp_cells(state.position.map)
        made_from = (state.collision, people, warps, able, shunned)
        known = self._known.get(has_people)
        if known is not None and known[0] == made_from:
            return known[1]
        ground = MapGround(
            state.collision.cells,
            people=people,
            warps=warps,
            can_surf=able.can_surf,
            can_cut=able.can_cut,
            can_whirlpool=able.can_whirlpool,
            can_waterfall=able.can_waterfall,
            shunned=shunned,
        )
        self._known[has_people] = (made_from, ground)
        return ground
