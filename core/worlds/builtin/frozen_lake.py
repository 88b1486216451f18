"""Frozen lake: cross the ice from S to G without falling into a hole.

The grid is that of Plan-Path, but a hole ends the attempt, and the edge of the lake only stops a move. So a careless
plan loses the whole score. The ice is not slippery: an answer is a whole plan, and luck should not decide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from core.worlds.base import Turn, WorldPreset, WorldTrial
from core.worlds.builtin.plan_path import MALFORMED_PENALTY, PlanPath, PlanPathState
from core.worlds.grid import GridCell, parse_moves
from core.worlds.registry import TEXT_WORLDS


@TEXT_WORLDS.register("frozen_lake")
class FrozenLake(PlanPath):
    """A lake of `size` x `size` with a share of holes (#); solvable by construction."""

    name = "frozen_lake"
    preset = WorldPreset({"max_rounds": 1}, alone={"with_tool": False})
    trials = (
        WorldTrial(answers_of_40={"tool": 3}, repeats_tool=True),
        WorldTrial({"size": 6, "with_tool": False}),
    )
    task = "Moves from S to G? # is a hole."
    instructions: ClassVar[Mapping[str, str]] = {
        "tool": (
            "This is a frozen lake seen from above. S is the start, G the goal, # a hole that ends it, a dot is ice. "
            "Another player will walk. Call a tool that helps: answer with one tool's name, nothing else."
        ),
        "mover": (
            "This is a frozen lake seen from above. S is the start, G the goal, # a hole that ends it, a dot is ice. "
            "Answer with all moves in order as letters U D L R, for example RRDDL, nothing else."
        ),
    }

    def __init__(self, size: int = 8, hole_share: float = 0.2, with_tool: bool = True, max_rounds: int = 2) -> None:
        super().__init__(size, hole_share, with_tool, max_rounds)

    def _walk(self, state: PlanPathState, answer: str) -> Turn[PlanPathState]:
        moves = parse_moves(answer)
        if moves is None:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "moves are letters U D L R and nothing else")
        position, fault = self._follow(state, moves)
        after = replace(state, position=position, tool="", output="")
        success, fell = position == state.goal, position in state.walls
        return Turn(after, 0.0, self._score(after) - self._score(state), success or fell, success, fault)

    def _follow(self, state: PlanPathState, moves: str) -> tuple[GridCell, str]:
        position = state.position
        for number, move in enumerate(moves, start=1):
            neighbour = position.moved(move)
            if not (0 <= neighbour.row < state.size and 0 <= neighbour.column < state.size):
                continue
            position = neighbour
            if position in state.walls:
                return position, f"move {number} ({move}) falls into a hole"
            if position == state.goal:
                break
        return position, ""

    def _score(self, state: PlanPathState) -> float:
        """0 in a hole; else as in Plan-Path."""
        return 0.0 if state.position in state.walls else super()._score(state)
