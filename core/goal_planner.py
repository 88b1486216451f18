"""Documented name: what to work toward now. The code is in `core/rules/planning/goal_planner.py`."""

from __future__ import annotations

from core.rules.planning.goal_planner import GoalOrientedPlanner
from core.rules.planning.goals import GoalKind, PlannedGoal

__all__ = ["GoalKind", "GoalOrientedPlanner", "PlannedGoal"]
