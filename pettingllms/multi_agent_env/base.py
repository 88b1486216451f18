"""What every environment is."""

from core.worlds.base import Practice, Turn, World
from core.worlds.text_env import TextEnv

__all__ = ["Practice", "TextEnv", "Turn", "World"]
