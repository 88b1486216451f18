"""The social arena: agents meet in pairs, and the payoff of a meeting depends on both.

Every round pairs all agents at random (an odd one out waits). They know each other's reputation before they choose; the
rules of a meeting are a scenario's (`core/arenas/social_scenarios.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arenas.base import Arena, Round, Stance
from core.arenas.settings import EnvironmentConfig, EnvironmentType, require_used
from core.arenas.social_scenarios import SCENARIOS, WAITING_REWARD, Trader
from core.exceptions import ConfigurationError

NOBODY = -1
PAID_BY_THE_SCENARIO = ("base_scale", "noise_std", "difficulty", "cooperation_weight", "competition_weight")
"""Settings of other arenas that have no meaning here."""


class SocialInteractionEnv(Arena):
    """See the module. `scenario` is `trading` or `negotiation`."""

    def __init__(self, config: EnvironmentConfig | None = None, scenario: str = "trading") -> None:
        if scenario not in SCENARIOS:
            raise ConfigurationError(f"the social scenario {scenario!r} is unknown; there are {', '.join(SCENARIOS)}")
        self.config = config or EnvironmentConfig(EnvironmentType.SOCIAL_INTERACTION, num_agents=6)
        require_used(self.config, EnvironmentType.SOCIAL_INTERACTION, PAID_BY_THE_SCENARIO)
        self.scenario_name = scenario
        self.scenario = SCENARIOS[scenario]()
        features = (
            "own_reputation",
            "partner_reputation",
            "has_partner",
            "gap_to_partner",
            "own_flexibility",
            "partner_flexibility",
            "partner_cooperated_last",
            "time_left",
        )
        super().__init__(
            "social_interaction", self.config.num_agents, self.scenario.options, features, self.config.max_steps
        )
        self.people = [Trader() for _ in range(self.seats)]
        self.partners = [NOBODY] * self.seats
        """Each seat's partner in the coming round; `NOBODY` for the odd one out."""
        self._last_cooperated = np.zeros(self.seats)

    def begin_episode(self) -> None:
        self.people = [self.scenario.person(self.rng) for _ in range(self.seats)]
        self._last_cooperated[:] = 0.0
        self._pair_up()

    def play_round(self, actions: NDArray[np.int64]) -> Round:
        rewards = np.full(self.seats, WAITING_REWARD)
        changes = np.zeros(self.seats)
        self._stances: list[tuple[int, int, Stance]] = []
        for seat, partner in enumerate(self.partners):
            if partner == NOBODY:
                continue
            meeting = self.scenario.meet(
                self.people[seat], self.people[partner], int(actions[seat]), int(actions[partner])
            )
            rewards[seat], changes[seat] = meeting.reward, meeting.reputation_change
            self._stances.append((seat, partner, meeting.stance))
        for person, reward, change in zip(self.people, rewards, changes, strict=True):
            person.resources += float(reward) - WAITING_REWARD
            person.reputation = float(np.clip(person.reputation + change, 0.0, 1.0))
        cooperated = np.isin(actions, list(self.scenario.cooperative))
        self.cooperation_ratio = float(cooperated.mean())
        self._last_cooperated = np.where(cooperated, 1.0, -1.0)
        self._pair_up()
        return Round(rewards, np.zeros(self.seats, dtype=bool))

    def observe(self, seat: int) -> Sequence[float]:
        me, partner = self.people[seat], self.partners[seat]
        other = self.people[partner] if partner != NOBODY else Trader()
        return (
            2 * me.reputation - 1,
            2 * other.reputation - 1,
            float(partner != NOBODY),
            other.position - me.position,
            me.flexibility,
            other.flexibility,
            self._last_cooperated[partner] if partner != NOBODY else 0.0,
            1 - self.step_count / self.max_steps,
        )

    def describe(self, seat: int) -> str:
        partner = self.partners[seat]
        if partner == NOBODY:
            return "Nobody is left to meet in this round; whatever you do, you wait."
        return f"{self.scenario.describe(self.people[seat], self.people[partner])} You meet {self.name_of(partner)}."

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        return self._stances

    def details(self, seat: int) -> dict[str, Any]:
        partner, me = self.partners[seat], self.people[seat]
        return {
            "scenario": self.scenario_name,
            "reputation": me.reputation,
            "resources": me.resources,
            "partner": None if partner == NOBODY else self.name_of(partner),
        }

    def _pair_up(self) -> None:
        order = self.rng.permutation(self.seats)
        self.partners = [NOBODY] * self.seats
        for a, b in zip(order[::2], order[1::2], strict=False):  # the odd one out has no partner
            self.partners[a], self.partners[b] = int(b), int(a)
