"""Group-relative advantages: the other candidates for the same prompt are the baseline (Shao et al. 2024, GRPO)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

SMALL = 1e-8


class Scaling(StrEnum):
    """The divisor of a group's differences."""

    GROUP = "group"
    """The group's own standard deviation, as published."""
    BATCH = "batch"
    """The deviation over all groups: easy and hopeless prompts weigh less."""
    NONE = "none"


def group_advantages(
    rewards_by_group: Sequence[NDArray[np.float64]], scaling: Scaling = Scaling.GROUP
) -> list[NDArray[np.float64]]:
    """Reward minus the mean of its group, scaled. A group of equal rewards gets zeros: it teaches nothing.

    Exact ones, because the mean of three equal numbers may differ from them in the last digit, and an optimiser makes
    the same step of a tiny gradient as of a large one.
    """
    centred = [
        rewards - rewards.mean() if has_spread(rewards) else np.zeros(len(rewards)) for rewards in rewards_by_group
    ]
    if scaling is Scaling.GROUP:
        return [row / (row.std() + SMALL) for row in centred]
    if scaling is Scaling.BATCH and centred:
        deviation = float(np.concatenate(centred).std())
        return [row / (deviation + SMALL) for row in centred]
    return centred


def has_spread(rewards: NDArray[np.float64]) -> bool:
    """Whether a group teaches anything: its rewards are not all equal."""
    return bool(np.ptp(rewards) >= SMALL)


def zero_variance_share(rewards_by_group: Sequence[NDArray[np.float64]]) -> float:
    """Share of the groups, 0 to 1, that teach nothing because all their rewards are equal."""
    if not rewards_by_group:
        return 0.0
    return float(np.mean([not has_spread(rewards) for rewards in rewards_by_group]))
