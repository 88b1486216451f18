"""Several policies of one shape, each asked about a row of its own; those with the same weights are asked at once.

Agents that learn apart have a network each. At this size a network costs little more for eight rows than for one, so
where averaged gradients or averaged weights keep all alike, one call answers for everybody. Others are asked one by
one: laying their weights side by side (a convolution in groups, batched products) took 1.4 times as long for four
policies as asking each in arrays (`agents/learning/acting.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learning.sb3_policy import MaskablePPOLearner


class PolicyGroup:
    """The policies as they are now; make a new one when their weights have changed."""

    def __init__(self, policies: Sequence[MaskablePPOLearner], weights: Sequence[object]) -> None:
        """`weights` of each; policies whose weights are the same object are alike."""
        groups: dict[int, list[int]] = {}
        for row, own in enumerate(weights):
            groups.setdefault(id(own), []).append(row)
        self._groups = [(policies[rows[0]], rows) for rows in groups.values()]

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """pi_i(.|s_i): row i of observations and masks goes to policy i; (policies, actions), masked ones are 0.

        Raises DecisionValidationError when a mask allows no action.
        """
        if len(self._groups) == 1:
            return self._groups[0][0].probabilities(observations, masks)
        answers = np.empty(masks.shape, np.float32)
        for policy, rows in self._groups:
            own = slice(rows[0], rows[0] + 1) if len(rows) == 1 else rows
            answers[own] = policy.probabilities({key: array[own] for key, array in observations.items()}, masks[own])
        return answers
