"""Evaluations by a fleet: each worker plays its share of the games to their end, with its own copy of the agent."""

from __future__ import annotations

import logging
from dataclasses import replace

from agents.heads.agent import HeadsAgent
from agents.heads.learner import HeadsLearner
from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.exchange import news_of
from core.agent.hybrid_agent import HybridAgent
from core.exceptions import ConfigurationError
from core.vocabulary import AgentMode, EpisodeResult
from trainer.curriculum import Directive
from trainer.evaluation.evaluation_job import EvaluationJob, EvaluationNews
from trainer.evaluation.evaluator import EvaluationResult, GoesOn, ModelUse
from trainer.fleet.fleet import Fleet
from trainer.fleet.run_broker import RunBroker

log = logging.getLogger(__name__)


class FleetEvaluator:
    """Plays evaluations in `fleet`, which is its own; like `Evaluator`, it changes nothing of the agent."""

    def __init__(self, fleet: Fleet, run_seed: int, *, shown: bool = False) -> None:
        """With `shown` the games are on the live page, if the settings name one."""
        self.fleet = fleet
        self._run_seed = run_seed
        self._shown = shown

    def evaluate(
        self,
        agent: HybridAgent,
        mode: AgentMode,
        episodes: int,
        horizon: int,
        directive: Directive,
        goes_on: GoesOn = lambda finished, steps: True,
    ) -> EvaluationResult | None:
        """As `Evaluator.evaluate`. In ADAPTIVE mode the agent asks the decision record, as in training."""
        workers = self.fleet.blueprint.workers
        record = agent.adaptive_strategy.history_analyzer if mode is AgentMode.ADAPTIVE else None
        broker = RunBroker(agent.advisor, record, workers)
        policy = agent.policy
        if policy is not None and not isinstance(policy, MaskablePPOLearner):
            raise ConfigurationError(f"the agent's policy is {policy!r}: a fleet plays with a MaskablePPOLearner only")
        if isinstance(policy, OverlappedLearner):
            self.fleet.before_replacement = policy.wait
        if isinstance(policy, HeadsLearner) and mode is AgentMode.LLM_ONLY:
            who = "the button head presses" if policy.is_trusted else "the rules press"
            log.info("llm_only: %s for the model (agreement with the rules: %.0f%%)", who, 100 * policy.agreement)
        before = ModelUse.reading(agent)
        self.fleet.broadcast(
            EvaluationNews(
                weights=None if policy is None else policy.weights(),
                agent=replace(
                    news_of(agent),
                    mode=mode,
                    teacher_share=directive.teacher_share,
                    standings=agent.standings.state_dict(),
                ),
                advisor=broker.news(),
                record_changes=None if record is None else record.changes,
                agreement=policy.agreement if isinstance(policy, HeadsLearner) else 0.0,
                heads=agent.heads if isinstance(agent, HeadsAgent) and policy is None else None,
                shows_prior=agent.shows_prior if isinstance(agent, HeadsAgent) else True,
            )
        )
        finished, is_stopped = 0, False

        def count(steps: int, games: int) -> bool:
            nonlocal finished, is_stopped
            finished += games
            is_stopped |= not goes_on(finished, steps)
            return not is_stopped

        jobs = [EvaluationJob(self._run_seed, episodes, horizon, self._shown)] * workers
        results: dict[int, EpisodeResult] = {}
        try:
            for share in self.fleet.play(jobs, broker, count):
                assert share is not None, "all workers were waited for"
                results |= share
        finally:
            broker.close()
        if is_stopped:
            return None
        played = tuple(results[number] for number in range(1, episodes + 1))
        return EvaluationResult(mode, played, ModelUse.since(before, agent))
