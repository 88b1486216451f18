"""What every environment is."""

from core.worlds.base import Practice, TextWorld, Turn
from core.worlds.text_env import TextEnv

__all__ = ["Practice", "TextEnv", "TextWorld", "Turn"]
