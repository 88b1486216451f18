"""An evaluation as a worker of a fleet plays its share of it: every so-many-th game, with a frozen agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.heads.learner import HeadsLearner
from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.calibration import ConfidenceCalibration
from core.agent.exchange import AgentNews
from core.agent.hybrid_agent import HybridAgent
from core.agent.standings import Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.rules import RulePlayer
from core.vocabulary import EpisodeResult
from trainer.evaluation.evaluation_games import EvaluationGames
from trainer.fleet.questions import AdvisorNews, DistantAdvisor, DistantRecord
from trainer.fleet.workbench import Workbench
from trainer.play.learned_half import agent_with, playing_learner
from trainer.play.loop import PlayLoop
from trainer.play.player import LanePlayer
from trainer.play.seats import Seat, Seating
from trainer.play.stages import CreditStage


@dataclass(frozen=True, slots=True)
class EvaluationNews:
    """What is broadcast before an evaluation."""

    weights: Mapping[str, Any] | None
    """`MaskablePPOLearner.weights`; None without a policy."""
    agent: AgentNews
    """Its mode and share are those of the evaluation."""
    advisor: AdvisorNews
    record_changes: int | None
    """None: the record is not asked."""
    agreement: float
    """`HeadsLearner.agreement`; 0 for a policy of another kind."""


@dataclass(frozen=True, slots=True)
class EvaluationJob:
    """A worker's share of the games of one evaluation (`trainer.fleet.workbench.Job`)."""

    run_seed: int
    games: int
    """Of the whole evaluation."""
    horizon_steps: int

    def play(self, bench: Workbench) -> dict[int, EpisodeResult]:
        """Plays it; what its games came to, by number. Some are missing where it was halted."""
        workers, lanes = bench.blueprint.workers, len(bench.lanes)
        games = EvaluationGames(self.run_seed, self.games, self.horizon_steps, bench.number, workers)
        if games.over:
            return {}
        seating = Seating([Seat(self._agent(bench), range(lanes))])
        loop = PlayLoop(LanePlayer(bench.env, seating), games, [CreditStage(seating), games])
        loop.begin()
        goes_on = True
        while goes_on and not games.over:
            finished = len(games.results)
            loop.step()
            goes_on = bench.note(lanes, len(games.results) - finished)
        return games.results

    def _agent(self, bench: Workbench) -> HybridAgent:
        """As `HybridAgent.for_evaluation`, of what was broadcast."""
        news: EvaluationNews = bench.news
        settings, told = bench.blueprint.settings, news.agent
        record = None if news.record_changes is None else DistantRecord(bench.ask, news.record_changes)
        calibration = ConfidenceCalibration()
        calibration.load_state_dict(told.calibration)
        standings = Standings()
        if told.standings is not None:
            standings.load_state_dict(told.standings)
        frozen_state = AgentState(
            curriculum=TeacherCurriculum(),
            calibration=calibration,
            teacher_evidence=told.teacher_evidence,
            standings=standings,
            told_rules_only=told.told_rules_only,
        )
        seed = self.run_seed + bench.number
        policy = None
        if news.weights is not None:
            own = replace(settings.learner, rollout_steps=1)
            policy = playing_learner(settings, bench.env.policy_space, len(bench.lanes), own)
            policy.load_weights(news.weights)
            if isinstance(policy, HeadsLearner):
                policy.agreement = news.agreement
        agent = agent_with(
            policy,
            settings,
            DistantAdvisor(bench.ask, news.advisor),
            AdaptiveStrategySystem(record, initial_strategy=told.strategy, seed=seed),
            mode=told.mode,
            seed=seed,
            frozen_state=frozen_state,
        )
        game = bench.env.rom.game
        agent.attach_lanes(
            [
                RulePlayer(game, seed=settings.seed + lane, names=settings.names, starter=settings.starter)
                for lane in bench.lanes
            ]
        )
        agent.direct(told.teacher_share, None)
        return agent
