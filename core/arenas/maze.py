"""The maze: several agents look for the way out of the same maze, and see where others have been.

A step costs 0.1 plus 0.01 per square of distance, the exit pays 10, and running out of time costs 1. Agents do not
block each other. A team explores fast when its agents do not all follow the same trail. The three documented sizes have
the documented walls; the exit is always the corner opposite the start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arenas.base import ABSENT, Arena, Round, Stance
from core.exceptions import ConfigurationError

Square = tuple[int, int]
"""Column and row, both from 0; rows grow downward."""
GOAL_REWARD, TIME_OUT_REWARD, STEP_REWARD, DISTANCE_REWARD = 10.0, -1.0, -0.1, -0.01


class Action(Enum):
    """The moves, in the order of their action indices."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"


MOVES: tuple[Square, ...] = ((0, -1), (0, 1), (-1, 0), (1, 0))


def moved(square: Square, move: Square) -> Square:
    """The square one move away, wall or not."""
    return square[0] + move[0], square[1] + move[1]


@dataclass(frozen=True, slots=True)
class MazeConfig:
    """One maze. Raises `ConfigurationError` when start or goal is outside or in a wall, or when no way joins them."""

    width: int = 7
    height: int = 7
    start: Square = (0, 0)
    goal: Square = (6, 6)
    walls: frozenset[Square] = frozenset()
    max_steps: int = 64
    num_agents: int = 4

    def __post_init__(self) -> None:
        for name, square in (("start", self.start), ("goal", self.goal)):
            if not self.is_open(square):
                raise ConfigurationError(
                    f"the maze's {name} {square} is in a wall or outside of {self.width} x {self.height}"
                )
        if self.shortest_path_length() is None:
            raise ConfigurationError(f"no way leads from {self.start} to {self.goal}: take walls away")

    def is_open(self, square: Square) -> bool:
        """Whether the square is inside and not a wall."""
        column, row = square
        return 0 <= column < self.width and 0 <= row < self.height and square not in self.walls

    def distance_to_goal(self, square: Square) -> int:
        """Manhattan distance, walls not counted."""
        return abs(self.goal[0] - square[0]) + abs(self.goal[1] - square[1])

    def shortest_path_length(self) -> int | None:
        """Moves from start to goal by the shortest way; None when there is none."""
        steps = {self.start: 0}
        queue = deque([self.start])
        while queue:
            square = queue.popleft()
            if square == self.goal:
                return steps[square]
            for move in MOVES:
                there = moved(square, move)
                if there not in steps and self.is_open(there):
                    steps[there] = steps[square] + 1
                    queue.append(there)
        return None


MAZES = {
    "simple": MazeConfig(5, 5, goal=(4, 4), walls=frozenset({(2, 1), (2, 2), (2, 3)})),
    "medium": MazeConfig(7, 7, goal=(6, 6), walls=frozenset({(2, 2), (2, 3), (3, 2), (4, 4), (4, 5)})),
    "complex": MazeConfig(
        10,
        10,
        goal=(9, 9),
        walls=frozenset({(3, row) for row in range(1, 8)} | {(6, row) for row in range(2, 9)}),
    ),
}
"""By documented complexity."""


class MazeEnv(Arena):
    """See the module."""

    least_seats = 1

    def __init__(self, config: MazeConfig | None = None) -> None:
        self.config = config or MAZES["medium"]
        words = tuple(action.value for action in Action)
        features = (
            "column",
            "row",
            "goal_columns_away",
            "goal_rows_away",
            *(f"wall_{word}" for word in words),
            *(f"trail_{word}" for word in words),
            "time_left",
        )
        super().__init__("maze_navigation", self.config.num_agents, words, features, self.config.max_steps)
        self.squares = [self.config.start] * self.seats
        """Where each seat's agent is."""
        self.trail: set[Square] = set()
        """Squares that any agent has visited in this episode."""

    def begin_episode(self) -> None:
        self.squares = [self.config.start] * self.seats
        self.trail = {self.config.start}

    def play_round(self, actions: NDArray[np.int64]) -> Round:
        rewards = np.zeros(self.seats)
        finished = np.zeros(self.seats, dtype=bool)
        time_is_up = self.step_count >= self.max_steps
        for seat, action in enumerate(actions):
            if action == ABSENT:
                continue
            there = moved(self.squares[seat], MOVES[int(action)])
            if self.config.is_open(there):
                self.squares[seat] = there
            square = self.squares[seat]
            if square == self.config.goal:
                rewards[seat], finished[seat] = GOAL_REWARD, True
            elif time_is_up:
                rewards[seat] = TIME_OUT_REWARD
            else:
                rewards[seat] = STEP_REWARD + DISTANCE_REWARD * self.config.distance_to_goal(square)
        self.trail.update(self.squares)
        return Round(rewards, finished)

    def observe(self, seat: int) -> Sequence[float]:
        (column, row), (goal_column, goal_row) = self.squares[seat], self.config.goal
        last_column, last_row = max(1, self.config.width - 1), max(1, self.config.height - 1)
        around = [moved(self.squares[seat], move) for move in MOVES]
        return (
            2 * column / last_column - 1,
            2 * row / last_row - 1,
            (goal_column - column) / last_column,
            (goal_row - row) / last_row,
            *(float(not self.config.is_open(square)) for square in around),
            *(float(square in self.trail) for square in around),
            1 - self.step_count / self.max_steps,
        )

    def describe(self, seat: int) -> str:
        square = self.squares[seat]
        around = {action.value: moved(square, move) for action, move in zip(Action, MOVES, strict=True)}
        free = [word for word, there in around.items() if self.config.is_open(there)]
        seen = [word for word in free if around[word] in self.trail]
        return (
            f"You are in a maze at column {square[0]}, row {square[1]}; the exit is at column {self.config.goal[0]}, "
            f"row {self.config.goal[1]}. You can go {', '.join(free) or 'nowhere'}; "
            f"somebody has already been {', '.join(seen) or 'nowhere'} of here. "
            f"{self.max_steps - self.step_count} steps are left."
        )

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        """Agents on the same square meet, in a neutral stance: a maze has no cooperation or competition."""
        present = [seat for seat, action in enumerate(actions) if action != ABSENT]
        return [
            (a, b, Stance.NEUTRAL) for a in present for b in present if a != b and self.squares[a] == self.squares[b]
        ]

    def details(self, seat: int) -> dict[str, Any]:
        return {"position": self.squares[seat], "at_goal": self.squares[seat] == self.config.goal}

    def render(self) -> str:
        """The maze: `#` wall, `G` goal, digits seats, `.` free."""
        signs = {self.config.goal: "G", **{square: str(seat % 10) for seat, square in enumerate(self.squares)}}
        return "\n".join(
            "".join(
                "#" if (column, row) in self.config.walls else signs.get((column, row), ".")
                for column in range(self.config.width)
            )
            for row in range(self.config.height)
        )
