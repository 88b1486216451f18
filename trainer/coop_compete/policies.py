"""The four policies of the benchmark: two that never learn, and two that learn from their rewards only.

A learner is one number, theta: it cooperates with probability sigmoid(theta). Both follow the natural policy gradient
(Kakade 2001), which for this policy is simply the difference of the two actions' values: a confident policy learns as
fast as an undecided one. They differ in how they estimate the value of an action.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Protocol

from core.arenas.coop_compete import COMPETE, COOPERATE
from core.arenas.coordination_game import FULL_BONUS, CoopCompeteEnv
from core.exceptions import TrainingError

Trajectory = Sequence[tuple[int, float, float]]
"""Rounds as (action, its log probability when it was chosen, reward)."""
THETA_LIMIT = 6.0
"""Limit of |theta|: no learner gets surer than 99.75 %, so it still tries the other action from time to time."""
STEP_LIMIT = 2.0
"""Largest step of theta: one lucky round of a rare action, which has the weight of hundreds, cannot overturn a
policy."""


class BenchmarkPolicy(Protocol):
    """A policy that cooperates (1) or competes (0)."""

    def act(self) -> tuple[int, float]:
        """The action and the logarithm of its probability."""
        ...


class FixedPolicy:
    """Always the same action."""

    def __init__(self, action: int) -> None:
        self.action = action

    def act(self) -> tuple[int, float]:
        return self.action, 0.0


class SigmoidPolicy:
    """Cooperates with probability sigmoid(theta); each learner has its own way to move theta."""

    def __init__(self, lr: float, seed: int | None) -> None:
        self.lr = lr
        self.theta = 0.0
        self._rng = random.Random(seed)

    @property
    def cooperation_probability(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.theta))

    def act(self) -> tuple[int, float]:
        probability = self.cooperation_probability
        action = COOPERATE if self._rng.random() < probability else COMPETE
        return action, math.log(probability if action == COOPERATE else 1.0 - probability)

    def _move(self, value_of_cooperating: float) -> None:
        """One step, by the value of cooperation minus that of competition."""
        step = min(STEP_LIMIT, max(-STEP_LIMIT, self.lr * value_of_cooperating / FULL_BONUS))
        self.theta = min(THETA_LIMIT, max(-THETA_LIMIT, self.theta + step))


class SimplePG(SigmoidPolicy):
    """REINFORCE: the value of an action is its mean reward in the last episode.

    Args:
        lr: step of theta per unit of the best bonus (0.25).
        seed: of the choices.
    """

    def __init__(self, lr: float = 1.0, seed: int | None = None) -> None:
        super().__init__(lr, seed)

    def update(self, trajectories: Trajectory) -> None:
        """Learn from the rounds of one episode, which this policy played with its present theta."""
        if not trajectories:
            raise TrainingError("there is nothing to learn from: an episode without rounds")
        baseline = sum(reward for _, _, reward in trajectories) / len(trajectories)
        probability = self.cooperation_probability
        gradient = sum((action - probability) * (reward - baseline) for action, _, reward in trajectories)
        self._move(gradient / len(trajectories) / (probability * (1.0 - probability)))


class OurMethodPolicy(SigmoidPolicy):
    """Learns the payoff of each pair of actions and how often the other player cooperates, and is lenient with it.

    The value of an action is its payoff against the estimated other player, mixed with its payoff if the other player
    followed (leniency, Panait, Sullivan and Luke 2006): early on the other player is still learning, and an action that
    pays badly only because of that deserves another try. The mixture fades, so against a player who never follows it
    becomes the best reply.

    Args:
        lr: step of theta per unit of the best bonus (0.25).
        momentum: share of the old estimate that each observation of the other player leaves, 0 to 1.
        leniency: weight of "if the other player followed" in the first episode, 0 to 1.
        leniency_decay: factor on that weight after each episode.
        seed: of the choices.
    """

    def __init__(
        self,
        lr: float = 4.0,
        momentum: float = 0.9,
        leniency: float = 0.8,
        leniency_decay: float = 0.97,
        seed: int | None = None,
    ) -> None:
        super().__init__(lr, seed)
        self.momentum = momentum
        self.leniency = leniency
        self.leniency_decay = leniency_decay
        self.opp_coop_est = 0.5
        """Estimate of how often the other player cooperates, 0 to 1."""
        self._seen: list[int] = []
        self._totals = [[0.0, 0.0], [0.0, 0.0]]
        self._counts = [[0, 0], [0, 0]]

    def observe_opponent(self, opp_action: int) -> None:
        """Note the other player's action; call this after every round."""
        self.opp_coop_est = self.momentum * self.opp_coop_est + (1.0 - self.momentum) * (opp_action == COOPERATE)
        self._seen.append(opp_action)

    def update(self, trajectories: Trajectory, env: CoopCompeteEnv) -> None:
        """Learn from one episode. `env` only gives the assumed payoff of pairs of actions that were never seen."""
        if len(trajectories) != len(self._seen) or not trajectories:
            raise TrainingError(
                f"{len(trajectories)} rounds were played but the other player was observed in {len(self._seen)}: call "
                "observe_opponent once after each round, then update"
            )
        for (action, _, reward), other in zip(trajectories, self._seen, strict=True):
            self._totals[action][other] += reward
            self._counts[action][other] += 1
        self._seen.clear()
        self._move(self._value(COOPERATE, env) - self._value(COMPETE, env))
        self.leniency *= self.leniency_decay

    def _value(self, action: int, env: CoopCompeteEnv) -> float:
        against = [
            self._totals[action][other] / count if (count := self._counts[action][other]) else env.base_reward
            for other in (COMPETE, COOPERATE)
        ]
        expected = self.opp_coop_est * against[COOPERATE] + (1.0 - self.opp_coop_est) * against[COMPETE]
        return self.leniency * max(against) + (1.0 - self.leniency) * expected
