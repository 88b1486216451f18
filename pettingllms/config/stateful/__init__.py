"""Configurations of the grid and puzzle worlds."""

from pettingllms.config.stateful import (
    plan_path_single_policy,
    plan_path_two_policy,
    sokoban_two_policy,
    sudoku_two_policy,
)

__all__ = ["plan_path_single_policy", "plan_path_two_policy", "sokoban_two_policy", "sudoku_two_policy"]
