"""An evaluation as a worker of a fleet plays its share of it: every so-many-th game, with a frozen agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from agents.heads.agent import HeadsAgent
from agents.heads.learner import HeadsLearner
from agents.heads.saved_heads import Heads
from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.calibration import ConfidenceCalibration
from core.agent.exchange import AgentNews
from core.agent.hybrid_agent import HybridAgent
from core.agent.standings import Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.vocabulary import EpisodeResult
from trainer.evaluation.evaluation_games import EvaluationGames
from trainer.fleet.questions import AdvisorNews, DistantAdvisor, DistantRecord
from trainer.fleet.workbench import Workbench
from trainer.lane_views.lane_slots import FOLDER
from trainer.lane_views.live_decisions import LiveDecisionsStage, shows_lanes
from trainer.play.learned_half import agent_with, playing_learner
from trainer.play.loop import PlayLoop, Stage
from trainer.play.player import LanePlayer
from trainer.play.rule_players import rule_players
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
    agreement: float = 0.0
    """`HeadsLearner.agreement`; 0 for a policy of another kind."""
    heads: Heads | None = None
    """Of a `HeadsAgent` without a learner; None where a policy plays, or none."""
    shows_prior: bool = True
    """`HeadsAgent.shows_prior`."""


@dataclass(frozen=True, slots=True)
class EvaluationJob:
    """A worker's share of the games of one evaluation (`trainer.fleet.workbench.Job`)."""

    run_seed: int
    games: int
    """Of the whole evaluation."""
    horizon_steps: int
    shown: bool = False
    """On the live page, if the settings name one."""

    def play(self, bench: Workbench) -> dict[int, EpisodeResult]:
        """Plays it; what its games came to, by number. Some are missing where it was halted."""
        workers, lanes = bench.blueprint.workers, len(bench.lanes)
        games = EvaluationGames(self.run_seed, self.games, self.horizon_steps, bench.number, workers)
        if games.over:
            return {}
        seating = Seating([Seat(self._agent(bench), range(lanes))])
        stages: list[Stage] = [CreditStage(seating), games]
        if self.shown and shows_lanes(bench.blueprint.settings):
            folder = bench.blueprint.settings.save_dir / FOLDER
            stages.append(LiveDecisionsStage(folder, bench.lanes, evaluated=bench.news.agent.mode))
        loop = PlayLoop(LanePlayer(bench.env, seating), games, stages)
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
        advisor = DistantAdvisor(bench.ask, news.advisor)
        strategy = AdaptiveStrategySystem(record, initial_strategy=told.strategy, seed=seed)
        if news.heads is not None:
            torch.set_num_threads(1)  # at this size several threads only wait for each other
            agent: HybridAgent = HeadsAgent(
                news.heads, advisor, strategy, told.mode, seed, frozen_state=frozen_state, shows_prior=news.shows_prior
            )
        else:
            policy = None
            if news.weights is not None:
                own = replace(settings.learner, rollout_steps=1)
                policy = playing_learner(settings, bench.env.policy_space, len(bench.lanes), own)
                policy.load_weights(news.weights)
                if isinstance(policy, HeadsLearner):
                    policy.agreement = news.agreement
            agent = agent_with(
                policy, settings, advisor, strategy, mode=told.mode, seed=seed, frozen_state=frozen_state
            )
        game = bench.env.rom.game
        agent.attach_lanes(rule_players(settings, game, bench.lanes))
        agent.direct(told.teacher_share, None)
        return agent
