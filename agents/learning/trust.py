"""How far the guide deserves to be imitated, judged by what came of following it.

A guide may be wrong, and imitation of a wrong guide can lock a policy in. So each rollout is a small trial: of the
steps on which the guide had a wish, those where its action was played (whoever played it) are compared with those where
another was. The difference of their mean advantages, in standard errors (Welch's t), is evidence for or against it.
Evidence is summed with forgetting, and trust is its logistic function: one half before anything is known, near 1 for a
guide whose actions do better than the alternatives, near 0 for one whose actions do worse.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FORGETTING = 0.9
"""Factor on past evidence per rollout."""
MOST_EVIDENCE = 3.0
"""One rollout counts at most so many standard errors: a fluke cannot decide alone."""
LEAST_STEPS = 8
"""Fewer steps than this on either side say nothing."""


class TeacherTrust:
    """Summed evidence about the guide; `value` is the trust, 0 to 1."""

    def __init__(self, evidence: float = 0.0) -> None:
        self.evidence = evidence

    @property
    def value(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.evidence))

    def judge(self, advantages: NDArray[np.float32], labelled: NDArray[np.bool_], followed: NDArray[np.bool_]) -> None:
        """One rollout, flat: advantages A of equation 3, where the guide had a wish, and where it was played."""
        with_guide = advantages[labelled & followed].astype(np.float64)
        against = advantages[labelled & ~followed].astype(np.float64)
        evidence = 0.0
        if min(len(with_guide), len(against)) >= LEAST_STEPS:
            error = math.sqrt(with_guide.var() / len(with_guide) + against.var() / len(against))
            evidence = (with_guide.mean() - against.mean()) / (error + 1e-8)
        self.evidence = FORGETTING * self.evidence + max(-MOST_EVIDENCE, min(MOST_EVIDENCE, evidence))
