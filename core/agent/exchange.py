"""What an agent and those who play for it elsewhere tell each other: before a stretch of play, and after it.

Players of a run sit in other processes, each with an agent of its own for its lanes. Before a stretch of play the run's
agent says what all of them go by (`AgentNews`); afterwards each says what the run's agent counts (`AgentReport`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.agent.calibration import DecisionOutcome
from core.agent.hybrid_agent import HybridAgent
from core.agent.reported_strategy import ReportedStrategy, StrategyOutcome
from core.agent.standings import SegmentOutcome
from core.protocols import JudgesTeacher
from core.vocabulary import AgentMode, StrategyType


@dataclass(frozen=True, slots=True)
class AgentNews:
    """What the run's agent says before a stretch of play."""

    mode: AgentMode
    greedy: bool
    teacher_share: float
    """0 to 1."""
    strategy: StrategyType
    calibration: Mapping[str, Any]
    """`ConfidenceCalibration.state_dict`."""
    teacher_evidence: float | None
    """What its policy believes of the teacher; None for a policy that does not judge it."""
    told_rules_only: bool
    standings: Mapping[str, Any] | None = None
    """`Standings.state_dict`, for agents that are frozen; None where nobody goes by it."""


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent that played says after a stretch of play."""

    outcomes: tuple[DecisionOutcome, ...]
    """Of decisions, in the order in which they became known."""
    segments: tuple[SegmentOutcome, ...]
    """That ended, in that order."""
    games: tuple[StrategyOutcome, ...]
    """That ended and count, in the order of ending."""
    masked_teacher_actions: int
    random_state: Mapping[str, Any]
    """Of its dice now."""
    told_rules_only: bool


def news_of(agent: HybridAgent) -> AgentNews:
    """What the run's agent has to say now."""
    policy = agent.policy
    return AgentNews(
        mode=agent.mode,
        greedy=agent.greedy,
        teacher_share=agent.curriculum_share,
        strategy=agent.adaptive_strategy.current_strategy,
        calibration=agent.calibration.state_dict(),
        teacher_evidence=policy.teacher_evidence if isinstance(policy, JudgesTeacher) else None,
        told_rules_only=agent.arbiter.told_rules_only,
    )


def take_news(agent: HybridAgent, strategy: ReportedStrategy, news: AgentNews, dice: Mapping[str, Any]) -> None:
    """Lets an agent that plays go by the news; `dice` is the state of its random numbers."""
    agent.mode, agent.greedy = news.mode, news.greedy
    strategy.told = news.strategy
    agent.direct(news.teacher_share, None)
    agent.calibration.load_counts(news.calibration)
    agent.calibration.reported = []
    agent.standings.reported = []
    agent.standings.only_reports = True
    agent.arbiter.told_rules_only = news.told_rules_only
    agent.arbiter.random.bit_generator.state = dict(dice)


def report_of(agent: HybridAgent, strategy: ReportedStrategy) -> AgentReport:
    """What an agent that played has to say, once."""
    arbiter = agent.arbiter
    report = AgentReport(
        outcomes=tuple(agent.calibration.reported or ()),
        segments=tuple(agent.standings.reported or ()),
        games=tuple(strategy.outcomes),
        masked_teacher_actions=arbiter.masked_teacher_actions,
        random_state=arbiter.random.bit_generator.state,
        told_rules_only=arbiter.told_rules_only,
    )
    agent.calibration.reported = []
    agent.standings.reported = []
    strategy.outcomes.clear()
    arbiter.masked_teacher_actions = 0
    return report


def count_report(agent: HybridAgent, report: AgentReport) -> None:
    """Lets the run's agent count what one that played has said. After each game it chooses the strategy anew."""
    for outcome in report.outcomes:
        agent.calibration.count(outcome)
    for segment in report.segments:
        agent.standings.learn(segment)
    for game in report.games:
        agent.adaptive_strategy.record_outcome(game.strategy, game.episode_return, game.model_calls)
        agent.adaptive_strategy.select_strategy({"llm_available": agent.llm_available})
        agent.episodes_in_stage += 1
    agent.arbiter.masked_teacher_actions += report.masked_teacher_actions
    agent.arbiter.told_rules_only |= report.told_rules_only
