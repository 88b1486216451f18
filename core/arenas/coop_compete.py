"""The cooperative-competitive arena: everyone cooperates or competes, and what that is worth depends on the others.

A reward is the base (1 - difficulty), plus a bonus for doing what the others do: cooperation is worth up to
0.25 * level beside cooperators, competition up to 0.25 * (1 - level) beside competitors. So both uniform choices are
equilibria, and the level says which of the two is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.arenas.base import Arena, Round, Stance
from core.arenas.settings import EnvironmentConfig, EnvironmentType, require_share, require_used

COMPETE, COOPERATE = 0, 1
STANCE_WORDS = ("compete", "cooperate")
"""The options of every arena with these two actions; action 1 is the documented one for cooperation."""


def share_of_cooperators(actions: NDArray[np.int64]) -> float:
    """Share of the seats that cooperate, 0 to 1."""
    return float((actions == COOPERATE).mean())


def stances_between_all(actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
    """Each seat treats all others the same way."""
    stances = [Stance.COOPERATE if action == COOPERATE else Stance.COMPETE for action in actions]
    return [(a, b, stance) for a, stance in enumerate(stances) for b in range(len(actions)) if a != b]


class CooperativeCompetitiveEnv(Arena):
    """See the module. `cooperation_level` is the documented L, 0 to 1."""

    def __init__(self, config: EnvironmentConfig | None = None, cooperation_level: float = 0.6) -> None:
        require_share("cooperation_level", cooperation_level)
        self.config = config or EnvironmentConfig()
        require_used(self.config, EnvironmentType.COOPERATIVE_COMPETITIVE)
        self.cooperation_level = cooperation_level
        features = ("own_last_choice", "others_cooperating", "cooperation_level", "difficulty", "time_left")
        super().__init__(
            "cooperative_competitive", self.config.num_agents, STANCE_WORDS, features, self.config.max_steps
        )
        self._last = np.full(self.seats, 0.5)

    def begin_episode(self) -> None:
        self._last[:] = 0.5  # nobody has chosen yet

    def play_round(self, actions: NDArray[np.int64]) -> Round:
        cooperates = (actions == COOPERATE).astype(np.float64)
        others: NDArray[np.float64] = (cooperates.sum() - cooperates) / (self.seats - 1)
        bonus = np.where(
            cooperates > 0,
            self.config.cooperation_weight * self.cooperation_level * others,
            self.config.competition_weight * (1.0 - self.cooperation_level) * (1.0 - others),
        )
        noise = self.rng.normal(0.0, self.config.noise_std, self.seats)
        self._last = cooperates
        self.cooperation_ratio = float(cooperates.mean())
        rewards = np.maximum(0.0, self.config.base_reward + bonus + noise)
        return Round(rewards, np.zeros(self.seats, dtype=bool))

    def observe(self, seat: int) -> Sequence[float]:
        return (
            2 * self._last[seat] - 1,
            2 * self._others(seat) - 1,
            2 * self.cooperation_level - 1,
            2 * self.config.difficulty - 1,
            1 - self.step_count / self.max_steps,
        )

    def describe(self, seat: int) -> str:
        last = (
            "Nobody has chosen yet."
            if self.step_count == 0
            else f"Last round you chose to {STANCE_WORDS[int(self._last[seat])]}; "
            f"{self._others(seat):.0%} of the others cooperated."
        )
        return (
            f"{self.seats} models choose at the same time, round after round. Cooperating beside cooperators pays up "
            f"to {self.config.cooperation_weight * self.cooperation_level:.2f} more, competing beside competitors up "
            f"to {self.config.competition_weight * (1 - self.cooperation_level):.2f} more. {last}"
        )

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        return stances_between_all(actions)

    def _others(self, seat: int) -> float:
        return float((self._last.sum() - self._last[seat]) / (self.seats - 1))
