"""Which share of the guided decisions the language model gets: a cost-aware bandit over the documented strategies.

An arm is a `StrategyType`; a pull is one episode; its outcome is *success* when the episode's return minus what the
language model cost was better than usual. Chances of success are Beta posteriors with forgetting, and the next arm is
drawn by discounted Thompson sampling (Raj and Kalyani 2017). The documented thresholds are the prior and the brakes:

| strategy   | language model / rules | stays while success rate >= | leaves when success rate < | prior mean |
| ---------- | ---------------------- | --------------------------- | -------------------------- | ---------- |
| LLM_HEAVY  | 80 / 20                | 0.8                         | 0.4                        | 0.6        |
| BALANCED   | 50 / 50                | 0.6                         | 0.3                        | 0.45       |
| RULE_HEAVY | 20 / 80                | 0.5                         | 0.2                        | 0.35       |

Between its two thresholds a strategy may be left or kept, as the draw falls. Every switch is counted and explained.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.exceptions import CheckpointError, ConfigurationError
from core.vocabulary import StrategyType

if TYPE_CHECKING:
    from core.agent.option_statistics import Record
    from core.rules.planning.goal_planner import GoalOrientedPlanner

__all__ = ["AdaptiveStrategySystem", "StrategySettings", "StrategySwitch", "StrategyType", "Thresholds"]

STATE_VERSION = 1
SWITCHES_KEPT = 100


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Success rates, 0 to 1, at which a strategy is certainly kept or certainly left."""

    success: float
    failure: float

    @property
    def prior_mean(self) -> float:
        """What is believed of the strategy before anything was seen: the middle between its thresholds."""
        return (self.success + self.failure) / 2


THRESHOLDS = {
    StrategyType.LLM_HEAVY: Thresholds(success=0.8, failure=0.4),
    StrategyType.BALANCED: Thresholds(success=0.6, failure=0.3),
    StrategyType.RULE_HEAVY: Thresholds(success=0.5, failure=0.2),
}


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """How fast the bandit believes, forgets and pays."""

    prior_strength: float = 4.0
    """Episodes that the prior is worth."""
    preference_strength: float = 4.0
    """Successful episodes that a curriculum's preference is worth."""
    forgetting: float = 0.97
    """Factor on all counts per outcome: 0.97 remembers about the last 33 episodes."""
    least_outcomes: int = 4
    """Episodes that a strategy is tried before it may be left."""
    reward_per_model_call: float = 0.01
    """What a call of the language model costs, in units of reward."""


@dataclass(frozen=True, slots=True)
class StrategySwitch:
    """One change of strategy and why."""

    number: int
    outcomes_seen: int
    previous: StrategyType
    chosen: StrategyType
    reason: str


@dataclass(slots=True)
class _Arm:
    """Discounted counts of one strategy, and undiscounted totals for the statistics."""

    successes: float = 0.0
    failures: float = 0.0
    episodes: int = 0
    total_return: float = 0.0
    total_calls: int = 0


@dataclass(slots=True)
class _Usual:
    """Discounted mean of returns minus cost over all strategies: what "better than usual" compares with."""

    weight: float = 0.0
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.weight if self.weight > 0 else None


@dataclass(slots=True)
class _Memory:
    """Everything that changes; it is what a checkpoint keeps."""

    current: StrategyType
    preferred: StrategyType | None = None
    arms: dict[StrategyType, _Arm] = field(default_factory=lambda: {strategy: _Arm() for strategy in StrategyType})
    usual: _Usual = field(default_factory=_Usual)
    outcomes: int = 0
    outcomes_since_switch: int = 0
    switches: int = 0
    recent: deque[StrategySwitch] = field(default_factory=lambda: deque(maxlen=SWITCHES_KEPT))


