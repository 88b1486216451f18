"""Confidence intervals for shares of a handful of episodes, and for means of a handful of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z_95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927), both ends within 0 and 1.

    Unlike the textbook interval it stays honest at 0 of n and n of n. Raises ValueError without trials.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} successes of {trials} trials: a share needs at least one trial")
    share = successes / trials
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    centre, scale = share + z * z / (2 * trials), 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def bootstrap_interval(values: Sequence[float], draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean (Efron 1979); the same for the same values.

    Of fewer than five values it is too narrow, since resampling knows only what was seen; of one it is that value.
    Raises ValueError without values.
    """
    if not values:
        raise ValueError("an interval needs at least one value")
    given = np.asarray(values, dtype=np.float64)
    chosen = np.random.default_rng(seed).integers(given.size, size=(draws, given.size))
    low, high = np.quantile(given[chosen].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
