"""Several policies of one shape, each asked about a row of its own, all in one call.

Agents that learn apart have a network each. At this size a network costs little more for eight rows than for one, so
where averaged gradients or averaged weights keep all alike, one of them answers for everybody. Others lie side by side
(`agents/learning/apart_array_layers.py`), which takes half of the time of asking four one by one. Where a network has
to be called as a whole, they are asked one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learning.acting import ActingPolicies
from agents.learning.array_layers import NoArrayLayer
from agents.learning.sb3_policy import MaskablePPOLearner

log = logging.getLogger(__name__)


class PolicyGroup:
    """The policies as they are now; make a new one when their weights have changed."""

    def __init__(self, policies: Sequence[MaskablePPOLearner], weights: Sequence[object]) -> None:
        """`weights` of each; policies whose weights are the same object are alike."""
        self._policies = policies
        self._are_alike = all(own is weights[0] for own in weights)
        self._apart = None if self._are_alike else _apart(policies)

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """pi_i(.|s_i): row i of observations and masks goes to policy i; (policies, actions), masked ones are 0.

        Raises DecisionValidationError when a mask allows no action.
        """
        if self._are_alike:
            return self._policies[0].probabilities(observations, masks)
        if self._apart is not None:
            return self._apart.probabilities(observations, masks)
        answers = np.empty(masks.shape, np.float32)
        for row, policy in enumerate(self._policies):
            own = slice(row, row + 1)
            answers[own] = policy.probabilities({key: array[own] for key, array in observations.items()}, masks[own])
        return answers


def _apart(policies: Sequence[MaskablePPOLearner]) -> ActingPolicies | None:
    """None where they have to be asked one by one."""
    try:
        return ActingPolicies([policy.policy for policy in policies])
    except NoArrayLayer as reason:
        log.debug("the policies are asked one by one, which takes longer: %s", reason)
        return None
