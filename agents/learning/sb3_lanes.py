"""The vector env as Stable-Baselines3's `VecEnv`, for its algorithms and those of sb3-contrib.

SB3 expects the env to reset finished lanes: the observation is the new episode's first, and the old episode's last is
in `infos[lane]["terminal_observation"]`. `MaskablePPO` finds its masks through `action_masks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvObs, VecEnvStepReturn

from core.env.lanes.lane_seeds import LaneSeeds
from core.env.lanes.vector_env import VectorEnv
from core.env.lifetime import Uncopied
from core.exceptions import ConfigurationError

_KNOWN_ATTRIBUTES = ("render_mode", "action_masks", "max_steps")


class SB3Lanes(Uncopied, VecEnv):
    """Wraps a `core.env.lanes.vector_env.VectorEnv` and closes it with itself. Observations are policy views.

    `infos[lane]` has "action_mask" and "lost_steps", and where an episode ended SB3's "terminal_observation" and
    "TimeLimit.truncated".
    """

    def __init__(self, lanes: VectorEnv) -> None:
        self._lanes = lanes
        self._next_seeds = LaneSeeds(lanes.lanes)
        self._masks: NDArray[np.bool_] = np.ones((lanes.lanes, lanes.action_space.n), dtype=np.bool_)
        super().__init__(lanes.lanes, lanes.policy_space, lanes.action_space)

    def reset(self) -> VecEnvObs:
        """Begin an episode in every lane; with the seeds of `seed()`, if that was called since the last reset."""
        given = self._seeds
        self._next_seeds.restart(
            [self._next_seeds.next(lane) if seed is None else int(seed) for lane, seed in enumerate(given)]
        )
        self._reset_seeds()
        step = self._lanes.reset(self._next_seeds.first)
        self._masks = step.masks
        self.reset_infos = [{"action_mask": mask} for mask in step.masks]
        return step.observations

    def step_async(self, actions: np.ndarray) -> None:
        """Start a step in all workers and return at once."""
        for half, lanes in enumerate(self._lanes.halves):
            self._lanes.send(half, actions[lanes.start : lanes.stop])

    def step_wait(self) -> VecEnvStepReturn:
        """The results of the step."""
        halves = [self._lanes.receive(half) for half in range(len(self._lanes.halves))]
        observations = {
            key: np.concatenate([half.observations[key] for half in halves]) for key in halves[0].observations
        }
        self._masks = np.concatenate([half.masks for half in halves])
        rewards = np.concatenate([half.rewards for half in halves])
        done = np.concatenate([half.done for half in halves])
        truncated = np.concatenate([half.truncated & ~half.terminated for half in halves])
        lost_steps = np.concatenate([half.lost_steps for half in halves])
        infos: list[dict[str, Any]] = [{"lost_steps": int(steps)} for steps in lost_steps]
        for lane in map(int, np.flatnonzero(done)):
            infos[lane]["terminal_observation"] = {key: array[lane].copy() for key, array in observations.items()}
            infos[lane]["TimeLimit.truncated"] = bool(truncated[lane])
            began = self._lanes.reset_lane_of_half(lane, self._next_seeds.next(lane))
            row = lane - began.first_lane
            for key, array in observations.items():
                array[lane] = began.observations[key][row]
            self._masks[lane] = began.masks[row]
        for info, mask in zip(infos, self._masks, strict=True):
            info["action_mask"] = mask
        return observations, rewards, done, infos

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Refused: lanes have no options of reset. Raises ConfigurationError."""
        if options:
            raise ConfigurationError(
                f"lanes have no options of reset, and {options!r:.80} would be ignored; begin an episode elsewhere "
                "with VectorEnv.reset_lane(lane, seed, start)"
            )

    def close(self) -> None:
        """Close the workers."""
        self._lanes.close()

    def has_attr(self, attr_name: str) -> bool:
        """Whether the wrapped env has that attribute."""
        return attr_name in _KNOWN_ATTRIBUTES

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """One value a lane, only for attributes that all lanes share. The games themselves are in other processes."""
        lanes = list(self._get_indices(indices))
        if attr_name == "render_mode":
            return [None for _ in lanes]
        if attr_name == "max_steps":
            return [self._lanes.max_steps for _ in lanes]
        if attr_name == "action_masks":
            return [lambda lane=lane: self._masks[lane] for lane in lanes]
        raise AttributeError(f"lanes have no attribute {attr_name!r}; they have {', '.join(_KNOWN_ATTRIBUTES)}")

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refused: `make_env` decides how a lane is set up."""
        raise ConfigurationError(f"cannot set {attr_name!r} of lanes in other processes; set it in make_env")

    def env_method(self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **_: Any) -> list[Any]:
        """`action_masks` of some lanes; nothing else can be called."""
        if method_name != "action_masks":
            raise AttributeError(f"cannot call {method_name!r} of lanes in other processes; only action_masks")
        return [self._masks[lane] for lane in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Any = None) -> list[bool]:
        """No lane is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Lanes draw no pictures."""
        return [None] * self.num_envs
