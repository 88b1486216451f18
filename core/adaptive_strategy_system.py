"""Documented name: the strategies and who picks them. The code is in `core/agent/strategy_system.py`."""

from __future__ import annotations

from core.agent.strategy_system import THRESHOLDS, AdaptiveStrategySystem, StrategySettings
from core.vocabulary import StrategyType

__all__ = ["THRESHOLDS", "AdaptiveStrategySystem", "StrategySettings", "StrategyType"]
