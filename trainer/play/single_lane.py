"""One documented environment in the form of many lanes, so that there is one training loop and not two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from trainer.play.step_arrays import StepArrays


class SingleLane:
    """Plays through the documented `reset` and `step`, so whatever a subclass or wrapper changes there holds here."""

    def __init__(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        self.env = env
        self.lanes = 1
        self.rom = env.rom
        self.milestone_names = tuple(milestone.id for milestone in env.tracker.milestones)

    def reset(self, seeds: Sequence[int]) -> StepArrays:
        """Begins an episode with `seeds[0]`."""
        (seed,) = seeds
        return self.reset_lane(0, seed)

    def reset_lane(self, lane: int, seed: int, start: StartPoint | None = None) -> StepArrays:
        """The same, at `start` or where the environment itself begins; `lane` is 0."""
        del lane
        options = None if start is None else start.reset_options
        _, info = self.env.reset(seed=seed, options=options)
        return self._step(info, 0.0, False, False)

    def step(self, actions: NDArray[np.int64]) -> StepArrays:
        """Plays `actions[0]`."""
        _, reward, terminated, truncated, info = self.env.step(int(actions[0]))
        return self._step(info, float(reward), terminated, truncated)

    def game_state(self, lane: int) -> GameState:
        """The game as it is now."""
        del lane
        return self.env.state

    def close(self) -> None:
        """Closes the environment."""
        self.env.close()

    def _step(self, info: Mapping[str, Any], reward: float, terminated: bool, truncated: bool) -> StepArrays:
        reached = set(info["milestones"])
        return StepArrays(
            observations={key: value[None] for key, value in self.env.policy_observation().items()},
            masks=np.asarray(info["action_mask"], dtype=np.bool_)[None],
            rewards=np.array([reward], dtype=np.float32),
            terminated=np.array([terminated]),
            truncated=np.array([truncated]),
            milestones=np.array([[name in reached for name in self.milestone_names]]),
            lost_steps=np.zeros(1, dtype=np.int32),
        )
