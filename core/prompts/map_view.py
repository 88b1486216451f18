"""The map as letters: what can be walked on, as far as it has been seen.

One character a step, the player at `@`. Steps that were never on screen are `?` (fog of war), so a model plans with
what the player knows, and sees where there is more to find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from core.game import terrain
from core.game.people import Person
from core.vocabulary import Button

if TYPE_CHECKING:
    from core.game.state import GameState

LEGEND: Final = (
    "@ you, . floor, # wall, w tall grass, ~ water, D door or stairs, P person, o thing to pick up, "
    "^ v < > ledge to hop down that way, = counter, ? not seen yet"
)
_HOPS: Final = {
    terrain.DIRECTION_BIT[button]: letter
    for button, letter in ((Button.UP, "^"), (Button.DOWN, "v"), (Button.LEFT, "<"), (Button.RIGHT, ">"))
}


def _letter(byte: int) -> str:
    if byte in terrain.IMMEDIATE_WARPS or byte in terrain.WARP_CARPETS:
        return "D"
    if hop := terrain.HOP_BITS[byte]:
        return _HOPS.get(hop & -hop, "v")
    if byte in terrain.COUNTERS:
        return "="
    if byte in terrain.TALL_GRASS:
        return "w"
    return {terrain.Ground.LAND: ".", terrain.Ground.WATER: "~", terrain.Ground.WALL: "#"}[
        terrain.Ground(terrain.GROUND[byte])
    ]


LETTERS: Final = np.array([_letter(byte) for byte in range(256)], dtype="<U1")
"""The letter of each collision byte."""


def draw_map(state: GameState, seen: NDArray[np.bool_] | None, reach: int | None = None) -> list[str]:
    """Lines of the map, one string a row; empty where there is no map.

    `seen` is bool (height, width); None: nothing but the player's own step was seen. `reach` keeps only that many
    steps around the player; None keeps the whole map. Rows and columns without anything seen at the edges are cut off.
    """
    cells = state.collision.cells
    if not cells.size:
        return []
    letters = LETTERS[cells]
    if seen is None or seen.shape != cells.shape:
        seen = np.zeros(cells.shape, dtype=np.bool_)
    letters = np.where(seen, letters, "?")
    for person in state.people:
        _put(letters, person.x, person.y, _person_letter(person), only_where=seen)
    _put(letters, state.position.x, state.position.y, "@")
    top, bottom, left, right = _window(state, seen, reach)
    return ["".join(row) for row in letters[top:bottom, left:right]]


def _person_letter(person: Person) -> str:
    return "o" if person.kind == "item_ball" else "P"


def _put(letters: NDArray[np.str_], x: int, y: int, letter: str, only_where: NDArray[np.bool_] | None = None) -> None:
    inside = 0 <= y < letters.shape[0] and 0 <= x < letters.shape[1]
    if inside and (only_where is None or only_where[y, x]):
        letters[y, x] = letter


def _window(state: GameState, seen: NDArray[np.bool_], reach: int | None) -> tuple[int, int, int, int]:
    height, width = seen.shape
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, height)
    left, right = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, width)
    if reach is not None:
        x, y = state.position.x, state.position.y
        top, bottom = max(top, y - reach), min(bottom, y + reach + 1)
        left, right = max(left, x - reach), min(right, x + reach + 1)
    return top, bottom, left, right
