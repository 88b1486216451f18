"""Grids and puzzles: a tool caller and a player. The cartridge: a planner and a navigator."""

from core.worlds.crystal import Crystal
from core.worlds.frozen_lake import FrozenLake
from core.worlds.plan_path import PlanPath
from core.worlds.sokoban import Sokoban
from core.worlds.sudoku import Sudoku
from core.worlds.text_env import StatefulEnv

__all__ = ["Crystal", "FrozenLake", "PlanPath", "Sokoban", "StatefulEnv", "Sudoku"]
