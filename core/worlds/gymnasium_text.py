"""A text world as a Gymnasium environment with text spaces, for tools that expect one.

Roles speak in turn through one `step`; `info["role"]` says who is to speak next.
"""

from __future__ import annotations

import string
from typing import Any

import gymnasium
from gymnasium.spaces import Text

from core.worlds.base import TextWorld
from core.worlds.text_env import TextEnv

LONGEST_TEXT = 8192
"""Characters of a prompt or an answer."""
_CHARACTERS = frozenset(string.printable)


def text_space() -> Text:
    """All printable texts up to `LONGEST_TEXT` characters, the empty one included."""
    return Text(LONGEST_TEXT, min_length=0, charset=_CHARACTERS)


class GymnasiumTextEnv(gymnasium.Env[str, str]):
    """Observation: the prompt of the role in turn. Action: its answer. Reward: the team's plus that role's own."""

    def __init__(self, world: TextWorld[Any]) -> None:
        self.observation_space = text_space()
        self.action_space = text_space()
        self._env = TextEnv(world)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """The problem of `seed`; without one, a problem drawn from the environment's own generator."""
        super().reset(seed=seed)
        problem = seed if seed is not None else int(self.np_random.integers(2**31))
        return self._env.reset(problem), {"role": self._env.role, "problem": problem}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """One answer. Terminated when the problem is over, truncated when all rounds are used up."""
        observation, reward, over, info = self._env.step(action)
        terminated = self._env.ended
        return observation, reward, terminated, over and not terminated, {**info, "role": info["next_role"]}
