"""The agent of a checkpoint, of both heads, or one without a checkpoint, as it is evaluated and watched."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial

import torch
from gymnasium import spaces

from agents.heads.agent import HeadsAgent
from agents.heads.saved_heads import Heads
from core.agent.hybrid_agent import HybridAgent
from core.agent.standings import Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.policy_view import POLICY_PARTS
from core.exceptions import ConfigurationError
from core.history.analyzer import DecisionHistoryAnalyzer
from trainer.checkpoints.checkpoint import Snapshot
from trainer.checkpoints.damage import damage_is_said
from trainer.curriculum import Curriculum, Directive
from trainer.llm_manager import BaseLLMManager, make_manager
from trainer.play.learned_half import agent_with, playing_learner
from trainer.settings import Settings

log = logging.getLogger(__name__)


def frozen_agent(
    settings: Settings,
    checkpoint: str,
    snapshot: Snapshot | None,
    policy_space: spaces.Dict,
    lanes: int,
    on_exit: ExitStack,
    *,
    asks_record: bool = True,
) -> tuple[HybridAgent, Directive]:
    """The agent of a snapshot, and what its curriculum says; without a snapshot one that has no policy.

    It reads the decision record where there is one, unless `asks_record` is false. `checkpoint` is what the snapshot is
    called in messages; `on_exit` closes what is opened here. Raises CheckpointError where the snapshot does not fit the
    settings.
    """
    manager, strategy = _advice(settings, on_exit, asks_record)
    curriculum = Curriculum(settings.curriculum)
    learner = None if snapshot is None else playing_learner(settings, policy_space, lanes)
    agent = agent_with(learner, settings, manager, strategy, mode=settings.agent_mode, seed=settings.seed)
    if snapshot is not None and learner is not None:
        reading = partial(damage_is_said, f"checkpoint {checkpoint}")
        with reading():
            learner.load_tensors(snapshot.tensors)
            learner.load_state_dict(snapshot.state["learner"])
        with reading():
            strategy.load_state_dict(snapshot.state["strategy"])
        with reading():
            agent.load_state_dict(snapshot.state["agent"])
            curriculum.load_state_dict(snapshot.state["curriculum"])
    return agent, curriculum.directive()


def frozen_heads(
    settings: Settings,
    heads: Heads,
    standings: Standings,
    game: str,
    on_exit: ExitStack,
    *,
    asks_record: bool = True,
) -> tuple[HeadsAgent, Directive]:
    """The agent of both heads in the game of that name; `standings` are theirs.

    Raises ConfigurationError where it would see no numbers.
    """
    if "features" not in POLICY_PARTS[settings.observation_type]:
        raise ConfigurationError(
            f"the policy reads numbers, and observation_type {settings.observation_type!r} has none: set it to 'state'"
        )
    if heads.game != game:
        log.warning("the policy was trained in %s: in %s it guesses", heads.game or "?", game)
    torch.set_num_threads(1)  # at this size several threads only wait for each other
    manager, strategy = _advice(settings, on_exit, asks_record)
    agent = HeadsAgent(heads, manager, strategy, mode=settings.agent_mode, seed=settings.seed)
    agent.standings = standings
    return agent, Curriculum(settings.curriculum).directive()


def _advice(settings: Settings, on_exit: ExitStack, asks_record: bool) -> tuple[BaseLLMManager, AdaptiveStrategySystem]:
    """The language model's manager, and the strategy that asks the decision record if there is one and it may."""
    record = None
    if asks_record and settings.decision_db_path.exists():
        record = on_exit.enter_context(DecisionHistoryAnalyzer(settings.decision_db_path))
    manager = make_manager(
        settings.llm_manager, settings.llm_model, settings.max_context_length, settings.language_model
    )
    on_exit.callback(manager.close)
    return manager, AdaptiveStrategySystem(record, initial_strategy=settings.initial_strategy, seed=settings.seed)
