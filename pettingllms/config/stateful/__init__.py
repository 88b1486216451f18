"""Configurations of the grid and puzzle worlds and of the cartridge."""

from pettingllms.config.stateful import (
    crystal_single_policy,
    crystal_two_policy,
    plan_path_single_policy,
    plan_path_two_policy,
    sokoban_two_policy,
    sudoku_two_policy,
)

__all__ = [
    "crystal_single_policy",
    "crystal_two_policy",
    "plan_path_single_policy",
    "plan_path_two_policy",
    "sokoban_two_policy",
    "sudoku_two_policy",
]
