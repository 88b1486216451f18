"""Grids shared by the walking worlds: cells, moves, shortest distances, and moves as text (`"RRD"`)."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Collection, Sequence
from string import ascii_lowercase
from typing import NamedTuple

from core.worlds.chat_answer import bare_answer


class GridCell(NamedTuple):
    """A place on a grid, from the top left."""

    row: int
    column: int

    def moved(self, move: str) -> GridCell:
        """The neighbour in that direction; it may lie outside the grid."""
        rows, columns = MOVES[move]
        return GridCell(self.row + rows, self.column + columns)


MOVES: dict[str, tuple[int, int]] = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_MOVE_WORDS = {"UP": "U", "DOWN": "D", "LEFT": "L", "RIGHT": "R"}
_CELL_NAME = re.compile(r"[a-i][1-9]")
_CELL_NAMES = re.compile(r"(?:[a-i][1-9](?:[\s,;]|->|→)*)+")
_SEPARATORS = re.compile(r"[\s,;]+|->|→")


def parse_moves(answer: str) -> str | None:
    """The moves of an answer that is nothing but moves; None for anything else.

    A move is U, D, L, R or its word, in any case; spaces and commas may stand between them, and around the whole what
    chat models put there (`core/worlds/chat_answer.py`).
    """
    words = [word for word in _SEPARATORS.split(bare_answer(answer).upper()) if word]
    moves = "".join(_MOVE_WORDS.get(word, word) for word in words)
    return moves if moves and set(moves) <= set(MOVES) else None


def cell_name(cell: GridCell) -> str:
    """The top left is a1: a letter for the column, the row's number behind it. Fits grids up to 9 x 9."""
    return f"{ascii_lowercase[cell.column]}{cell.row + 1}"


def parse_cells(answer: str) -> list[GridCell] | None:
    """The cells of an answer that is nothing but names of cells (`"b3 b4 c4"`, `"b3b4c4"`); None for anything else."""
    text = bare_answer(answer).lower()
    if not _CELL_NAMES.fullmatch(text):
        return None
    names = _CELL_NAME.findall(text)
    return [GridCell(int(name[1]) - 1, ascii_lowercase.index(name[0])) for name in names]


def moved_along(start: GridCell, moves: str) -> GridCell:
    """The cell after all moves, walls not looked at."""
    for move in moves:
        start = start.moved(move)
    return start


def moves_through(start: GridCell, cells: Sequence[GridCell]) -> str:
    """The moves from `start` from cell to cell, up to the first that is not beside the one before it."""
    moves, here = "", start
    for cell in cells:
        move = next((move for move in MOVES if here.moved(move) == cell), None)
        if move is None:
            break
        moves, here = moves + move, cell
    return moves


def move_field(moves: str, places: int) -> str:
    """Moves in a field of `places` characters, the rest filled with dashes.

    The field's length does not depend on the number of moves. So a small network learns to repeat a tool's output by
    looking back a fixed number of tokens, within about fifty batches. Without the field it must match contents, and
    four letters repeat too often for that to be learned in the same time (docs/at_grpo.md has the numbers).
    """
    return moves.ljust(places, "-")


def random_moves(rng: random.Random, most: int) -> str:
    """One to `most` random moves."""
    return "".join(rng.choices("UDLR", k=rng.randint(1, most)))


def distances(target: GridCell, size: int, walls: Collection[GridCell]) -> dict[GridCell, int]:
    """Steps from every reachable cell of a `size` x `size` grid to `target`, by breadth-first search."""
    found = {target: 0}
    queue = deque([target])
    while queue:
        cell = queue.popleft()
        for move in MOVES:
            neighbour = cell.moved(move)
            inside = 0 <= neighbour.row < size and 0 <= neighbour.column < size
            if inside and neighbour not in walls and neighbour not in found:
                found[neighbour] = found[cell] + 1
                queue.append(neighbour)
    return found


def shortest_path(start: GridCell, steps_left: dict[GridCell, int]) -> str | None:
    """Moves downhill on `distances`; the first of U, D, L, R breaks ties. None when there is no path."""
    if start not in steps_left:
        return None
    cell, path = start, ""
    while steps_left[cell]:
        move = next(m for m in MOVES if steps_left.get(cell.moved(m), steps_left[cell]) == steps_left[cell] - 1)
        path += move
        cell = cell.moved(move)
    return path


def greedy_path(start: GridCell, target: GridCell, size: int, walls: Collection[GridCell]) -> str:
    """Moves straight at the target up to the first wall: the answer of a careless tool."""
    cell, path = start, ""
    while cell != target:
        down, right = target.row - cell.row, target.column - cell.column
        move = ("D" if down > 0 else "U") if abs(down) >= abs(right) else ("R" if right > 0 else "L")
        neighbour = cell.moved(move)
        if neighbour in walls or not (0 <= neighbour.row < size and 0 <= neighbour.column < size):
            break
        path += move
        cell = neighbour
    return path
