"""Evaluation: what a frozen agent achieves from new games on seeds that training never sees.

Nothing learns here, nothing is written to the decision record, and games are played in environments of their own, so an
evaluation changes nothing of the training around it. The policy draws its buttons, as it does in training. Every
evaluation plays the same seeds, so numbers of different moments and modes compare.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents.llm.meter import MeterReading
from core.agent.hybrid_agent import HybridAgent
from core.agent.teacher import RulePlayerLike
from core.history.loops import loop_share
from core.vocabulary import AgentMode, EpisodeResult
from trainer.curriculum import Directive
from trainer.evaluation.evaluation_games import EvaluationGames
from trainer.llm_manager import LLMManager
from trainer.play.loop import PlayLoop, Stage
from trainer.play.player import LanePlayer, LanesEnv
from trainer.play.seats import Seat, Seating
from trainer.play.stages import CreditStage


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a language model was asked and cost during one evaluation."""

    asks: int = 0
    """Questions that were due to it, answered or not."""
    answers: int = 0
    """Of them, those that it decided."""
    calls: int = 0
    """Questions that it answered anew."""
    cache_hits: int = 0
    tokens: int = 0
    """Read and written."""
    cost_usd: float = 0.0
    """0 where no price is configured."""

    @staticmethod
    def reading(agent: HybridAgent) -> MeterReading | None:
        """What the meter of the agent's language model shows now; None without one."""
        manager = agent.llm_manager
        return manager.reading if isinstance(manager, LLMManager) else None

    @classmethod
    def since(cls, before: MeterReading | None, agent: HybridAgent) -> ModelUse:
        """What was used since an earlier reading."""
        after = cls.reading(agent)
        return cls() if before is None or after is None else cls.between(before, after)

    @classmethod
    def between(cls, before: MeterReading, after: MeterReading) -> ModelUse:
        """The difference of two readings of one meter."""
        return cls(
            after.asks - before.asks,
            after.answers - before.answers,
            after.calls - before.calls,
            after.cache_hits - before.cache_hits,
            after.prompt_tokens + after.completion_tokens - before.prompt_tokens - before.completion_tokens,
            after.cost_usd - before.cost_usd,
        )


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Finished evaluation episodes of one mode."""

    mode: AgentMode
    episodes: tuple[EpisodeResult, ...]
    model_use: ModelUse = ModelUse()

    @property
    def label(self) -> str:
        """What a table calls it: the mode, and a word where the language model decided less than half of what it was
        asked. Its own mode is then not called by its name, because the rules have played."""
        use, mode = self.model_use, self.mode.value
        if 2 * use.answers >= use.asks:
            return mode
        decided = f"the model decided {use.answers} of {use.asks}"
        return f"rules for {mode}: {decided}" if self.mode is AgentMode.LLM_ONLY else f"{mode}: {decided}"

    @property
    def mean_reward(self) -> float:
        """Mean reward of an episode."""
        return statistics.fmean(episode.reward for episode in self.episodes)

    def __str__(self) -> str:
        numbers = self.as_dict()
        return (
            f"{self.label} reward {numbers['avg_reward']:.2f} ± {numbers['std_reward']:.2f}, "
            f"{numbers['avg_milestones']:.1f} milestones, {numbers['success_rate']:.0%} to the end, "
            f"{numbers['avg_length']:.0f} steps, {len(self.episodes)} games"
        )

    def as_dict(self) -> dict[str, Any]:
        """The documented `final_evaluation`: `avg_reward`, `std_reward` (of the population of these episodes),
        `avg_length` in steps, `avg_llm_usage` (0 to 1); and further `mode`, `episodes`, `success_rate` (share that
        reached the final milestone), `avg_milestones`, `milestones` (name to number of episodes), and of all episodes
        together `loop_share` (of the steps, those in loops: `core.history.loops`), `llm_asks`, `llm_answers`,
        `llm_calls`, `llm_cache_hits`, `llm_tokens` (read and written), `llm_cost_usd`; `label`, what tables call it.
        """
        rewards = [episode.reward for episode in self.episodes]
        milestones = Counter(name for episode in self.episodes for name in episode.milestones)
        return {
            "avg_reward": self.mean_reward,
            "std_reward": statistics.pstdev(rewards),
            "avg_length": statistics.fmean(episode.steps for episode in self.episodes),
            "avg_llm_usage": statistics.fmean(episode.llm_usage for episode in self.episodes),
            "mode": self.mode.value,
            "episodes": len(self.episodes),
            "success_rate": statistics.fmean(not episode.truncated for episode in self.episodes),
            "avg_milestones": statistics.fmean(len(episode.milestones) for episode in self.episodes),
            "milestones": dict(milestones),
            "loop_share": loop_share(self.episodes),
            "label": self.label,
            "llm_asks": self.model_use.asks,
            "llm_answers": self.model_use.answers,
            "llm_calls": self.model_use.calls,
            "llm_cache_hits": self.model_use.cache_hits,
            "llm_tokens": self.model_use.tokens,
            "llm_cost_usd": self.model_use.cost_usd,
        }


GoesOn = Callable[[int, int], bool]
"""Told how many games are finished, and of how many more steps; False ends the evaluation."""


class Evaluates(Protocol):
    """What plays evaluations."""

    def evaluate(
        self,
        agent: HybridAgent,
        mode: AgentMode,
        episodes: int,
        horizon: int,
        directive: Directive,
        goes_on: GoesOn = ...,
    ) -> EvaluationResult | None:
        """Plays `episodes` new games of at most `horizon` steps; None where `goes_on` ended it."""
        ...


class Evaluator:
    """Plays evaluations in `env`, which is its own, in this process."""

    def __init__(
        self,
        env: LanesEnv,
        make_rule_players: Callable[[int], Sequence[RulePlayerLike]],
        run_seed: int,
    ) -> None:
        """`make_rule_players(lanes)` gives fresh rule players."""
        self.env = env
        self._make_rule_players = make_rule_players
        self._run_seed = run_seed

    def evaluate(
        self,
        agent: HybridAgent,
        mode: AgentMode,
        episodes: int,
        horizon: int,
        directive: Directive,
        goes_on: GoesOn = lambda finished, steps: True,
        watching: Callable[[HybridAgent], Sequence[Stage]] = lambda twin: (),
    ) -> EvaluationResult | None:
        """Plays `episodes` new games of at most `horizon` steps.

        Asks `goes_on(finished, steps)` now and then, `steps` being those since it was asked last; when it says no,
        there is no result. `watching(twin)` gives further stages, when the frozen twin that plays is made.
        """
        before = ModelUse.reading(agent)
        lanes = self.env.lanes
        twin = agent.for_evaluation(self._make_rule_players(lanes), mode=mode, seed=self._run_seed)
        twin.direct(directive.teacher_share, directive.strategy_preference)
        seating = Seating([Seat(twin, range(lanes))])
        games = EvaluationGames(self._run_seed, episodes, horizon)
        loop = PlayLoop(LanePlayer(self.env, seating), games, [CreditStage(seating), games, *watching(twin)])
        loop.begin()
        while not games.over:
            loop.step()
            if not goes_on(len(games.results), lanes):
                return None
        use = ModelUse.since(before, agent)
        return EvaluationResult(mode, tuple(games.results[number + 1] for number in range(episodes)), use)


_SHOWN = (
    *("avg_reward", "std_reward", "avg_length", "avg_llm_usage"),
    *("episodes", "success_rate", "avg_milestones", "loop_share"),
)
"""The numbers of a result that a summary shows."""


def checked_result(kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `EvaluationResult.as_dict` gave, when it comes out of a checkpoint. Raises KeyError or TypeError where a
    number that a summary shows is missing, or none."""
    for name in _SHOWN:
        if isinstance(kept[name], bool) or not isinstance(kept[name], int | float):
            raise TypeError(f"{name} of an evaluation is {kept[name]!r}, no number")
    return kept
