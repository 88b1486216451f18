"""The env as other libraries want it: one flat observation, numbers near 0 to 1, masks under the usual name.

The documented observation has words in a nested Dict, which Stable-Baselines3 refuses, and numbers in their natural
units, which no network likes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.env.observation import STATE_VARIABLES
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


class ScaledStateEnv(gym.ObservationWrapper[NDArray[np.float32], np.int64, dict[str, Any]]):
    """Wraps an env; observations are its `state_variables` divided by their greatest values: float32 (25,), 0 to 1.

    They say where the player is and how the party fares, not what is around: a network that sees no map learns little.
    """

    def __init__(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        super().__init__(env)
        self.game = env
        self._greatest = np.array([greatest for _, greatest in STATE_VARIABLES], dtype=np.float32)
        self.observation_space = spaces.Box(0.0, 1.0, self._greatest.shape, np.float32)

    def observation(self, observation: dict[str, Any]) -> NDArray[np.float32]:
        """The numbers, scaled."""
        return np.clip(observation["state_variables"] / self._greatest, 0.0, 1.0, dtype=np.float32)

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions make sense now, bool (9,)."""
        return self.game.action_masks()


def make_policy_env(rom_path: str | Path = "fernvale", **settings: Any) -> PolicyViewEnv:
    """What ids of `gymnasium.make` stand for (`core/gymnasium_ids.py`); `settings` are keywords of the env."""
    settings.setdefault("observation_type", "state")
    return PolicyViewEnv(EnhancedPyBoyPokemonCrystalEnv(rom_path, **settings))


def make_scaled_state_env(rom_path: str | Path = "fernvale", **settings: Any) -> ScaledStateEnv:
    """The same with scaled numbers as the observation."""
    settings["observation_type"] = "state"
    return ScaledStateEnv(EnhancedPyBoyPokemonCrystalEnv(rom_path, **settings))
