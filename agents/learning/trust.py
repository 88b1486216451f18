"""How much to imitate the teacher, measured by the rewards of following it.

A teacher may be wrong, and imitation of a wrong teacher can lock a policy in. So each rollout is a randomised trial. At
every step t with a teacher's action, a coin decided whether it was played, and the coin's probability p_t is known: the
probability with which the whole agent plays that action. With F_t = 1 where it was played, else 0, and G_t the rewards
of the steps that followed, discounted so that about ten of them count (centred by their mean, weighted with
p_t (1 - p_t)), the trial's evidence is

    z = sum (F_t - p_t) G_t / sqrt(sum p_t (1 - p_t) G_t^2)                                        (11)

the score of a randomisation test. If following has no effect, z is standard normal, whatever the states are and however
similar the steps are: only the coins must be independent. If following helps, z is large. The rewards are real ones; a
value function is not used, because it errs where the policy does.

Evidence is summed with forgetting, and trust is its logistic function: 0.5 before anything is known, near 1 for a
teacher whose actions do better than the alternatives, near 0 for one whose actions do worse.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

OUTCOME_DISCOUNT = 0.9
"""Discount of the rewards ahead: long enough for a step in a wrong direction to cost something, short enough that the
luck of a whole rollout does not hide it."""
FORGETTING = 0.9
"""Factor on past evidence per rollout."""
MOST_EVIDENCE = 3.0
"""Most standard errors that one rollout counts: a single lucky rollout cannot decide."""
LEAST_VARIANCE = 2.0
"""Least sum of p (1 - p), the variance of the number of followed steps: with less, the coins say nothing."""


def rewards_ahead(rewards: NDArray[np.floating], ends: NDArray[np.bool_]) -> NDArray[np.float64]:
    """G_t of equation 11 for arrays (steps, lanes), not centred; it stops at an episode's and the rollout's end."""
    ahead = np.empty(rewards.shape, np.float64)
    later = np.zeros(rewards.shape[1])
    for step in range(len(rewards) - 1, -1, -1):
        later = rewards[step] + OUTCOME_DISCOUNT * np.where(ends[step], 0.0, later)
        ahead[step] = later
    return ahead


class TeacherTrust:
    """Summed evidence about the teacher; `value` is the trust, 0 to 1."""

    def __init__(self) -> None:
        self.evidence = 0.0
        """Log-odds; at most `MOST_EVIDENCE / (1 - FORGETTING)` either way."""

    @property
    def value(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.evidence))

    def judge(self, outcomes: NDArray[np.float64], followed: NDArray[np.bool_], chances: NDArray[np.floating]) -> None:
        """Add one rollout: G, F and p of equation 11 for the steps with a teacher's action, flat."""
        chances = chances.astype(np.float64)
        variances = chances * (1.0 - chances)
        total = float(variances.sum())
        evidence = 0.0
        if total >= LEAST_VARIANCE:
            centred = outcomes - float((variances * outcomes).sum()) / total
            error = math.sqrt(float((variances * centred**2).sum()))
            evidence = float(((followed - chances) * centred).sum()) / (error + 1e-8)
        self.evidence = FORGETTING * self.evidence + max(-MOST_EVIDENCE, min(MOST_EVIDENCE, evidence))
