"""4x4 Sudoku: fill the grid so that each row, column and 2x2 box holds 1 to 4. The clues may not be overwritten."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar

from core.worlds.base import Practice, TextWorld, Turn, WorldPreset, WorldTrial
from core.worlds.chat_answer import bare_answer
from core.worlds.registry import TEXT_WORLDS

SIDE = 4
BOX = 2
EMPTY = 0
MALFORMED_PENALTY = -0.1
TOOLS = ("solve", "row_fill", "zeros")
"""solve: the solution. row_fill: 1 2 3 4 in every row, clues kept. zeros: the puzzle back."""
_DIGITS = re.compile(r"[1-4](?:[\s,;|]*[1-4]){15}")

Grid = tuple[int, ...]
"""Sixteen digits, row by row; 0 is an empty cell."""


@dataclass(frozen=True, slots=True)
class SudokuState:
    """The clues, the best grid so far, and the tool's last output."""

    clues: Grid
    filled: Grid
    tool: str = ""
    output: str = ""
    output_worth: float = 0.0
    """Score of the tool's last output; stays when the solver has answered."""


def units() -> tuple[tuple[int, ...], ...]:
    """The twelve groups of four cells (rows, columns, boxes) that must hold four different digits."""
    rows = [tuple(row * SIDE + column for column in range(SIDE)) for row in range(SIDE)]
    columns = [tuple(row * SIDE + column for row in range(SIDE)) for column in range(SIDE)]
    boxes = [
        tuple((top + row) * SIDE + left + column for row, column in product(range(BOX), repeat=2))
        for top, left in product(range(0, SIDE, BOX), repeat=2)
    ]
    return (*rows, *columns, *boxes)


UNITS = units()
SOLVED: Grid = (1, 2, 3, 4, 3, 4, 1, 2, 2, 1, 4, 3, 4, 3, 2, 1)


def solutions(grid: Grid, limit: int = 2) -> list[Grid]:
    """Up to `limit` completions of a grid, by depth-first search."""
    try:
        cell = grid.index(EMPTY)
    except ValueError:
        return [grid]
    taken = {grid[other] for unit in UNITS if cell in unit for other in unit}
    found: list[Grid] = []
    for digit in range(1, SIDE + 1):
        if digit not in taken:
            found += solutions((*grid[:cell], digit, *grid[cell + 1 :]), limit - len(found))
            if len(found) >= limit:
                break
    return found


