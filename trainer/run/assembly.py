"""From settings to the parts of a training: the only place that wires them.

Parts are checked and built in an order in which bad input is found before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agents.learning.network_registry import NETWORKS
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.go_explore_archive import GoExploreArchive
from core.env.lanes.vector_env import VectorEnv
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.registry import ENV_CLASSES
from core.exceptions import ConfigurationError
from core.game.game_data import load_game
from core.game.profile import RomProfile, identify_rom
from core.history.analyzer import DecisionHistoryAnalyzer
from trainer.curriculum import Curriculum
from trainer.llm_manager import LLM_MANAGERS, BaseLLMManager
from trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class TrainingParts:
    """What `HybridLLMRLTrainer` is made of."""

    env: VectorEnv
    evaluation_env: VectorEnv
    agent: HybridAgent
    strategy_system: AdaptiveStrategySystem
    decision_analyzer: DecisionHistoryAnalyzer
    llm_manager: BaseLLMManager


def assemble(settings: Settings) -> TrainingParts:
    """Builds all parts. Raises the errors of `core.exceptions.BAD_INPUT_ERRORS`, and leaves no process behind then."""
    profile = identify_rom(settings.rom_path, settings.allow_unknown_rom)
    check_writable("save_dir", settings.save_dir)
    if settings.go_explore is not None:
        check_writable("go_explore.folder", settings.go_explore.folder)
    check_curriculum_milestones(settings, profile)
    check_writable("folder of decision_db_path", settings.decision_db_path.parent)
    NETWORKS.resolve(settings.learner.network, "learner.network")
    make_env = environment_factory(settings)
    llm_manager = language_model_manager(settings)
    evaluation_lanes = min(settings.lanes, settings.eval_episodes)
    with ExitStack() as on_failure:
        on_failure.callback(llm_manager.close)
        env = VectorEnv(environment_factory(settings, profile.sha1), settings.lanes, settings.workers)
        on_failure.callback(env.close)
        evaluation_env = VectorEnv(make_env, evaluation_lanes, min(settings.workers, evaluation_lanes))
        on_failure.callback(evaluation_env.close)
        # after the lanes: a start state that they refuse leaves no new database behind
        decision_analyzer = DecisionHistoryAnalyzer(settings.decision_db_path)
        on_failure.callback(decision_analyzer.close)
        strategy_system = AdaptiveStrategySystem(
            decision_analyzer, initial_strategy=settings.initial_strategy, seed=settings.seed
        )
        agent = HybridAgent(llm_manager, strategy_system, mode=settings.agent_mode, seed=settings.seed)
        on_failure.pop_all()
    return TrainingParts(env, evaluation_env, agent, strategy_system, decision_analyzer, llm_manager)


def language_model_manager(settings: Settings) -> BaseLLMManager:
    """Who asks the language model. Raises ConfigurationError for what is no manager, or cannot be made."""
    manager = LLM_MANAGERS.resolve(settings.llm_manager, "llm_manager")
    try:
        return manager.from_settings(settings.llm_model, settings.max_context_length, settings.language_model)
    except TypeError as error:
        raise ConfigurationError(f"llm_manager is {settings.llm_manager!r}, and it cannot be made: {error}") from error


def environment_factory(
    settings: Settings, archive_sha1: str | None = None
) -> Callable[[int], EnhancedPyBoyPokemonCrystalEnv]:
    """A maker of one lane's environment, for `VectorEnv`.

    With the ROM's SHA-1 in `archive_sha1` its lanes file states in the settings' Go-Explore archive, if they name one.
    That is for training; what an evaluation meets must never become a start of training. Raises ConfigurationError
    where the settings name an env class or a reward event that is none.
    """
    env_class = ENV_CLASSES.resolve(settings.env_class, "env_class")
    reward_kinds = settings.reward_kinds()
    go_explore = settings.go_explore if archive_sha1 is not None else None

    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        archive = None
        if go_explore is not None and archive_sha1 is not None:
            archive = GoExploreArchive(go_explore.folder, archive_sha1, go_explore.max_states)
        return env_class(
            settings.rom_path,
            headless=settings.headless or lane > 0,
            observation_type=settings.observation_type,
            max_steps=settings.max_steps_per_episode,
            reward_weights=settings.rewards,
            reward_events=reward_kinds,
            final_milestone=settings.final_milestone,
            start_state=settings.start_state,
            start_cache=settings.start_cache,
            fast_options=settings.fast_options,
            frame_cost=settings.frame_cost,
            go_explore=archive,
            allow_unknown_rom=settings.allow_unknown_rom,
        )

    return make_env


def check_curriculum_milestones(settings: Settings, profile: RomProfile) -> None:
    """Raises ConfigurationError when the curriculum's stages or its rule name a milestone that the game lacks."""
    known = [milestone.id for milestone in load_game(profile.game).milestones]
    for where, name in Curriculum(settings.curriculum).milestones:
        if name not in known:
            raise ConfigurationError(
                f"{where} is {name!r}, which is no milestone of this game; it has {', '.join(known)}"
            )


def check_writable(name: str, folder: Path) -> None:
    """Raises ConfigurationError when `folder` cannot be made or written to; makes nothing."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ConfigurationError(f"{name} is {folder}, and {there} is a file, not a folder; choose another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{name} is {folder}, and {there} cannot be written; choose another")
