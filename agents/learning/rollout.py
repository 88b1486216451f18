"""The transitions between two updates: preallocated arrays (steps, lanes, ...), filled one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.agent.lane_transitions import NO_TEACHER_ACTION, LaneTransitions


def transition_bytes(observation_space: spaces.Dict, actions: int) -> int:
    """Memory that one transition of one lane takes in a `Rollout`."""
    one = Rollout(observation_space, 1, 1, actions)
    arrays = [value for value in vars(one).values() if isinstance(value, np.ndarray)]
    return sum(array.nbytes for array in (*arrays, *one.observations.values()))


class Rollout:
    """Everything the learner keeps of each step, and the few observations that no next step repeats.

    An observation after a step is normally the next step's observation, so it is not stored twice. Two kinds have no
    next step: those at a truncation (needed to bootstrap) and those after the last step of the rollout.
    """

    def __init__(self, observation_space: spaces.Dict, steps: int, lanes: int, actions: int) -> None:
        self.steps, self.lanes = steps, lanes
        self.filled = 0
        self.observations: dict[str, NDArray[Any]] = {
            key: np.zeros((steps, lanes, *space.shape), space.dtype)  # type: ignore[misc]
            for key, space in observation_space.spaces.items()
        }
        self.masks = np.zeros((steps, lanes, actions), np.bool_)
        self.actions = np.zeros((steps, lanes), np.int64)
        self.behaviour_probabilities = np.zeros((steps, lanes), np.float32)
        self.teacher_actions = np.full((steps, lanes), NO_TEACHER_ACTION, np.int64)
        self.teacher_probabilities = np.zeros((steps, lanes), np.float32)
        self.rewards = np.zeros((steps, lanes), np.float32)
        self.terminated = np.zeros((steps, lanes), np.bool_)
        self.truncated = np.zeros((steps, lanes), np.bool_)
        self.lost = np.zeros((steps, lanes), np.bool_)
        """Steps that were decided and never played."""
        self.last_observations = {
            key: np.zeros(array.shape[1:], array.dtype) for key, array in self.observations.items()
        }
        self.truncated_at: list[tuple[int, int]] = []
        """(step, lane) of each truncation, in the order of `truncated_observations`."""
        self.truncated_observations: list[dict[str, NDArray[Any]]] = []

    @property
    def full(self) -> bool:
        return self.filled == self.steps

    def add(self, played: LaneTransitions) -> None:
        """Copy in one step of all lanes; the caller may reuse its arrays."""
        step = self.filled
        for key, array in self.observations.items():
            array[step] = played.observations[key]
        self.masks[step] = played.masks
        self.actions[step] = played.actions
        self.behaviour_probabilities[step] = played.behaviour_probabilities
        self.teacher_actions[step] = played.teacher_actions
        self.teacher_probabilities[step] = played.teacher_probabilities
        self.rewards[step] = played.rewards
        self.terminated[step] = played.terminated
        self.truncated[step] = played.truncated
        self.lost[step] = False if played.lost is None else played.lost
        self.filled = step + 1
        for lane in np.flatnonzero(self.truncated[step] & ~self.terminated[step]):
            self.truncated_at.append((step, int(lane)))
            after = {key: played.next_observations[key][lane].copy() for key in self.observations}
            self.truncated_observations.append(after)
        if self.full:
            for key, array in self.last_observations.items():
                array[...] = played.next_observations[key]

    def clear(self) -> None:
        """Forget all steps; the arrays stay."""
        self.filled = 0
        self.truncated_at.clear()
        self.truncated_observations.clear()
