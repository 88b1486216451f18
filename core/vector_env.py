"""Documented name: many games side by side. The code is in `core/env/lanes/vector_env.py`."""

from __future__ import annotations

from core.env.lanes.lane_history import StartPoint
from core.env.lanes.vector_env import VectorEnv
from core.env.lanes.vector_step import VectorStep

__all__ = ["StartPoint", "VectorEnv", "VectorStep"]
