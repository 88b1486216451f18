"""What "outcome" and "progress" mean, in one place.

The outcome of a decision is the discounted reward of the decisions that follow it, itself included:
`sum(0.97 ** i * reward[t + i] for i in range(64))`, cut off where the episode ends. The discount halves a reward
after about 23 decisions, so an outcome speaks of what a decision led to soon, not of the episode as a whole.
It is computed once, when the episode ends.

The progress of a decision is the discounted number of milestones that its episode reached from then on. A milestone
counts half after 2,000 decisions, so progress tells which of two games got on faster: what an outcome cannot see.
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


PROGRESS_HALF_LIFE_STEPS = 2000


def discounted_progress(at: NDArray[np.int64], milestones: Sequence[int]) -> NDArray[np.float64]:
    """Progress of the decisions at the steps `at`, (decisions,), in an episode that reached `milestones` (steps)."""
    ahead = np.asarray(milestones, dtype=np.int64)[None, :] - at[:, None]
    return np.where(ahead >= 0, 0.5 ** (np.maximum(ahead, 0) / PROGRESS_HALF_LIFE_STEPS), 0.0).sum(axis=1)


MICRO = 1_000_000
"""Sums in rollups are integers of millionths, so that what was added can be taken out again without a rest."""


def to_micro(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values rounded to whole millionths."""
    return np.rint(values * MICRO).astype(np.int64)
