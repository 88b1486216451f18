"""The env with the policy view as its observation, which Stable-Baselines3 and its checker accept.

The documented observation has words in a nested Dict, which SB3 refuses; learned policies see the flat policy view.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv


class PolicyViewEnv(gym.ObservationWrapper[dict[str, Any], np.int64, dict[str, Any]]):
    """Wraps an env; observations are `env.policy_observation()`, masks pass through."""

    def __init__(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        super().__init__(env)
        self.game = env
        self.observation_space = env.policy_space

    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        """The policy view; the documented observation is dropped."""
        return self.game.policy_observation()

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions make sense now, bool (9,): sb3-contrib asks for this name."""
        return self.game.action_masks()
