"""The transitions between two updates: preallocated arrays (steps, lanes, ...), filled one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.agent.lane_transitions import NO_TEACHER_ACTION, LaneTransitions
from core.exceptions import TrainingError

_COLUMNS: Final = (
    *("masks", "actions", "behaviour_probabilities", "teacher_actions", "teacher_probabilities"),
    *("rewards", "terminated", "truncated", "lost"),
)
"""The arrays of shape (steps, lanes, ...) beside the observations."""


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

    @property
    def missing(self) -> int:
        """Steps until it is full."""
        return self.steps - self.filled

    def add(self, played: LaneTransitions) -> None:
        """Copy in one step of all lanes; the caller may reuse its arrays.

        Raises TrainingError when it is full, when a probability is not in (0, 1], or when the mask forbids a played
        action.
        """
        if self.full:
            raise TrainingError(f"the rollout of {self.steps} steps is full: call update() before observe()")
        chances = played.behaviour_probabilities.tolist()  # for a few lanes, faster than arrays
        if not all(0 < chance <= 1 + 1e-5 for chance in chances):
            raise TrainingError(
                f"behaviour probabilities {chances} must lie in (0, 1]: the played action had that chance"
            )
        if not played.masks[np.arange(self.lanes), played.actions].all():
            raise TrainingError(
                f"actions {played.actions} are not all allowed by their masks: the policy cannot learn from them"
            )
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
        for lane in np.flatnonzero(self.truncated[step] > self.terminated[step]):
            self.truncated_at.append((step, int(lane)))
            after = {key: played.next_observations[key][lane].copy() for key in self.observations}
            self.truncated_observations.append(after)
        if self.full:
            for key, array in self.last_observations.items():
                array[...] = played.next_observations[key]

    def extend(self, parts: Sequence[Rollout]) -> None:
        """Copy in full rollouts of some lanes each, in the order of the lanes: what others have played side by side.

        Raises TrainingError where they are not all of the same steps, not of these lanes together, or too long.
        """
        steps = {part.filled for part in parts if part.full}
        lanes = sum(part.lanes for part in parts)
        if len(steps) != 1 or not all(part.full for part in parts) or lanes != self.lanes or max(steps) > self.missing:
            raise TrainingError(
                f"{[(part.filled, part.lanes) for part in parts]} steps and lanes do not go together into a rollout "
                f"that lacks {self.missing} steps of {self.lanes} lanes"
            )
        first, last, lane = self.filled, self.filled + steps.pop(), 0
        for part in parts:
            place = (slice(first, last), slice(lane, lane + part.lanes))
            for key, array in self.observations.items():
                array[place] = part.observations[key]
                self.last_observations[key][place[1]] = part.last_observations[key]
            for name in _COLUMNS:
                getattr(self, name)[place] = getattr(part, name)
            self.truncated_at += [(first + step, lane + own) for step, own in part.truncated_at]
            self.truncated_observations += part.truncated_observations
            lane += part.lanes
        self.filled = last

    def fitted(self, steps: int, observation_space: spaces.Dict) -> Rollout:
        """The same play as a full rollout of so many steps: its last ones, or all of them behind steps that count as
        decided and never played. An empty one gives such steps only."""
        fitted = Rollout(observation_space, steps, self.lanes, self.masks.shape[-1])
        kept = min(steps, self.filled)
        place, own = slice(steps - kept, steps), slice(self.filled - kept, self.filled)
        fitted.masks[: steps - kept] = True
        fitted.behaviour_probabilities[: steps - kept] = 1.0
        fitted.lost[: steps - kept] = True
        for key, array in fitted.observations.items():
            array[place] = self.observations[key][own]
            fitted.last_observations[key][...] = self.last_observations[key]
        for name in _COLUMNS:
            getattr(fitted, name)[place] = getattr(self, name)[own]
        moved = steps - self.filled
        for (step, lane), after in zip(self.truncated_at, self.truncated_observations, strict=True):
            if step + moved >= 0:
                fitted.truncated_at.append((step + moved, lane))
                fitted.truncated_observations.append(after)
        fitted.filled = steps
        return fitted

    def apart(self, observation_space: spaces.Dict) -> list[Rollout]:
        """The same play, a rollout for each lane, which shares nothing with this one."""
        parts = []
        for lane in range(self.lanes):
            part = Rollout(observation_space, self.steps, 1, self.masks.shape[-1])
            own = slice(lane, lane + 1)
            for key, array in part.observations.items():
                array[...] = self.observations[key][:, own]
                part.last_observations[key][...] = self.last_observations[key][own]
            for name in _COLUMNS:
                getattr(part, name)[...] = getattr(self, name)[:, own]
            ends = zip(self.truncated_at, self.truncated_observations, strict=True)
            found = [(step, after) for (step, ended), after in ends if ended == lane]
            part.truncated_at = [(step, 0) for step, _ in found]
            part.truncated_observations = [after for _, after in found]
            part.filled = self.filled
            parts.append(part)
        return parts

    def cut(self, lanes: range) -> None:
        """The games of these lanes ended with the last step that was added by `extend`, through no fault of theirs."""
        step = self.filled - 1
        for lane in lanes:
            if step < 0 or self.terminated[step, lane] or self.truncated[step, lane]:
                continue
            self.truncated[step, lane] = True
            self.truncated_at.append((step, lane))
            self.truncated_observations.append({key: last[lane].copy() for key, last in self.last_observations.items()})

    def clear(self) -> None:
        """Forget all steps; the arrays stay."""
        self.filled = 0
        self.truncated_at.clear()
        self.truncated_observations.clear()
