"""The vector env as Gymnasium's `VectorEnv`, for libraries that speak it.

Gymnasium wants finished lanes reset by the env. This face does it in the same step (`AutoresetMode.SAME_STEP`): the
observation is that of the new episode, and the last one of the old stands in `infos["final_obs"]`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from core.env.lanes.lane_seeds import LaneSeeds
from core.env.lanes.vector_env import VectorEnv, VectorStep
from core.env.lifetime import Uncopied
from core.exceptions import ConfigurationError

Observations = dict[str, NDArray[Any]]


class GymnasiumLanes(Uncopied, gym.vector.VectorEnv[Observations, NDArray[np.int64], NDArray[Any]]):
    """Wraps a `core.env.lanes.vector_env.VectorEnv`, which it closes with itself. Observations are policy views.

    `infos` has "action_mask" (bool, (lanes, 9)), "milestones" (bool, (lanes, count)) and "lost_steps" (int32,
    (lanes,)); for lanes that ended also "final_obs" and "final_info".
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}  # noqa: RUF012

    def __init__(self, lanes: VectorEnv) -> None:
        self.num_envs = lanes.lanes
        self.single_observation_space = lanes.policy_space
        self.single_action_space = lanes.action_space
        self.observation_space = batch_space(lanes.policy_space, lanes.lanes)
        self.action_space = batch_space(lanes.action_space, lanes.lanes)
        self._lanes = lanes
        self._seeds = LaneSeeds(lanes.lanes)
        self._masks: NDArray[np.bool_] = np.ones((lanes.lanes, lanes.action_space.n), dtype=np.bool_)

    def reset(
        self, *, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begin an episode in every lane: with `seed + lane`, with the seeds of a list, or going on without.

        There are no `options`, and ConfigurationError is raised for any: episodes that begin elsewhere are a matter of
        `VectorEnv.reset_lane`.
        """
        if options:
            raise ConfigurationError(
                f"lanes have no options of reset, and {', '.join(map(repr, options))} would be ignored; begin an "
                "episode elsewhere with VectorEnv.reset_lane(lane, seed, start)"
            )
        if isinstance(seed, list):
            self._seeds.restart(seed)
        elif seed is not None:
            self._seeds = LaneSeeds(self.num_envs, seed)
        else:
            self._seeds.restart([self._seeds.next(lane) for lane in range(self.num_envs)])
        step = self._lanes.reset(self._seeds.first)
        self._masks = step.masks
        return step.observations, self._infos(step)

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observations, NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Play one action in every lane, and begin a new episode where one ended."""
        played = last = self._lanes.step(actions)
        ended = np.flatnonzero(played.done)
        for lane in ended:
            last = self._lanes.reset_lane(int(lane), self._seeds.next(int(lane)))
        infos = self._infos(last)
        infos["lost_steps"] = played.lost_steps
        for lane in ended:
            final = {
                "final_obs": {key: array[lane] for key, array in played.observations.items()},
                "final_info": {"action_mask": played.masks[lane], "milestones": played.milestones[lane]},
            }
            infos = self._add_info(infos, final, int(lane))
        self._masks = last.masks
        return last.observations, played.rewards, played.terminated, played.truncated, infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions make sense now, bool (lanes, 9)."""
        return self._masks

    def close_extras(self, **kwargs: Any) -> None:
        """Close the workers."""
        self._lanes.close()

    def _infos(self, step: VectorStep) -> dict[str, Any]:
        every = np.ones(self.num_envs, dtype=np.bool_)
        infos: dict[str, Any] = {
            "action_mask": step.masks,
            "milestones": step.milestones,
            "lost_steps": step.lost_steps,
        }
        return infos | {f"_{key}": every.copy() for key in infos}
