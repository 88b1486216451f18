"""Sums: a tool caller and a reasoner."""

from core.worlds.builtin.math import Math
from core.worlds.text_env import MathEnv

__all__ = ["Math", "MathEnv"]
