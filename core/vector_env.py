"""Documented names: many games side by side. The code is in `core/env/lanes/`."""

from __future__ import annotations

from core.env.lanes.gymnasium_lanes import GymnasiumLanes
from core.env.lanes.lane_history import StartPoint
from core.env.lanes.parallel_games import ParallelGames
from core.env.lanes.vector_env import VectorEnv
from core.env.lanes.vector_step import VectorStep

__all__ = ["GymnasiumLanes", "ParallelGames", "StartPoint", "VectorEnv", "VectorStep"]
