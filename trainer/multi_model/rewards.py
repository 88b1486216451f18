"""What each training mode pays: from the rewards that the world gave to those that the models learn from.

With N models, rewards r_i, their mean m, s the cooperation strength and c the competition intensity:

    cooperative    r'_i = (1 - s) * r_i + s * m                                                     (1)
    competitive    r'_i = (1 - c) * r_i + c * S * rank_i                                            (2)
    mixed          r'_i = (1 - s' - c') * r_i + s' * m + c' * S * rank_i                            (3)
                   s' = s * gap, c' = c * (1 - gap)
    hierarchical   r'_leader = m,  r'_i = (1 - s) * r_i + s * S * followed_i                        (4)

rank_i is 1 for the best, -1 for the worst, even steps between, ties the mean of their places, so (2) sums to
(1 - c) * sum(r): rivals win only what others lose. S is the mean absolute reward, which puts ranks on the scale of
the world. `gap` is 0 while the models do equally well and 1 when they are as far apart as can be: those who fall
behind get more help, those who are close compete. `followed_i` is the share, 0 to 1, of the follower's decisions that
carried out the leader's plan, less the same share of all followers together, so that following pays and nothing is
paid for doing nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.multi_model.config import TrainingMode

Rewards = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Balance:
    """How much of a reward is the team's and how much the rank's; both 0 to 1."""

    cooperation: float
    competition: float


def gap_of(performances: Rewards) -> float:
    """How far apart the models are, 0 to 1: the range of their performances over the range of the values 0 and all."""
    highest, lowest = float(np.max(performances, initial=0.0)), float(np.min(performances, initial=0.0))
    if len(performances) < 2 or highest == lowest:
        return 0.0
    return float(np.ptp(performances)) / (highest - lowest)


def balance_of(mode: TrainingMode, strength: float, intensity: float, performances: Rewards) -> Balance:
    """The weights of team and rank now; `performances` are the models' recent mean rewards."""
    match mode:
        case TrainingMode.COOPERATIVE:
            return Balance(strength, 0.0)
        case TrainingMode.COMPETITIVE:
            return Balance(0.0, intensity)
        case TrainingMode.HIERARCHICAL:
            return Balance(strength, 0.0)
        case TrainingMode.MIXED:
            gap = gap_of(performances)
            return Balance(strength * gap, intensity * (1.0 - gap))


def ranks(rewards: Rewards) -> Rewards:
    """1 for the best, -1 for the worst, ties share the mean of their places; 0 for a single model."""
    count = len(rewards)
    if count < 2:
        return np.zeros(count)
    below = (rewards[None, :] < rewards[:, None]).sum(axis=1)
    above = (rewards[None, :] > rewards[:, None]).sum(axis=1)
    return (below - above) / (count - 1)


def shaped_rewards(
    mode: TrainingMode, rewards: Rewards, balance: Balance, leader: int | None = None, followed: Rewards | None = None
) -> Rewards:
    """Equations 1 to 4 for one step or one episode; shape (models,) in and out."""
    team = float(rewards.mean())
    scale = float(np.abs(rewards).mean())
    if mode is TrainingMode.HIERARCHICAL and leader is not None and len(rewards) > 1:
        return _hierarchical(rewards, balance.cooperation, leader, scale, followed)
    own = 1.0 - balance.cooperation - balance.competition
    return own * rewards + balance.cooperation * team + balance.competition * scale * ranks(rewards)


def _hierarchical(rewards: Rewards, strength: float, leader: int, scale: float, followed: Rewards | None) -> Rewards:
    shares = np.zeros(len(rewards)) if followed is None else followed.astype(np.float64)
    followers = np.arange(len(rewards)) != leader
    shares = shares - shares[followers].mean()
    shaped = (1.0 - strength) * rewards + strength * scale * shares
    shaped[leader] = rewards.mean()
    return shaped
