"""Environments of several roles."""

from pettingllms.multi_agent_env.base import TextEnv, Turn, World
from pettingllms.multi_agent_env.code import CodeEnv
from pettingllms.multi_agent_env.math import MathEnv
from pettingllms.multi_agent_env.stateful import StatefulEnv

__all__ = ["CodeEnv", "MathEnv", "StatefulEnv", "TextEnv", "Turn", "World"]
