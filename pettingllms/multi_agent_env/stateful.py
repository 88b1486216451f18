"""Grids and puzzles: a tool caller and a player. The cartridge: a planner and a navigator."""

from core.worlds.builtin.crystal import Crystal
from core.worlds.builtin.frozen_lake import FrozenLake
from core.worlds.builtin.plan_path import PlanPath
from core.worlds.builtin.sokoban import Sokoban
from core.worlds.builtin.sudoku import Sudoku
from core.worlds.text_env import StatefulEnv

__all__ = ["Crystal", "FrozenLake", "PlanPath", "Sokoban", "StatefulEnv", "Sudoku"]
