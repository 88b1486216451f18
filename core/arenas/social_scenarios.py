"""What two agents can do when they meet, and what it pays: trade and negotiation.

A scenario is the rules for a pair. Both choose at the same time, so each payoff depends on both choices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from core.arenas.base import Stance

WAITING_REWARD = 1.0
"""Payoff of a round without a deal."""


@dataclass(slots=True)
class Trader:
    """One agent's standing in an episode."""

    reputation: float = 0.5
    """0 to 1: rises with deals kept, falls with deals betrayed."""
    resources: float = 100.0
    """Initial wealth plus earnings."""
    position: float = 0.5
    """Negotiation: the split that the agent finds fair, 0 to 1."""
    flexibility: float = 0.5
    """Negotiation: share of the way to the other's split that a compromise moves, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a meeting paid to one side."""

    reward: float
    reputation_change: float
    stance: Stance


class Scenario(ABC):
    """Rules of a meeting."""

    options: tuple[str, ...]
    cooperative: frozenset[int]
    """Actions that count as cooperation."""

    @abstractmethod
    def person(self, rng: np.random.Generator) -> Trader:
        """A new agent."""

    @abstractmethod
    def meet(self, me: Trader, other: Trader, mine: int, theirs: int) -> Meeting:
        """The meeting from the side of `me`; called once for each side."""

    @abstractmethod
    def describe(self, me: Trader, other: Trader) -> str:
        """What `me` knows before it chooses."""


class Trading(Scenario):
    """Two who trade earn 2.5 each; cheating a willing partner pays 3.0 once and costs reputation.

    Two who compete earn 1.5 each; a cheated partner earns 0.5. To cooperate is to trade on generous terms: the agent
    gives 0.25, which is worth 0.5 to the partner. The agent's own reputation makes a deal worth up to 10 % more or
    less.
    """

    options = ("wait", "compete", "trade", "cooperate")
    WAIT, COMPETE, TRADE, COOPERATE = range(4)
    cooperative = frozenset({TRADE, COOPERATE})
    DEAL, BETRAYAL, RIVALRY, BETRAYED = 2.5, 3.0, 1.5, 0.5
    GIVEN, RECEIVED = 0.25, 0.5
    TRADE_REPUTATION, COOPERATION_REPUTATION, BETRAYAL_REPUTATION = 0.05, 0.1, -0.1

    def person(self, rng: np.random.Generator) -> Trader:
        return Trader()

    def meet(self, me: Trader, other: Trader, mine: int, theirs: int) -> Meeting:
        if self.WAIT in (mine, theirs):
            return Meeting(WAITING_REWARD, 0.0, Stance.NEUTRAL)
        if mine == self.COMPETE:
            if theirs == self.COMPETE:
                return Meeting(self.RIVALRY, 0.0, Stance.COMPETE)
            return Meeting(self.BETRAYAL, self.BETRAYAL_REPUTATION, Stance.COMPETE)
        if theirs == self.COMPETE:
            return Meeting(self.BETRAYED, 0.0, Stance.COOPERATE)
        worth = self.DEAL * (0.9 + 0.2 * me.reputation)
        worth -= self.GIVEN if mine == self.COOPERATE else 0.0
        worth += self.RECEIVED if theirs == self.COOPERATE else 0.0
        gain = self.COOPERATION_REPUTATION if mine == self.COOPERATE else self.TRADE_REPUTATION
        return Meeting(worth, gain, Stance.COOPERATE)

    def describe(self, me: Trader, other: Trader) -> str:
        return (
            "You meet a trader. Two who trade earn 2.5 each; whoever competes against a willing partner earns 3.0, "
            "leaves 0.5 and loses reputation; two who compete earn 1.5; waiting earns 1.0. To cooperate is to trade "
            f"on generous terms. Your reputation is {me.reputation:.2f}, your partner's {other.reputation:.2f}."
        )


class Negotiation(Scenario):
    """Two with different ideas of a fair split try to agree; an agreement pays 3.0 less what each of them gave up.

    To agree is to accept the other's split, to compromise is to move part of the way, to insist is to stay. They have
    agreed when they end within 0.1 of each other (two who both agree meet in the middle). Without agreement, insisting
    pays 1.3 and everything else 1.0.
    """

    options = ("wait", "insist", "compromise", "agree")
    WAIT, INSIST, COMPROMISE, AGREE = range(4)
    cooperative = frozenset({COMPROMISE, AGREE})
    AGREEMENT, STUBBORN, CLOSE_ENOUGH = 3.0, 1.3, 0.1
    REPUTATION_STEP = 0.05

    def person(self, rng: np.random.Generator) -> Trader:
        return Trader(position=float(rng.uniform(0.2, 0.8)), flexibility=float(rng.uniform(0.3, 0.7)))

    def meet(self, me: Trader, other: Trader, mine: int, theirs: int) -> Meeting:
        if self.WAIT in (mine, theirs):
            return Meeting(WAITING_REWARD, 0.0, Stance.NEUTRAL)
        stance = Stance.COMPETE if mine == self.INSIST else Stance.COOPERATE
        my_end, their_end = self._end(me, other, mine, theirs), self._end(other, me, theirs, mine)
        if abs(my_end - their_end) > self.CLOSE_ENOUGH:
            if mine == self.INSIST:
                return Meeting(self.STUBBORN, -self.REPUTATION_STEP, stance)
            return Meeting(WAITING_REWARD, 0.0, stance)
        given_up = abs(my_end - me.position)
        return Meeting(self.AGREEMENT - given_up, self.REPUTATION_STEP if given_up else 0.0, stance)

    def describe(self, me: Trader, other: Trader) -> str:
        return (
            f"You negotiate a split. You think {me.position:.2f} is fair, the other one {other.position:.2f}. "
            "An agreement pays 3.0 less what you gave up; insisting without agreement pays 1.3, all else 1.0. "
            f"A compromise takes you {me.flexibility:.0%} of the way. Your reputation for agreeing is "
            f"{me.reputation:.2f}, the other's {other.reputation:.2f}."
        )

    def _end(self, one: Trader, other: Trader, own_action: int, other_action: int) -> float:
        gap = other.position - one.position
        if own_action == self.INSIST:
            return one.position
        if own_action == self.COMPROMISE:
            return one.position + one.flexibility * gap
        if other_action == self.AGREE:
            return one.position + gap / 2
        return self._end(other, one, other_action, own_action)


SCENARIOS: dict[str, type[Scenario]] = {"trading": Trading, "negotiation": Negotiation}
"""By documented name."""
