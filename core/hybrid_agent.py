"""Documented name: the hybrid agent. The code is in `core/agent/hybrid_agent.py`."""

from __future__ import annotations

from core.agent.hybrid_agent import HybridAgent
from core.vocabulary import AgentMode

__all__ = ["AgentMode", "HybridAgent"]
