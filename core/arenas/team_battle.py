"""The team battle: two teams of four. A team needs cooperation, and each member is tempted to raid the other team.

To cooperate is to hold the line with your team, to compete is to raid the other team, which pays most while that team
cooperates. After a warm-up that pays everyone the same, the team with the larger total wins an episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arenas.base import Arena, Round, Stance
from core.arenas.coop_compete import COMPETE, COOPERATE, STANCE_WORDS
from core.arenas.settings import EnvironmentConfig, EnvironmentType, require_used
from core.arenas.staged import NOISE_STD, require_warmup
from core.exceptions import ConfigurationError

TEAM_SIZE = 4
TEAMS = ("team_a", "team_b")
RAID_SHARE = 0.6
"""Part of the `competition_weight` that a raider gains, times the other team's share of cooperators."""
LONELY_COST = 0.05
"""Loss of a member who holds the line, times the share of its team that does not."""
DRAW = "draw"


class TeamBattleEnv(Arena):
    """See the module. Seats 0 to 3 are team A, 4 to 7 team B."""

    def __init__(self, config: EnvironmentConfig | None = None, warmup_episodes: int = 10) -> None:
        require_warmup(warmup_episodes)
        self.config = config or EnvironmentConfig(EnvironmentType.TEAM_BATTLE, noise_std=NOISE_STD)
        require_used(self.config, EnvironmentType.TEAM_BATTLE)
        if self.config.num_agents != 2 * TEAM_SIZE:
            raise ConfigurationError(
                f"Invalid number of models: {self.config.num_agents}; a team battle has {2 * TEAM_SIZE}"
            )
        self.warmup_episodes = warmup_episodes
        features = (
            "own_last_choice",
            "own_team_cooperating",
            "other_team_cooperating",
            "lead",
            "warming_up",
            "time_left",
        )
        super().__init__("team_battle", self.config.num_agents, STANCE_WORDS, features, self.config.max_steps)
        self._last = np.full(self.seats, 0.5)
        self.totals = np.zeros(2)
        """Rewards of each team in this episode."""

    @property
    def warming_up(self) -> bool:
        """Whether this is one of the first episodes, which pay everyone the same."""
        return self.episode_count <= self.warmup_episodes

    @property
    def winner(self) -> str:
        """`team_a`, `team_b` or `draw`, by the totals so far."""
        if self.warming_up or self.totals[0] == self.totals[1]:
            return DRAW
        return TEAMS[int(self.totals[1] > self.totals[0])]

    def begin_episode(self) -> None:
        self._last[:] = 0.5  # nobody has chosen yet
        self.totals[:] = 0.0

    def play_round(self, actions: NDArray[np.int64]) -> Round:
        cooperates = (actions == COOPERATE).astype(np.float64)
        self._last = cooperates
        self.cooperation_ratio = float(cooperates.mean())
        rewards = np.full(self.seats, self.config.base_reward)
        if not self.warming_up:
            own = self._shares().repeat(TEAM_SIZE)
            other = self._shares()[::-1].repeat(TEAM_SIZE)
            payoffs = self.config.cooperation_weight * (own - 0.5)
            raid_gain = RAID_SHARE * self.config.competition_weight
            payoffs += np.where(actions == COMPETE, raid_gain * other, -LONELY_COST * (1 - own))
            noise = self.rng.normal(0.0, self.config.noise_std, self.seats)
            rewards = np.maximum(0.0, rewards + payoffs + noise)
        self.totals += rewards.reshape(2, TEAM_SIZE).sum(axis=1)
        return Round(rewards, np.zeros(self.seats, dtype=bool))

    def observe(self, seat: int) -> Sequence[float]:
        team = seat // TEAM_SIZE
        shares = self._shares()
        sign = 1 if team == 0 else -1
        return (
            2 * self._last[seat] - 1,
            2 * shares[team] - 1,
            2 * shares[1 - team] - 1,
            float(np.tanh(sign * (self.totals[0] - self.totals[1]))),
            float(self.warming_up),
            1 - self.step_count / self.max_steps,
        )

    def describe(self, seat: int) -> str:
        team = seat // TEAM_SIZE
        rules = (
            "This is a warm-up: every choice pays the same."
            if self.warming_up
            else "Each member who cooperates strengthens your team; competing raids the other team, which pays most "
            "while it cooperates."
        )
        score = ""
        if self.step_count:
            shares, lead = self._shares(), self.totals[team] - self.totals[1 - team]
            score = (
                f" Last round {shares[team]:.0%} of your team and {shares[1 - team]:.0%} of the other cooperated; "
                f"your team {'leads' if lead >= 0 else 'is behind'} by {abs(lead):.2f}."
            )
        return f"Team battle, {TEAM_SIZE} against {TEAM_SIZE}; you are in team {'AB'[team]}. {rules}{score}"

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        """A cooperator treats its own team well, a raider the other team badly."""
        met: list[tuple[int, int, Stance]] = []
        for seat, action in enumerate(actions):
            team = seat // TEAM_SIZE
            if action == COOPERATE:
                met += [(seat, mate, Stance.COOPERATE) for mate in self._members(team) if mate != seat]
            else:
                met += [(seat, rival, Stance.COMPETE) for rival in self._members(1 - team)]
        return met

    def details(self, seat: int) -> dict[str, Any]:
        shares = self._shares()
        return {
            "phase": "warmup" if self.warming_up else "battle",
            "team": TEAMS[seat // TEAM_SIZE],
            "team_cooperation": dict(zip(TEAMS, map(float, shares), strict=True)),
            "team_reward": dict(zip(TEAMS, map(float, self.totals), strict=True)),
            "winner": self.winner,
        }

    def _shares(self) -> NDArray[np.float64]:
        """(2,): share of each team that cooperated in the last round."""
        return self._last.reshape(2, TEAM_SIZE).mean(axis=1)

    @staticmethod
    def _members(team: int) -> range:
        return range(team * TEAM_SIZE, (team + 1) * TEAM_SIZE)
