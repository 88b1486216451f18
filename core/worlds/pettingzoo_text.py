"""A text world in PettingZoo's form: an agent per role, speaking in turn (Terry et al. 2021, the AEC model)."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Dict, Space, Text
from pettingzoo import AECEnv  # pyright: ignore[reportMissingTypeStubs] (typed, without py.typed)

from core.worlds.base import TextWorld
from core.worlds.gymnasium_text import text_space
from core.worlds.text_env import TextEnv

HIGHEST_SEED = 2**31


class PettingZooTextEnv(AECEnv[str, dict[str, str], str]):
    """Agents are the world's roles. Observation: a dict with that role's "prompt"; action: its answer, a text.

    The team's reward goes to every agent, a role's own reward to that role. `infos[agent]` has the result of that
    agent's last answer: `success` and `feedback`.
    """

    metadata: dict[str, Any] = {"render_modes": [], "name": "text_world", "is_parallelizable": False}  # noqa: RUF012

    def __init__(self, world: TextWorld[Any]) -> None:
        super().__init__()
        self.metadata = {**self.metadata, "name": world.name}
        self.render_mode = None
        self.possible_agents = list(world.roles)
        self._observation_spaces = {role: Dict({"prompt": text_space()}) for role in world.roles}
        self._action_spaces = {role: text_space() for role in world.roles}
        self._env = TextEnv(world)
        self._random = np.random.default_rng()

    def observation_space(self, agent: str) -> Space[dict[str, str]]:
        """A dict of one text: PettingZoo's own API test cannot take a bare one."""
        space: Any = self._observation_spaces[agent]  # Gymnasium types what a Dict holds as a dict of spaces
        return space

    def action_space(self, agent: str) -> Text:
        """Any printable text; the prompt says what the role should answer."""
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """The problem of `seed`; without one, a problem drawn from the environment's own generator."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        self._env.reset(seed if seed is not None else int(self._random.integers(HIGHEST_SEED)))
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = {agent: {"success": False, "feedback": ""} for agent in self.agents}
        self.agent_selection = self._env.role

    def observe(self, agent: str) -> dict[str, str]:
        """The prompt of that role for the present state."""
        return {"prompt": self._env.prompt_of(agent)}

    def step(self, action: str | None) -> None:
        """Play `action` for the selected agent; None once it is terminated or truncated, as PettingZoo asks."""
        speaker = self.agent_selection
        if self.terminations[speaker] or self.truncations[speaker]:
            over: Any = action  # None, which PettingZoo asks for here but types as an action
            self._was_dead_step(over)
            return
        _, _, done, info = self._env.step(str(action))
        self._cumulative_rewards[speaker] = 0.0
        self.rewards = dict.fromkeys(self.agents, float(info["team_reward"]))
        self.rewards[speaker] += float(info["local_reward"])
        self.infos[speaker] = {"success": info["success"], "feedback": info["feedback"]}
        self.terminations = dict.fromkeys(self.agents, self._env.ended)
        self.truncations = dict.fromkeys(self.agents, done and not self._env.ended)
        self.agent_selection = info["next_role"]
        self._accumulate_rewards()

    def render(self) -> None:
        """Texts need no rendering: `observe` has everything."""

    def close(self) -> None:
        """Nothing to release."""
