"""The two-player game of the benchmark: both cooperate, both compete, or they miss each other.

Both players get the same payoff, each with its own noise. Together they earn most when both choose what the level
favours: cooperation above 0.5, competition below it. Either uniform choice is an equilibrium, so learners can get stuck
in the worse one.
"""

from __future__ import annotations

import random

from core.arenas.coop_compete import COMPETE, COOPERATE
from core.arenas.settings import require_share
from core.exceptions import DecisionValidationError

FULL_BONUS = 0.25
"""Payoff of agreeing, times the level (both cooperate) or its complement (both compete)."""
MISMATCH_PAYOFF = -0.1


class CoopCompeteEnv:
    """The game of the module.

    Args:
        cooperation_level: 0 to 1, the documented L.
        difficulty: 0 to 1; lowers the base reward of 1 by that share, but never below 0.1.
        noise_std: standard deviation of each player's own noise.
        seed: of the noise.
    """

    def __init__(
        self,
        cooperation_level: float = 0.6,
        difficulty: float = 0.3,
        noise_std: float = 0.05,
        seed: int | None = None,
    ) -> None:
        require_share("cooperation_level", cooperation_level)
        require_share("difficulty", difficulty)
        require_share("noise_std", noise_std)
        self.cooperation_level = cooperation_level
        self.difficulty = difficulty
        self.noise_std = noise_std
        self._rng = random.Random(seed)

    @property
    def base_reward(self) -> float:
        """Reward of a round before the payoff."""
        return max(0.1, 1.0 - self.difficulty)

    @property
    def optimum(self) -> float:
        """Expected reward of a round in which both choose the better action."""
        return max(self.expected(COOPERATE, COOPERATE), self.expected(COMPETE, COMPETE))

    def expected(self, action_a: int, action_b: int) -> float:
        """Reward of a round without noise; the same for both players."""
        if action_a != action_b:
            return self.base_reward + MISMATCH_PAYOFF
        share = self.cooperation_level if action_a == COOPERATE else 1.0 - self.cooperation_level
        return self.base_reward + FULL_BONUS * share

    def step(self, action_a: int, action_b: int) -> tuple[float, float]:
        """One round; 1 cooperates, 0 competes. Returns the rewards of A and B, never negative."""
        for action in (action_a, action_b):
            if action not in (COMPETE, COOPERATE):
                raise DecisionValidationError(f"the action is {action!r}; it is 1 to cooperate or 0 to compete")
        reward = self.expected(action_a, action_b)
        gauss = self._rng.gauss
        return max(0.0, reward + gauss(0.0, self.noise_std)), max(0.0, reward + gauss(0.0, self.noise_std))