class AdaptiveStrategySystem:
    """Documented chooser of strategies. `record_outcome` feeds it, `select_strategy` asks it."""

    def __init__(
        self,
        history_analyzer: Record | None = None,
        goal_planner: GoalOrientedPlanner | None = None,
        initial_strategy: StrategyType | str = StrategyType.BALANCED,
        settings: StrategySettings | None = None,
        seed: int = 0,
    ) -> None:
        """`initial_strategy` may be the documented config word; ConfigurationError names the known ones.

        `goal_planner` names the next milestone in the reasons of switches. `history_analyzer`, usually a
        `DecisionHistoryAnalyzer`, is where the agent asks how options turned out before
        (`core/agent/option_statistics.py`); the bandit's own memory is in the checkpoint.
        """
        self.history_analyzer = history_analyzer
        self.goal_planner = goal_planner
        self.settings = settings or StrategySettings()
        self._memory = _Memory(strategy_named(initial_strategy))
        self._random = np.random.default_rng(seed)

    @property
    def current_strategy(self) -> StrategyType:
        """The strategy in force."""
        return self._memory.current

    @property
    def preferred_strategy(self) -> StrategyType | None:
        """What the curriculum's stage prefers; None before anybody said."""
        return self._memory.preferred

    @property
    def switches(self) -> int:
        """How often the strategy changed."""
        return self._memory.switches

    def prefer(self, strategy: StrategyType | str | None, *, switch_now: bool = True) -> None:
        """A curriculum stage's preference: extra successes in that strategy's prior and, if new, a switch to it."""
        memory = self._memory
        preferred = None if strategy is None else strategy_named(strategy)
        new = preferred is not None and preferred not in (memory.preferred, memory.current)
        if preferred is not None and new and switch_now:
            self._switch(preferred, "the curriculum's stage prefers it")
        memory.preferred = preferred

    def record_outcome(self, strategy: StrategyType, episode_return: float, model_calls: int) -> None:
        """Credits one finished episode to the strategy under which it was played."""
        memory, settings = self._memory, self.settings
        net = episode_return - settings.reward_per_model_call * model_calls
        usual = memory.usual.mean
        success = 0.5 if usual is None or net == usual else float(net > usual)
        for arm in memory.arms.values():
            arm.successes *= settings.forgetting
            arm.failures *= settings.forgetting
        arm = memory.arms[strategy]
        arm.successes += success
        arm.failures += 1.0 - success
        arm.episodes += 1
        arm.total_return += episode_return
        arm.total_calls += model_calls
        memory.usual.weight = memory.usual.weight * settings.forgetting + 1.0
        memory.usual.total = memory.usual.total * settings.forgetting + net
        memory.outcomes += 1
        if strategy is memory.current:
            memory.outcomes_since_switch += 1

    def success_rate(self, strategy: StrategyType) -> float:
        """Posterior mean of the strategy's chance to do better than usual, 0 to 1."""
        successes, failures = self._posterior(strategy)
        return successes / (successes + failures)

    def select_strategy(self, context: dict[str, Any]) -> StrategyType:
        """The strategy for what comes next. Keys of `context` that are read, all optional:

        - `success_rate`, 0 to 1: the caller's own measure of how the current strategy does; replaces the posterior
          mean and does not wait for `least_outcomes` episodes;
        - `llm_available`, bool: with False nothing is learned by switching (the rules carry every share), so the
          current strategy stays;
        - `milestones`, ids reached so far: with a planner, the reason of a switch names the next one.
        """
        memory = self._memory
        if context.get("llm_available") is False:
            return memory.current
        told = context.get("success_rate")
        if told is None and memory.outcomes_since_switch < self.settings.least_outcomes:
            return memory.current
        rate = self.success_rate(memory.current) if told is None else float(told)
        thresholds = THRESHOLDS[memory.current]
        if rate >= thresholds.success:
            return memory.current
        draws = {strategy: float(self._random.beta(*self._posterior(strategy))) for strategy in StrategyType}
        if rate < thresholds.failure:
            del draws[memory.current]
            why = f"success rate {rate:.2f} of {memory.current} is below {thresholds.failure}"
        else:
            why = f"success rate {rate:.2f} of {memory.current} is below {thresholds.success}"
        best = max(draws, key=lambda strategy: draws[strategy])
        if best is not memory.current:
            self._switch(best, f"{why}; {best} drew {draws[best]:.2f}{self._heading(context)}")
        return memory.current

    def get_strategy_stats(self) -> dict[str, Any]:
        """Documented statistics: `current_strategy`, `total_switches`, `total_outcomes`, `preferred_strategy`,
        `recent_switches` (newest last; number, outcomes_seen, previous, chosen, reason) and `strategies`: per word
        `llm_share`, `episodes`, `success_rate`, `mean_return`, `model_calls`, `success_threshold`,
        `failure_threshold`. Means of strategies never played are None."""
        memory = self._memory
        return {
            "current_strategy": memory.current.value,
            "preferred_strategy": memory.preferred.value if memory.preferred else None,
            "total_switches": memory.switches,
            "total_outcomes": memory.outcomes,
            "recent_switches": [asdict(switch) for switch in memory.recent],
            "strategies": {
                strategy.value: {
                    "llm_share": strategy.llm_share,
                    "episodes": arm.episodes,
                    "success_rate": self.success_rate(strategy),
                    "mean_return": arm.total_return / arm.episodes if arm.episodes else None,
                    "model_calls": arm.total_calls,
                    "success_threshold": THRESHOLDS[strategy].success,
                    "failure_threshold": THRESHOLDS[strategy].failure,
                }
                for strategy, arm in memory.arms.items()
            },
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything that later choices depend on, JSON-able."""
        memory = self._memory
        return {
            "version": STATE_VERSION,
            "current": memory.current.value,
            "preferred": memory.preferred.value if memory.preferred else None,
            "arms": {strategy.value: asdict(arm) for strategy, arm in memory.arms.items()},
            "usual": asdict(memory.usual),
            "outcomes": memory.outcomes,
            "outcomes_since_switch": memory.outcomes_since_switch,
            "switches": memory.switches,
            "recent": [asdict(switch) for switch in memory.recent],
            "random": self._random.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`. Raises CheckpointError when it is of another version."""
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"strategy state has version {state.get('version')!r}, this program reads {STATE_VERSION}: "
                "the checkpoint is of another version of the program"
            )
        preferred = state["preferred"]
        self._memory = _Memory(
            current=StrategyType(state["current"]),
            preferred=StrategyType(preferred) if preferred else None,
            arms={StrategyType(word): _Arm(**arm) for word, arm in state["arms"].items()},
            usual=_Usual(**state["usual"]),
            outcomes=state["outcomes"],
            outcomes_since_switch=state["outcomes_since_switch"],
            switches=state["switches"],
            recent=deque(
                (
                    StrategySwitch(
                        switch["number"],
                        switch["outcomes_seen"],
                        StrategyType(switch["previous"]),
                        StrategyType(switch["chosen"]),
                        switch["reason"],
                    )
                    for switch in state["recent"]
                ),
                maxlen=SWITCHES_KEPT,
            ),
        )
        self._random.bit_generator.state = state["random"]

    def _heading(self, context: dict[str, Any]) -> str:
        """What the play was about, for the reason of a switch; empty without a planner or at the story's end."""
        if self.goal_planner is None or "milestones" not in context:
            return ""
        milestone = self.goal_planner.next_milestone(context["milestones"])
        return "" if milestone is None else f"; next milestone: {milestone.name}"

    def _posterior(self, strategy: StrategyType) -> tuple[float, float]:
        """Beta parameters: prior plus discounted counts."""
        settings, arm = self.settings, self._memory.arms[strategy]
        mean = THRESHOLDS[strategy].prior_mean
        preferred = settings.preference_strength if strategy is self._memory.preferred else 0.0
        return (
            settings.prior_strength * mean + preferred + arm.successes,
            settings.prior_strength * (1.0 - mean) + arm.failures,
        )

    def _switch(self, chosen: StrategyType, reason: str) -> None:
        memory = self._memory
        memory.switches += 1
        memory.recent.append(StrategySwitch(memory.switches, memory.outcomes, memory.current, chosen, reason))
        memory.current = chosen
        memory.outcomes_since_switch = 0


def strategy_named(word: StrategyType | str) -> StrategyType:
    """The strategy of a documented config word; ConfigurationError names the known ones."""
    try:
        return StrategyType(word)
    except ValueError as error:
        known = ", ".join(strategy.value for strategy in StrategyType)
        raise ConfigurationError(f"unknown strategy {word!r}: the strategies are {known}") from error
