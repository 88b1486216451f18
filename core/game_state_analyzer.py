"""Documented name: what a game state means. The code is in `core/game/analysis.py`."""

from __future__ import annotations

from core.game.analysis import ContextReader, Criticality, GamePhase, GameStateAnalysis

__all__ = ["ContextReader", "Criticality", "GamePhase", "GameStateAnalysis"]
