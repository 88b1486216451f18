"""Which evaluations a run makes, of which modes, and what follows from them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from core.agent.hybrid_agent import HybridAgent
from core.vocabulary import AgentMode
from trainer.evaluation.evaluator import Evaluates, EvaluationResult
from trainer.run.remaining_time import EvaluationPlan
from trainer.run.reporter import Reporter
from trainer.run.training_run import TrainingRun

log = logging.getLogger(__name__)


class EvaluationSchedule:
    """Before the first update the policy alone; during training the agent's own mode; at the end each source too."""

    def __init__(
        self,
        evaluator: Evaluates | None,
        agent: HybridAgent,
        run: TrainingRun,
        games: int,
        is_stopped: Callable[[], bool],
        save_best_model: Callable[[], object],
    ) -> None:
        """`games` are played per evaluation, and none at all where it is 0 or there is no evaluator; when `is_stopped`
        says so meanwhile, an evaluation has no result."""
        self.is_wanted = True
        """False: nothing is evaluated."""
        self.results: dict[AgentMode, EvaluationResult] = {}
        """The last evaluation of each mode."""
        self.told: Callable[[int, str, Mapping[str, Any]], object] = lambda episode, mode, numbers: None
        """Hears of every evaluation: after which finished episode, the mode, and `EvaluationResult.as_dict`."""
        self._evaluator = evaluator
        self._agent = agent
        self._run = run
        self._games = games
        self._is_stopped = is_stopped
        self._save_best_model = save_best_model
        self._conditions: dict[AgentMode, tuple[int, int]] = {}
        """Finished training episodes and horizon of each mode's last evaluation."""

    def before_training(self, max_steps: int, reporter: Reporter) -> None:
        """The policy alone before it has learned anything: what the end of the run is compared with."""
        result = self._evaluate(AgentMode.RL_ONLY, max_steps, reporter)
        if result is not None:
            self._run.untrained = result.as_dict()
            self.forget()

    def during_training(self, max_steps: int, reporter: Reporter) -> None:
        """The agent's own mode; the best one so far is saved as the best model, if the record holds what it learned
        from."""
        result = self._evaluate(self._agent.mode, max_steps, reporter)
        best = self._run.best_evaluation
        if result is not None and (best is None or result.mean_reward > best) and self._run.episodes.is_whole:
            self._run.best_evaluation = result.mean_reward
            self._save_best_model()

    def plan(self, interval: int, episodes: int, total_episodes: int) -> EvaluationPlan:
        """What is to come after so many finished episodes, for the remaining time; `interval` is in episodes."""
        if self._evaluator is None or not self._games or not self.is_wanted:
            return EvaluationPlan()
        before = int(episodes == 0)
        during = max(0, total_episodes // interval - episodes // interval)
        is_repeated = during > 0 and total_episodes % interval == 0  # the last one is also one of those at the end
        return EvaluationPlan(before + during + len(self._modes_at_end()) - is_repeated, self._games)

    def _modes_at_end(self) -> list[AgentMode]:
        alone = [AgentMode.RL_ONLY, AgentMode.RULES_ONLY]
        if self._agent.llm_available:
            alone.append(AgentMode.LLM_ONLY)
        return list(dict.fromkeys([self._agent.mode, *alone]))

    def after_training(self, max_steps: int, reporter: Reporter) -> None:
        """The agent's own mode, and beside it the sources alone; what was evaluated just now is not repeated."""
        for mode in self._modes_at_end():
            if self._conditions.get(mode) != (self._run.tally.episodes, max_steps):
                self._evaluate(mode, max_steps, reporter)

    def forget(self) -> None:
        """The results so far say nothing of what comes now."""
        self.results.clear()
        self._conditions.clear()

    def _evaluate(self, mode: AgentMode, max_steps: int, reporter: Reporter) -> EvaluationResult | None:
        evaluator = self._evaluator
        if evaluator is None or self._games == 0 or not self.is_wanted:
            return None

        def goes_on(finished: int, steps: int) -> bool:
            reporter.evaluating(mode, finished, self._games, steps)
            return not self._is_stopped()

        directive = self._run.curriculum.directive()
        result = evaluator.evaluate(self._agent, mode, self._games, max_steps, directive, goes_on)
        if result is not None:
            self.results[mode] = result
            self._conditions[mode] = (self._run.tally.episodes, max_steps)
            self.told(self._run.tally.episodes, mode.value, result.as_dict())
            log.info("evaluation after episode %d: %s", self._run.tally.episodes, result)
        return result
