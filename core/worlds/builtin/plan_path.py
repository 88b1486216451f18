"""Plan-Path: cross a grid with walls from S to G.

With a tool role the team works as in the AT-GRPO paper (arXiv 2510.11062): the tool role calls a path-finder whose
output the mover sees. Some tools are careless, so the team must learn both to choose well and to trust the output.
Without the tool role a lone mover answers from the picture alone, or two walkers take turns (`relay`): the second goes
on where the first stopped, so nobody is told the way and the team has to find it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TRAINING_SEED, Practice, TextWorld, Turn, WorldPreset, WorldTrial
from core.worlds.chat_answer import bare_answer
from core.worlds.grid import (
    MOVES,
    GridCell,
    cell_name,
    distances,
    greedy_path,
    move_field,
    moved_along,
    moves_through,
    parse_cells,
    parse_moves,
    random_moves,
    shortest_path,
)
from core.worlds.registry import TEXT_WORLDS

TOOLS = ("bfs", "greedy", "mirror", "none")
"""bfs: a shortest path. greedy: straight ahead until a wall. mirror: the shortest path reversed. none: nothing."""

MALFORMED_PENALTY = -0.1
HALF_WAY = 0.5
"""The highest score for coming nearer; only arrival pays the other half."""
ARRIVING_SHARE = 0.5
"""Of the walks of `arriving_practice`, those that have the goal at their end; the others have it anywhere."""
WALKERS = ("opener", "closer")
"""The roles of a relay, in the order of their turns. Both read and write the same; they differ in where they stand."""

_WALK = (
    "This is a grid seen from above. S is the start, G the goal, # a wall, a dot is free. "
    "Answer with all moves in order as letters U D L R, for example RRDDL, nothing else."
)


@dataclass(frozen=True, slots=True)
class PlanPathState:
    """A grid, the mover's cell, and the tool's last output."""

    size: int
    walls: frozenset[GridCell]
    position: GridCell
    goal: GridCell
    start_distance: int
    """Length of the shortest path from the start, in moves."""
    tool: str = ""
    output: str = ""
    output_worth: float = 0.0
    """Score after the moves of the tool's last output; stays when the mover has moved."""


