"""Grids shared by the walking worlds: cells, moves, shortest distances, and moves as text (`"RRD"`)."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Collection
from typing import NamedTuple


class GridCell(NamedTuple):
    """A place on a grid, from the top left."""

    row: int
    column: int

    def moved(self, move: str) -> GridCell:
        """The neighbour in that direction; it may lie outside of the grid."""
        rows, columns = MOVES[move]
        return GridCell(self.row + rows, self.column + columns)


MOVES: dict[str, tuple[int, int]] = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_MOVE_LINE = re.compile(r"[UDLR](?: ?[UDLR])*")


def parse_moves(answer: str) -> str | None:
    """The moves of an answer that consists of nothing but U, D, L, R (spaces allowed); None for anything else."""
    answer = answer.strip()
    return answer.replace(" ", "") if _MOVE_LINE.fullmatch(answer) else None


def move_field(moves: str, places: int) -> str:
    """Moves in a field of so many places, the rest filled with dashes.

    The field makes what follows it independent of the number of moves. A small network then learns to repeat a tool's
    output by looking back a fixed number of places, within some fifty batches; without it, it has to match contents,
    and four letters repeat too often for that to be learned in the same time (docs/at_grpo.md has the numbers).
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
    """Moves downhill on `distances`; ties fall to the first of U, D, L, R. None when there is no way."""
    if start not in steps_left:
        return None
    cell, path = start, ""
    while steps_left[cell]:
        move = next(m for m in MOVES if steps_left.get(cell.moved(m), steps_left[cell]) == steps_left[cell] - 1)
        path += move
        cell = cell.moved(move)
    return path


def greedy_path(start: GridCell, target: GridCell, size: int, walls: Collection[GridCell]) -> str:
    """Walk straight at the target and stop at the first wall: what a careless tool would answer."""
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
