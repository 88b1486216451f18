"""From settings to the parts of a training: the only place that wires them.

Parts are checked and built in an order in which bad input is found before anything is written.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.game.profile import identify_rom
from core.history.analyzer import DecisionHistoryAnalyzer
from trainer.fleet.fleet import Fleet
from trainer.llm_manager import BaseLLMManager, make_manager
from trainer.play.learned_half import agent_with, training_learner
from trainer.run.checks import check_settings
from trainer.run.environments import open_fleets
from trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class TrainingParts:
    """What `HybridLLMRLTrainer` is made of."""

    env: Fleet
    evaluation_env: Fleet | None
    """None where nothing is evaluated."""
    agent: HybridAgent
    strategy_system: AdaptiveStrategySystem
    decision_analyzer: DecisionHistoryAnalyzer
    llm_manager: BaseLLMManager


def assemble(settings: Settings) -> TrainingParts:
    """Builds all parts. Raises the errors of `core.exceptions.BAD_INPUT_ERRORS`, and leaves no process behind then."""
    profile = identify_rom(settings.rom_path, settings.allow_unknown_rom)
    check_settings(settings, profile)
    llm_manager = make_manager(
        settings.llm_manager, settings.llm_model, settings.max_context_length, settings.language_model
    )
    with ExitStack() as on_failure:
        on_failure.callback(llm_manager.close)
        env, evaluation_env = open_fleets(settings, profile.sha1)
        if evaluation_env is not None:
            on_failure.callback(evaluation_env.close)
        on_failure.callback(env.close)
        policy = training_learner(settings, env.policy_space)
        # after the lanes and the policy: what they refuse leaves no new database behind
        settings.decision_db_path.parent.mkdir(parents=True, exist_ok=True)
        decision_analyzer = DecisionHistoryAnalyzer(settings.decision_db_path)
        on_failure.callback(decision_analyzer.close)
        strategy_system = AdaptiveStrategySystem(
            decision_analyzer, initial_strategy=settings.initial_strategy, seed=settings.seed
        )
        agent = agent_with(policy, settings, llm_manager, strategy_system, mode=settings.agent_mode, seed=settings.seed)
        on_failure.pop_all()
    return TrainingParts(env, evaluation_env, agent, strategy_system, decision_analyzer, llm_manager)