@TEXT_WORLDS.register("plan_path")
class PlanPath(TextWorld[PlanPathState]):
    """Grid of `size` x `size` with a share of walls; solvable by construction.

    With `growing_problems`, distances grow in training: over so many first problems, start and goal are at most 1 step
    apart at first and as far as the grid allows in the end. All other problems (evaluation, test, practice) have the
    full range.
    """

    name = "plan_path"
    preset = WorldPreset({"size": 10, "max_rounds": 1}, alone={"with_tool": False})
    trials = (
        WorldTrial(answers_of_40={"tool": 3}, repeats_tool=True),
        WorldTrial({"size": 6, "with_tool": False}),
        WorldTrial({"size": 6, "with_tool": False, "relay": True, "cells_apart": True}),
        WorldTrial({"size": 6, "with_tool": False, "relay": True, "named_cells": True, "sight": 2}),
    )
    task = "Moves from S to G?"
    instructions: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys((*WALKERS, "mover"), _WALK),
        "tool": (
            "This is a grid seen from above. S is the start, G the goal, # a wall, a dot is free. "
            "Another player will walk. Call a tool that helps: answer with one tool's name, nothing else."
        ),
    }

    def __init__(
        self,
        size: int = 10,
        wall_share: float = 0.22,
        with_tool: bool = True,
        max_rounds: int = 2,
        relay: bool = False,
        cells_apart: bool = False,
        growing_problems: int = 0,
        possible_practice: bool = False,
        sight: int = 0,
        named_cells: bool = False,
        arriving_practice: int = 0,
        nearer_pays: float = HALF_WAY,
        fault_costs: float = 0.0,
    ) -> None:
        """`cells_apart` puts a blank before every cell, so that a tokenizer gives each cell a token of its own. With
        `possible_practice` the random moves of the format stage hit no wall: where the goal is stays untold. With
        `sight` above 0 the picture is what a walker sees: so many cells around S, which is in the middle, and in words
        how far away the goal is.

        With `named_cells` there is no picture: the prompt names the walls (those within `sight`, where it is set), the
        goal and the walker's cell (c4), and a walker answers with the names of the cells on its way. So a model need
        not count moves to know where it is. With `arriving_practice` the format stage shows random walks that come to
        no cell twice: half of them so many moves long at most, with the goal at their end, the other half twice as
        long at most, with the goal anywhere. So what a goal is for is shown for near ones only. No path-finder is
        asked.

        `nearer_pays` is the highest score for coming nearer, arrival pays the rest of 1. `fault_costs` is what a walker
        loses for a way that hits a wall, leaps, or goes on behind the goal."""
        if named_cells and (with_tool or not 1 <= size <= 9):
            raise ConfigurationError(
                f"named_cells=True, with_tool={with_tool}, size={size}: a tool's output is moves, and names reach to "
                "9 x 9 cells; set with_tool to false, and size to 9 at most"
            )
        if relay and with_tool:
            raise ConfigurationError("relay=True has two walkers and no tool: set with_tool to false as well")
        self.size = size
        self.wall_share = wall_share
        self.roles = WALKERS if relay else ("tool", "mover") if with_tool else ("mover",)
        self.max_rounds = max_rounds
        self.cell_mark = " " if cells_apart else ""
        self.growing_problems = growing_problems
        self.possible_practice = possible_practice
        self.sight = sight
        self.named_cells = named_cells
        self.arriving_practice = arriving_practice
        self.nearer_pays = nearer_pays
        self.fault_costs = fault_costs
        self._drawn = lru_cache(maxsize=2048)(self._draw)
        self.field_places = 3 * size
        """Enough for nearly every shortest path: in 1,000 grids of 10 x 10 the longest had 25 moves."""

    def farthest_of(self, seed: int) -> int:
        """The most moves between start and goal of that problem: fewer for the first problems of training."""
        longest, into = self.size * self.size, seed - FIRST_TRAINING_SEED
        if not 0 <= into < self.growing_problems:
            return longest
        return 1 + 2 * self.size * into // self.growing_problems

    def initial(self, seed: int) -> PlanPathState:
        """Draw grids until start and goal are joined and at least `size` / 2 moves apart, or as far as they may be."""
        return self._drawn(seed)

    def _draw(self, seed: int) -> PlanPathState:
        farthest = self.farthest_of(seed)
        nearest = min(self.size // 2, farthest)
        rng = random.Random(f"{self.name}-{self.size}-{seed}")
        cells = [GridCell(row, column) for row in range(self.size) for column in range(self.size)]
        while True:
            start, goal = rng.sample(cells, 2)
            others = [cell for cell in cells if cell not in (start, goal)]
            walls = frozenset(rng.sample(others, round(self.wall_share * len(cells))))
            distance = distances(goal, self.size, walls).get(start, 0)
            if nearest <= distance <= farthest:
                return PlanPathState(self.size, walls, start, goal, distance)

    def prompt(self, state: PlanPathState, role: str) -> str:
        """The picture or the names, then that role's task."""
        if self.named_cells:
            return self._names(state)
        picture = self._sight(state) if self.sight else self._picture(state, GridCell(0, 0), state.size)
        if role == "tool":
            return f"{picture}\nTools: {' '.join(TOOLS)}\nCall one."
        tool = f"Tool {state.tool}: {move_field(state.output, self.field_places)}\n" if state.tool else ""
        return f"{picture}\n{tool}{self.task}"

    def _picture(self, state: PlanPathState, corner: GridCell, size: int) -> str:
        """The square of `size` x `size` cells from `corner` on."""
        rows = range(corner.row, corner.row + size)
        columns = range(corner.column, corner.column + size)
        return "\n".join(
            "".join(self.cell_mark + self._mark(state, GridCell(row, column)) for column in columns) for row in rows
        )

    def _names(self, state: PlanPathState) -> str:
        seen = (wall for wall in sorted(state.walls) if not self.sight or _apart(wall, state.position) <= self.sight)
        walls = "".join(f" {cell_name(wall)}" for wall in seen)
        return f"Walls:{walls}\nGoal: {cell_name(state.goal)}\nWay from {cell_name(state.position)}"

    def _sight(self, state: PlanPathState) -> str:
        here = state.position
        down, across = state.goal.row - here.row, state.goal.column - here.column
        where = f"Goal: {abs(across)} {'right' if across > 0 else 'left'} {abs(down)} {'down' if down > 0 else 'up'}"
        corner = GridCell(here.row - self.sight, here.column - self.sight)
        return f"{self._picture(state, corner, 2 * self.sight + 1)}\n{where}"

    def play(self, state: PlanPathState, role: str, answer: str) -> Turn[PlanPathState]:
        """The tool role says a tool's name; the mover says moves, which are walked up to the first wall."""
        return self._call(state, bare_answer(answer).lower()) if role == "tool" else self._walk(state, answer)

    def gold(self, state: PlanPathState, role: str) -> str:
        """Call the honest path-finder; walk a shortest path."""
        return "bfs" if role == "tool" else self._said(state.position, self._shortest(state))

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """A random tool; random moves, or the moves in the tool's field."""
        state, tool = self.initial(seed), rng.choice(TOOLS)
        if role == "tool":
            return Practice(self.prompt(state, role), tool)
        if self.arriving_practice:
            arrives = rng.random() < ARRIVING_SHARE
            walk = self._walk_once(state, rng, self.arriving_practice * (1 if arrives else 2))
            shown = replace(state, goal=moved_along(state.position, walk)) if arrives else state
            return Practice(self.prompt(shown, role), self._said(state.position, walk))
        if self.possible_practice or self.named_cells:
            return Practice(self.prompt(state, role), self._said(state.position, self._stroll(state, rng)))
        moves = random_moves(rng, 2 * self.size)
        if "tool" not in self.roles:
            return Practice(self.prompt(state, role), moves)
        repeated = rng.random() < repeat_share
        state = replace(state, tool=tool, output=moves if repeated else random_moves(rng, 2 * self.size))
        return Practice(self.prompt(state, role), moves)

    def _call(self, state: PlanPathState, tool: str) -> Turn[PlanPathState]:
        if tool not in TOOLS:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"no tool is called {tool[:20]!r}")
        moves = self._run_tool(state, tool)
        worth = self._score(replace(state, position=self._follow(state, moves)[0]))
        # A call pays the difference to the score of the call before it: rewards telescope.
        after = replace(state, tool=tool, output=moves, output_worth=worth)
        return Turn(after, worth - state.output_worth, 0.0, False, False)

    def _walk(self, state: PlanPathState, answer: str) -> Turn[PlanPathState]:
        cells = parse_cells(answer) if self.named_cells else None
        if cells and cells[0] == state.position:
            cells = cells[1:] or cells
        moves = moves_through(state.position, cells) if cells else parse_moves(answer)
        if self.named_cells != bool(cells) or moves is None:
            form = "a way is names of cells such as a1 b1" if self.named_cells else "moves are letters U D L R"
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"{form} and nothing else")
        position, fault = self._follow(state, moves)
        if cells and not fault and moved_along(state.position, moves) != position:
            fault = "the way goes on behind the goal"
        elif cells and not fault and len(moves) < len(cells):
            fault = f"cell {len(moves) + 1} ({cell_name(cells[len(moves)])}) is not beside the one before it"
        after = replace(state, position=position, tool="", output="")
        success = position == state.goal
        local = -self.fault_costs if fault else 0.0
        return Turn(after, local, self._score(after) - self._score(state), success, success, fault)

    def _stroll(self, state: PlanPathState, rng: random.Random) -> str:
        """One to 2 x `size` random moves that can be walked, wherever they lead."""
        position, moves = state.position, ""
        for _ in range(rng.randint(1, 2 * self.size)):
            possible = [move for move in MOVES if self._is_free(state, position.moved(move))]
            moves += rng.choice(possible)
            position = position.moved(moves[-1])
        return moves

    def _walk_once(self, state: PlanPathState, rng: random.Random, most: int) -> str:
        """One to `most` random moves that can be walked and come to no cell twice; fewer where there is no way."""
        position, moves, seen = state.position, "", {state.position}
        for _ in range(rng.randint(1, most)):
            there = [(move, cell) for move in MOVES if self._is_free(state, cell := position.moved(move))]
            fresh = [(move, cell) for move, cell in there if cell not in seen]
            if not fresh:
                break
            move, position = rng.choice(fresh)
            moves += move
            seen.add(position)
        return moves

    def _said(self, start: GridCell, moves: str) -> str:
        """A way as a walker says it."""
        if not self.named_cells:
            return moves
        steps = range(len(moves) + 1)
        return "".join(cell_name(moved_along(start, moves[:step])) for step in steps)

    @staticmethod
    def _is_free(state: PlanPathState, cell: GridCell) -> bool:
        return 0 <= cell.row < state.size and 0 <= cell.column < state.size and cell not in state.walls

    def _follow(self, state: PlanPathState, moves: str) -> tuple[GridCell, str]:
        position = state.position
        for number, move in enumerate(moves, start=1):
            neighbour = position.moved(move)
            if not self._is_free(state, neighbour):
                return position, f"move {number} ({move}) hits a wall"
            position = neighbour
            if position == state.goal:
                break
        return position, ""

    def _run_tool(self, state: PlanPathState, tool: str) -> str:
        if tool == "none":
            return ""
        if tool == "greedy":
            return greedy_path(state.position, state.goal, state.size, state.walls)
        path = self._shortest(state)
        return path if tool == "bfs" else path.translate(str.maketrans("UDLR", "DURL"))

    def _shortest(self, state: PlanPathState) -> str:
        path = shortest_path(state.position, distances(state.goal, state.size, state.walls))
        assert path is not None, "the mover never leaves the part of the grid that is joined to the goal"
        return path

    def _score(self, state: PlanPathState) -> float:
        if state.position == state.goal:
            return 1.0
        left = distances(state.goal, state.size, state.walls)[state.position]
        return self.nearer_pays * (1.0 - left / state.start_distance)

    @staticmethod
    def _mark(state: PlanPathState, cell: GridCell) -> str:
        if cell == state.position:
            return "S"
        if cell == state.goal:
            return "G"
        return "." if PlanPath._is_free(state, cell) else "#"


def _apart(one: GridCell, other: GridCell) -> int:
    """In rows or in columns, whichever is more."""
    return max(abs(one.row - other.row), abs(one.column - other.column))
