"""What two agents that meet can do to each other, and what comes of it: trade and negotiation.

A scenario is rules over a pair. Both choose at the same time, so what one earns depends on what the other one does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from core.arenas.base import Stance

WAITING_REWARD = 1.0
"""A round in which one keeps to oneself."""


@dataclass(slots=True)
class Trader:
    """One agent's standing in an episode."""

    reputation: float = 0.5
    """0 to 1: rises with deals kept, falls with deals betrayed."""
    resources: float = 100.0
    """What it started with plus what it earned."""
    position: float = 0.5
    """Negotiation: the split it thinks fair, 0 to 1."""
    flexibility: float = 0.5
    """Negotiation: how far it moves towards the other one when it compromises, 0 to 1 of the way."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a meeting was worth to the one whose view it is."""

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
        """Somebody new."""

    @abstractmethod
    def meet(self, me: Trader, other: Trader, mine: int, theirs: int) -> Meeting:
        """The meeting as I see it; called once for each side."""

    @abstractmethod
    def describe(self, me: Trader, other: Trader) -> str:
        """What I know before I choose."""


class Trading(Scenario):
    """Two who trade are both better off (2.5 each); cheating a willing partner pays 3.0 once and costs reputation.

    Two who compete earn 1.5 each; a cheated partner 0.5. To cooperate is to trade on generous terms: 0.25 goes over
    the table and is worth 0.5 to the partner. Deals are worth up to 10 % more or less with the own reputation.
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

    To agree is to accept where the other one ends up, to compromise to go part of the way, to insist is to
    stay. They have agreed when they end within 0.1 of each other (two who both agree meet in the middle). Without
    agreement, insisting pays 1.3 and everything else 1.0.
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
