"""The game's ground for the crystal world: what the player sees, distances, and paths as letters."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import numpy as np

from core.game import terrain
from core.game.collision import CollisionMap
from core.game.state import GameState
from core.navigation.map_ground import Cell, MapGround
from core.navigation.pathfinding import Goal, Path, find_path
from core.prompts.map_view import LETTERS
from core.worlds.cartridge_walks import BUTTON_OF, LETTER_OF

SEEN_ACROSS, SEEN_DOWN = 5, 4
"""Steps seen to either side, and up and down: what the screen shows, and one column more."""
_DOORS: Final = terrain.IMMEDIATE_WARPS | frozenset(terrain.WARP_CARPETS)


def cell_of(game: GameState) -> Cell:
    """Where the player stands, (x, y)."""
    return game.position.x, game.position.y


def cell_after(game: GameState, steps: str) -> Cell:
    """Where steps over free ground end."""
    x, y = cell_of(game)
    across, down = (steps.count(one) - steps.count(other) for one, other in ("RL", "DU"))
    return x + across, y + down


def ground_of(game: GameState) -> MapGround:
    """The ground of the current map with the people on it."""
    people = frozenset((one.x, one.y) for one in game.people)
    return MapGround(game.collision.cells, people=people, warps=game.game.warp_cells(game.map_id))


def is_calm(ground: MapGround, cell: Cell) -> bool:
    """Whether nothing happens to a player who stands there: no tall grass, door, ledge, ice or person."""
    byte = ground.byte(*cell)
    eventful = byte in terrain.TALL_GRASS or byte in _DOORS or terrain.HOP_BITS[byte] or byte in terrain.ICE
    return not eventful and cell not in ground.people and cell not in ground.warps and ground.standable(*cell)


def steps_from(ground: MapGround, start: Cell) -> dict[Cell, int]:
    """Steps to every cell that can be reached on foot from `start`; paths never go through a door."""
    return _spread(start, lambda cell: () if cell in ground.warps else _after(ground, cell))


def steps_to(collision: CollisionMap, goal: Cell) -> dict[Cell, int]:
    """Steps to `goal` from every cell, people not counted: they move, and a score must not."""
    return _steps_to(collision.cells.tobytes(), collision.width, goal)


@lru_cache(maxsize=1024)
def _steps_to(cells: bytes, width: int, goal: Cell) -> dict[Cell, int]:
    before = _backward(cells, width)
    return _spread(goal, lambda cell: before.get(cell, ()))


@lru_cache(maxsize=64)
def _backward(cells: bytes, width: int) -> dict[Cell, tuple[Cell, ...]]:
    """From which cells one step leads to each; ledges lead one way only."""
    ground = MapGround(np.frombuffer(cells, dtype=np.uint8).reshape(-1, width))
    before: dict[Cell, tuple[Cell, ...]] = {}
    for index in range(len(cells)):
        cell = (index % width, index // width)
        if ground.standable(*cell):
            for after in _after(ground, cell):
                before[after] = (*before.get(after, ()), cell)
    return before


def _after(ground: MapGround, cell: Cell) -> tuple[Cell, ...]:
    return tuple(move.there for move in ground.moves_from(cell))


def _spread(start: Cell, neighbours: Callable[[Cell], Iterable[Cell]]) -> dict[Cell, int]:
    found = {start: 0}
    queue = deque([start])
    while queue:
        cell = queue.popleft()
        for neighbour in neighbours(cell):
            if neighbour not in found:
                found[neighbour] = found[cell] + 1
                queue.append(neighbour)
    return found


def way_letters(game: GameState, goal: Cell) -> str | None:
    """The path-finder's path to `goal` as letters, one a step and none for turns; None where there is no path."""
    way = find_path(ground_of(game), cell_of(game), game.facing, [Goal(*goal)])
    if not isinstance(way, Path):
        return None
    letters, here = "", cell_of(game)
    for step in way.steps:
        if (step.x, step.y) != here:
            letters, here = letters + LETTER_OF[step.button], (step.x, step.y)
    return letters


def around_one_bend(letters: str) -> str:
    """The beginning of a path, up to its second bend."""
    bends = 0
    for index in range(1, len(letters)):
        bends += letters[index] != letters[index - 1]
        if bends > 1:
            return letters[:index]
    return letters


def calm_steps(game: GameState, letter: str, most: int) -> str:
    """Steps in one direction while the ground stays calm, at most `most` of them."""
    ground, button, here = ground_of(game), BUTTON_OF[letter], cell_of(game)
    for number in range(most):
        moved = ground.move(*here, button)
        if moved is None or not is_calm(ground, moved[:2]):
            return letter * number
        here = moved[:2]
    return letter * most


def calm_stroll(game: GameState, rng: random.Random, most: int) -> tuple[str, Cell]:
    """One to `most` random steps over calm ground that come to no cell twice, fewer where there is no way on; none
    where the player is shut in. With the cell at their end."""
    ground, here, steps = ground_of(game), cell_of(game), ""
    seen = {here}
    for _ in range(rng.randint(1, most)):
        moves = [(letter, ground.move(*here, button)) for letter, button in BUTTON_OF.items()]
        fresh = [
            (letter, moved[:2])
            for letter, moved in moves
            if moved is not None and moved[:2] not in seen and is_calm(ground, moved[:2])
        ]
        if not fresh:
            break
        letter, here = rng.choice(fresh)
        steps += letter
        seen.add(here)
    return steps, here


def as_the_crow_flies(start: Cell, target: Cell) -> str:
    """The steps left or right, then those up or down, with no regard to obstacles."""
    across, down = target[0] - start[0], target[1] - start[1]
    return ("R" if across > 0 else "L") * abs(across) + ("D" if down > 0 else "U") * abs(down)


def picture(game: GameState, goal: Cell) -> str:
    """Rows of letters around the player `@`: `core/prompts/map_view.py` has the legend; G is the goal, # beyond."""
    x, y = cell_of(game)
    height, width = game.collision.cells.shape
    seen = np.full((2 * SEEN_DOWN + 1, 2 * SEEN_ACROSS + 1), "#")
    top, left = y - SEEN_DOWN, x - SEEN_ACROSS
    rows = slice(max(0, top), min(height, y + SEEN_DOWN + 1))
    columns = slice(max(0, left), min(width, x + SEEN_ACROSS + 1))
    inside = LETTERS[game.collision.cells[rows, columns]]
    seen[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = inside
    marks = [(one.x, one.y, "P") for one in game.people if one.visible]
    for mark_x, mark_y, letter in (*marks, (*goal, "G"), (x, y, "@")):
        if 0 <= mark_y - top < seen.shape[0] and 0 <= mark_x - left < seen.shape[1]:
            seen[mark_y - top, mark_x - left] = letter
    return "\n".join("".join(row) for row in seen)
