"""What learners learn from: one step of all lanes, whoever chose the actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.vocabulary import Decision

NO_TEACHER_ACTION: Final = -1
"""In `teacher_actions`: the teacher had no action here."""


def teacher_action_of(decision: Decision) -> int:
    """The teacher's action as `teacher_actions` holds it."""
    return NO_TEACHER_ACTION if decision.teacher_action is None else decision.teacher_action


@dataclass(frozen=True, slots=True)
class LaneTransitions:
    """One transition per lane; every array has a leading axis of lanes."""

    observations: Mapping[str, NDArray[Any]]
    masks: NDArray[np.bool_]
    """(lanes, actions): what was allowed."""
    actions: NDArray[np.int64]
    """What was played."""
    behaviour_probabilities: NDArray[np.floating[Any]]
    """The chance, in (0, 1], that the whole agent, teacher and policy together, gave the played action."""
    teacher_actions: NDArray[np.int64]
    """The teacher's action, also where the policy acted; `NO_TEACHER_ACTION` for none."""
    teacher_probabilities: NDArray[np.floating[Any]]
    """The chance, 0 to 1, that the whole agent gave the teacher's action; without one the number means nothing."""
    rewards: NDArray[np.floating[Any]]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    next_observations: Mapping[str, NDArray[Any]]
    """What came after the action, *before* a finished lane was reset."""
    lost: NDArray[np.bool_] | None = None
    """Lanes whose action was not played, because the environment broke down under it: nothing is learned from them."""

    @classmethod
    def of_one_lane(
        cls,
        observations: Mapping[str, NDArray[Any]],
        masks: NDArray[np.bool_],
        decision: Decision,
        reward: float,
        next_observations: Mapping[str, NDArray[Any]],
        *,
        terminated: bool,
        truncated: bool,
        lost: bool = False,
    ) -> LaneTransitions:
        """What came of one decision; views and mask have a leading axis of one."""
        return cls(
            observations=observations,
            masks=masks,
            actions=np.array([decision.action]),
            behaviour_probabilities=np.array([decision.behaviour_probability]),
            teacher_actions=np.array([teacher_action_of(decision)]),
            teacher_probabilities=np.array([decision.teacher_probability]),
            rewards=np.array([reward]),
            terminated=np.array([terminated]),
            truncated=np.array([truncated]),
            next_observations=next_observations,
            lost=np.array([lost]),
        )
