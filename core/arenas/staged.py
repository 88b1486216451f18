"""The staged arena: everybody earns the same at first, then a few gain by betraying the rest.

The first `warmup_episodes` episodes pay the base reward for every action, so that all models start alike. After them
the base grows by up to 30 % over as many episodes again, and actions count: everyone gains or loses with the share of
cooperators, the first quarter of the seats are adversaries who gain by competing against cooperators, and an agent that
goes against a clear majority pays for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arenas.base import Arena, Round, Stance
from core.arenas.coop_compete import COMPETE, COOPERATE, STANCE_WORDS, share_of_cooperators, stances_between_all
from core.arenas.settings import EnvironmentConfig, EnvironmentType, require_used
from core.exceptions import ConfigurationError

BASE_GROWTH = 0.3
ADVERSARY_SHARE = 0.25
BETRAYAL_SHARE = 0.4
"""Part of the `competition_weight` that an adversary gains by competing, times the share of cooperators."""
LOYALTY_COST = 0.05
"""What it loses by cooperating, times the same share."""
MISMATCH_COST = 0.05
FEW, MANY = 0.3, 0.7
"""Shares of cooperators below and above which the majority is clear."""
NOISE_STD = 0.005


def require_warmup(warmup_episodes: int) -> None:
    """Raise `ConfigurationError` for a negative number of episodes."""
    if warmup_episodes < 0:
        raise ConfigurationError(f"warmup_episodes is {warmup_episodes}; it cannot be negative")


class MultiAgentStagedEnv(Arena):
    """See the module."""

    def __init__(self, config: EnvironmentConfig | None = None, warmup_episodes: int = 20) -> None:
        require_warmup(warmup_episodes)
        self.config = config or EnvironmentConfig(EnvironmentType.MULTI_AGENT_STAGED, noise_std=NOISE_STD)
        require_used(self.config, EnvironmentType.MULTI_AGENT_STAGED)
        self.warmup_episodes = warmup_episodes
        self.adversaries = frozenset(range(max(1, int(ADVERSARY_SHARE * self.config.num_agents))))
        """Seats."""
        features = ("own_last_choice", "all_cooperating", "is_adversary", "warming_up", "growth", "time_left")
        super().__init__("multi_agent_staged", self.config.num_agents, STANCE_WORDS, features, self.config.max_steps)
        self._last = np.full(self.seats, 0.5)

    @property
    def warming_up(self) -> bool:
        """Whether this is one of the first episodes, which pay everyone the same."""
        return self.episode_count <= self.warmup_episodes

    @property
    def growth(self) -> float:
        """Progress of the base reward's growth, 0 to 1."""
        if self.warming_up:
            return 0.0
        return min(1.0, (self.episode_count - self.warmup_episodes) / max(1, self.warmup_episodes))

    def begin_episode(self) -> None:
        self._last[:] = 0.5  # nobody has chosen yet

    def play_round(self, actions: NDArray[np.int64]) -> Round:
        share = share_of_cooperators(actions)
        self.cooperation_ratio = share
        self._last = (actions == COOPERATE).astype(np.float64)
        base = self.config.base_reward * (1.0 + BASE_GROWTH * self.growth)
        nobody_ends = np.zeros(self.seats, dtype=bool)
        if self.warming_up:
            return Round(np.full(self.seats, base), nobody_ends)
        payoffs = np.full(self.seats, self.config.cooperation_weight * (share - 0.5))
        betrayal_gain = BETRAYAL_SHARE * self.config.competition_weight
        for seat in self.adversaries:
            payoffs[seat] += betrayal_gain * share if actions[seat] == COMPETE else -LOYALTY_COST * share
        if share < FEW:
            payoffs[actions == COOPERATE] -= MISMATCH_COST
        if share > MANY:
            payoffs[actions == COMPETE] -= MISMATCH_COST
        noise = self.rng.normal(0.0, self.config.noise_std, self.seats)
        return Round(np.maximum(0.0, base + payoffs + noise), nobody_ends)

    def observe(self, seat: int) -> Sequence[float]:
        return (
            2 * self._last[seat] - 1,
            2 * float(self._last.mean()) - 1,
            float(seat in self.adversaries),
            float(self.warming_up),
            self.growth,
            1 - self.step_count / self.max_steps,
        )

    def describe(self, seat: int) -> str:
        if self.warming_up:
            stage = "This is a warm-up: every choice pays the same."
        elif seat in self.adversaries:
            stage = "Everyone gains when many cooperate, and you gain more by competing while they do."
        else:
            stage = "Everyone gains when many cooperate; going against a clear majority costs a little."
        last = "" if self.step_count == 0 else f" Last round {self.cooperation_ratio:.0%} cooperated."
        return f"{self.seats} models choose at the same time, round after round. {stage}{last}"

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        return stances_between_all(actions)

    def details(self, seat: int) -> dict[str, Any]:
        return {"phase": "warmup" if self.warming_up else "divergence", "is_adversary": seat in self.adversaries}
