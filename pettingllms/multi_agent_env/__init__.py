"""Environments of several roles."""

from pettingllms.multi_agent_env.base import TextEnv, TextWorld, Turn
from pettingllms.multi_agent_env.code import CodeEnv
from pettingllms.multi_agent_env.math import MathEnv
from pettingllms.multi_agent_env.stateful import StatefulEnv

__all__ = ["CodeEnv", "MathEnv", "StatefulEnv", "TextEnv", "TextWorld", "Turn"]
