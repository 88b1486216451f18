"""How far the guide deserves to be imitated, judged by what came of following it.

A guide may be wrong, and imitation of a wrong guide can lock a policy in. So each rollout is a small trial (short ones
may be put together): of the steps on which the guide had a wish, those where its action was played (whoever played it)
are compared with those where another was. The difference of their mean advantages, in standard errors (Welch's t), is
evidence for or against it.
Evidence is summed with forgetting, and trust is its logistic function: one half before anything is known, near 1 for a
guide whose actions do better than the alternatives, near 0 for one whose actions do worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORGETTING = 0.9
"""Factor on past evidence per rollout."""
MOST_EVIDENCE = 3.0
"""One rollout counts at most so many standard errors: a fluke cannot decide alone."""
LEAST_STEPS = 8
"""Fewer steps than this on either side say nothing."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Number, sum and sum of squares of some advantages."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, values: NDArray[np.float64]) -> _Sums:
        total, squares = float(values.sum()), float(np.square(values).sum())
        return _Sums(self.count + len(values), self.total + total, self.squares + squares)

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def error(self) -> float:
        """Square of the mean's standard error."""
        return max(0.0, self.squares / self.count - self.mean**2) / self.count


class TeacherTrust:
    """Summed evidence about the guide; `value` is the trust, 0 to 1."""

    def __init__(self, trial_steps: int = 1) -> None:
        """Rollouts are put together until there are `trial_steps`; by 1, each is a trial of its own."""
        self.evidence = 0.0
        self._trial_steps = trial_steps
        self._steps = 0
        """Of the trial under way."""
        self._with_guide, self._against = _Sums(), _Sums()

    @property
    def value(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.evidence))

    def judge(self, advantages: NDArray[np.float32], labelled: NDArray[np.bool_], followed: NDArray[np.bool_]) -> None:
        """One rollout, flat: advantages A of equation 3, where the guide had a wish, and where it was played."""
        self._steps += len(advantages)
        self._with_guide = self._with_guide.plus(advantages[labelled & followed].astype(np.float64))
        self._against = self._against.plus(advantages[labelled & ~followed].astype(np.float64))
        if self._steps < self._trial_steps:
            return
        good, bad = self._with_guide, self._against
        evidence = 0.0
        if min(good.count, bad.count) >= LEAST_STEPS:
            evidence = (good.mean - bad.mean) / (math.sqrt(good.error + bad.error) + 1e-8)
        self.evidence = FORGETTING * self.evidence + max(-MOST_EVIDENCE, min(MOST_EVIDENCE, evidence))
        self._steps, self._with_guide, self._against = 0, _Sums(), _Sums()

    def state(self) -> dict[str, Any]:
        """JSON-able, the trial under way included."""
        return {
            "evidence": self.evidence,
            "steps": self._steps,
            "with_guide": asdict(self._with_guide),
            "against": asdict(self._against),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restores what `state` gave."""
        self.evidence, self._steps = float(state["evidence"]), int(state["steps"])
        self._with_guide, self._against = _Sums(**state["with_guide"]), _Sums(**state["against"])
