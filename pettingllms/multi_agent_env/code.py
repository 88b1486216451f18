"""Programs: a tester and a coder."""

from core.worlds.builtin.code import Code
from core.worlds.text_env import CodeEnv

__all__ = ["Code", "CodeEnv"]
