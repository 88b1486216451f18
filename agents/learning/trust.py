"""How far the teacher deserves to be imitated, judged by what came of following it.

A teacher may be wrong, and imitation of a wrong teacher can lock a policy in. So each rollout is a randomised trial. At
every step t on which the teacher had a wish, a coin decided whether it was played, and the coin's chance p_t is known:
the probability with which the whole agent would have played the wish. With F_t = 1 where it was played, else 0, and
G_t the rewards of the steps that followed, discounted so that about ten of them count (centred by their mean, weighted
with p_t (1 - p_t)), the trial's evidence is

    z = sum (F_t - p_t) G_t / sqrt(sum p_t (1 - p_t) G_t^2)                                        (11)

the score of a randomisation test. Following does nothing if z is standard normal, whatever the states are like in which
it happened and however much steps resemble each other: the coins are independent, and nothing else needs to be. It
helps when z is large. The rewards are real ones: a value function is not asked, because it errs where the policy does.

Evidence is summed with forgetting, and trust is its logistic function: one half before anything is known, near 1 for a
teacher whose actions do better than the alternatives, near 0 for one whose actions do worse.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

OUTCOME_DISCOUNT = 0.9
"""Of the rewards ahead. Long enough for a step in a wrong direction to cost something, short enough that the luck of a
whole rollout does not drown it."""
FORGETTING = 0.9
"""Factor on past evidence per rollout."""
MOST_EVIDENCE = 3.0
"""One rollout counts at most so many standard errors: a fluke cannot decide alone."""
LEAST_VARIANCE = 2.0
"""Least sum of p (1 - p), the variance of how often the wish is played by chance: with less, the coins say nothing."""


def rewards_ahead(rewards: NDArray[np.floating], ends: NDArray[np.bool_]) -> NDArray[np.float64]:
    """G_t of equation 11 for arrays (steps, lanes), not centred; nothing is counted beyond an end or the rollout."""
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
        """One rollout, flat, of the steps on which the teacher had a wish: G, F and p of equation 11."""
        chances = chances.astype(np.float64)
        variances = chances * (1.0 - chances)
        total = float(variances.sum())
        evidence = 0.0
        if total >= LEAST_VARIANCE:
            centred = outcomes - float((variances * outcomes).sum()) / total
            error = math.sqrt(float((variances * centred**2).sum()))
            evidence = float(((followed - chances) * centred).sum()) / (error + 1e-8)
        self.evidence = FORGETTING * self.evidence + max(-MOST_EVIDENCE, min(MOST_EVIDENCE, evidence))
