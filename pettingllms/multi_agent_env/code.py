"""Programs: a tester and a coder."""

from core.worlds.code import Code
from core.worlds.text_env import CodeEnv

__all__ = ["Code", "CodeEnv"]
