"""What learners learn from: one step of all lanes, whoever chose the actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.vocabulary import Decision

NO_TEACHER_ACTION: Final = -1
"""In `teacher_actions`: the teacher had no action here."""


@dataclass(frozen=True, slots=True)
class LaneInputs:
    """What a decision is made from, of some lanes: the policy's views and the masks, with a leading axis of lanes."""

    observations: Mapping[str, NDArray[Any]]
    masks: NDArray[np.bool_]


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
    def of_decisions(
        cls,
        before: LaneInputs,
        decisions: Sequence[Decision],
        rewards: NDArray[np.floating[Any]],
        next_observations: Mapping[str, NDArray[Any]],
        *,
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        lost: NDArray[np.bool_] | None = None,
    ) -> LaneTransitions:
        """What came of one decision in each lane; `decisions` has one entry for each row of `before`."""
        return cls(
            observations=before.observations,
            masks=before.masks,
            actions=np.array([decision.action for decision in decisions], dtype=np.int64),
            behaviour_probabilities=np.array([decision.behaviour_probability for decision in decisions]),
            teacher_actions=np.array([_teacher_action_of(decision) for decision in decisions]),
            teacher_probabilities=np.array([decision.teacher_probability for decision in decisions]),
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
            next_observations=next_observations,
            lost=lost,
        )


def _teacher_action_of(decision: Decision) -> int:
    return NO_TEACHER_ACTION if decision.teacher_action is None else decision.teacher_action