@TEXT_WORLDS.register("sudoku")
class Sudoku(TextWorld[SudokuState]):
    """Puzzles with exactly one solution; the number of empty cells is `empty_cells`."""

    name = "sudoku"
    preset = WorldPreset({"max_rounds": 1}, {"warm_start_steps": 300}, alone={"with_tool": False})
    trials = (WorldTrial(answers_of_40={"tool": 3}, repeats_tool=True), WorldTrial({"with_tool": False}))
    instructions: ClassVar[Mapping[str, str]] = {
        "tool": (
            "This is a sudoku of 4 x 4 cells, a dot is empty. Another player will fill it in. "
            "Call a tool that helps: answer with one tool's name, nothing else."
        ),
        "solver": (
            "This is a sudoku of 4 x 4 cells, a dot is empty. Every row, column and 2 x 2 box holds 1 to 4 once. "
            "Answer with the four full rows, for example 1234 3412 2143 4321, nothing else."
        ),
    }

    def __init__(self, empty_cells: int = 8, with_tool: bool = True, max_rounds: int = 2) -> None:
        self.empty_cells = empty_cells
        self.roles = ("tool", "solver") if with_tool else ("solver",)
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> SudokuState:
        """Shuffle a solved grid by its symmetries, then empty cells as long as the solution stays unique."""
        rng = random.Random(f"{self.name}-{self.empty_cells}-{seed}")
        while True:
            grid = list(_shuffled_solution(rng))
            cells = list(range(SIDE * SIDE))
            rng.shuffle(cells)
            for cell in cells:
                digit, grid[cell] = grid[cell], EMPTY
                if len(solutions(tuple(grid))) > 1:
                    grid[cell] = digit
                if grid.count(EMPTY) == self.empty_cells:
                    return SudokuState(tuple(grid), tuple(grid))

    def prompt(self, state: SudokuState, role: str) -> str:
        """The clues as four rows with dots, then that role's task."""
        picture = _rows(state.clues, empty=".")
        if role == "tool":
            return f"{picture}\nTools: {' '.join(TOOLS)}\nCall one."
        tool = f"Tool {state.tool}: {state.output}\n" if state.tool else ""
        return f"{picture}\n{tool}Fill in all rows."

    def play(self, state: SudokuState, role: str, answer: str) -> Turn[SudokuState]:
        """The tool role says a tool's name; the solver says four rows of four digits."""
        answer = bare_answer(answer)
        if role == "tool":
            return self._call(state, answer)
        if not _DIGITS.fullmatch(answer):
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "the answer is four rows of four digits 1 to 4")
        grid = tuple(int(digit) for digit in answer if digit.isdigit())
        if any(clue not in (EMPTY, digit) for clue, digit in zip(state.clues, grid, strict=True)):
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "the answer overwrites a clue")
        after = SudokuState(state.clues, grid, output_worth=state.output_worth)
        solved = self._score(after) == 1.0
        return Turn(after, 0.0, self._score(after) - self._score(state), solved, solved)

    def gold(self, state: SudokuState, role: str) -> str:
        """Call the honest solver; give the solution."""
        return "solve" if role == "tool" else _rows(solutions(state.clues)[0])

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """A random tool; random digits, or the digits in the tool's output."""
        state, tool = self.initial(seed), rng.choice(TOOLS)
        if role == "tool":
            return Practice(self.prompt(state, role), tool)
        answer = _rows(_random_digits(rng))
        if "tool" not in self.roles:
            return Practice(self.prompt(state, role), answer)
        repeated = rng.random() < repeat_share
        state = replace(state, tool=tool, output=answer if repeated else _rows(_random_digits(rng)))
        return Practice(self.prompt(state, role), answer)

    def _call(self, state: SudokuState, tool: str) -> Turn[SudokuState]:
        if tool not in TOOLS:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"no tool is called {tool[:20]!r}")
        if tool == "solve":
            grid = solutions(state.clues)[0]
        elif tool == "row_fill":
            grid = tuple(clue or cell % SIDE + 1 for cell, clue in enumerate(state.clues))
        else:
            grid = state.clues
        worth = self._score(SudokuState(state.clues, grid))
        after = SudokuState(state.clues, state.filled, tool, _rows(grid), worth)
        return Turn(after, worth - state.output_worth, 0.0, False, False)

    @staticmethod
    def _score(state: SudokuState) -> float:
        """1 when solved; else 0.5 times the share of the units, not complete in the clues, that are complete now."""
        complete = sum(sorted(state.filled[cell] for cell in unit) == [1, 2, 3, 4] for unit in UNITS)
        if complete == len(UNITS):
            return 1.0
        given = sum(sorted(state.clues[cell] for cell in unit) == [1, 2, 3, 4] for unit in UNITS)
        return 0.5 * (complete - given) / (len(UNITS) - given)


def _rows(grid: Grid, empty: str = "0") -> str:
    digits = "".join(str(digit) if digit else empty for digit in grid)
    return " ".join(digits[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE))


def _random_digits(rng: random.Random) -> Grid:
    return tuple(rng.choices(range(1, SIDE + 1), k=SIDE * SIDE))


def _shuffled_solution(rng: random.Random) -> Grid:
    """A solution made from `SOLVED` by relabelling digits and permuting rows and columns within and across bands."""
    digits = rng.sample(range(1, SIDE + 1), SIDE)
    bands, stacks = rng.sample((0, 1), 2), rng.sample((0, 1), 2)
    rows = [band * BOX + row for band in bands for row in rng.sample((0, 1), 2)]
    columns = [stack * BOX + column for stack in stacks for column in rng.sample((0, 1), 2)]
    base = rng.choice(
        ((1, 2, 3, 4, 3, 4, 1, 2, 2, 1, 4, 3, 4, 3, 2, 1), (1, 2, 3, 4, 3, 4, 1, 2, 2, 3, 4, 1, 4, 1, 2, 3))
    )
    return tuple(digits[base[row * SIDE + column] - 1] for row in rows for column in columns)
