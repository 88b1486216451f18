"""Documented name: the decision record. The code is in `core/history/analyzer.py`."""

from __future__ import annotations

from core.history.analyzer import DecisionHistoryAnalyzer

__all__ = ["DecisionHistoryAnalyzer"]
