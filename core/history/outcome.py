"""What "outcome" and "progress" mean, in one place.

The outcome of a decision is the discounted reward of the decisions that follow it, itself included:
`sum(0.97 ** i * reward[t + i] for i in range(64))`, cut off where the episode ends. The discount halves a reward
after about 23 decisions, so an outcome speaks of what a decision led to soon, not of the episode as a whole.
It is computed once, when the episode ends.

The progress of a decision is the pace of its episode from then on: the milestones that were still reached, for each
thousand of the decisions that it took to the end. A further thousand is added, or else the last steps before an end
would outweigh everything. Progress tells which of two games got on faster: what an outcome cannot see. (A discounted
number of milestones does not: a choice that brings early, optional ones and then a long way round looks better.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OUTCOME_HORIZON_STEPS = 64
OUTCOME_DISCOUNT = 0.97

_WEIGHTS = OUTCOME_DISCOUNT ** np.arange(OUTCOME_HORIZON_STEPS)


def discounted_outcomes(rewards: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outcome of every decision of one episode; same shape as `rewards`, (steps,)."""
    if rewards.size == 0:
        return np.zeros(0)
    return np.convolve(rewards[::-1], _WEIGHTS)[: rewards.size][::-1]


PACE_STEPS = 1000


def pace(at: NDArray[np.int64], milestones: Sequence[int], steps: int) -> NDArray[np.float64]:
    """Progress of the decisions at the steps `at`, (decisions,), in an episode of `steps` that reached `milestones`."""
    ahead = (np.asarray(milestones, dtype=np.int64)[None, :] >= at[:, None]).sum(axis=1)
    return PACE_STEPS * ahead / (steps - at + PACE_STEPS)


MICRO = 1_000_000
"""Sums in rollups are integers of millionths, so that what was added can be taken out again without a rest."""


def to_micro(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values rounded to whole millionths."""
    return np.rint(values * MICRO).astype(np.int64)
