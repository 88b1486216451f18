"""The agent of a checkpoint, or one without a checkpoint, as it is evaluated and watched."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from gymnasium import spaces

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.history.analyzer import DecisionHistoryAnalyzer
from trainer.checkpoints.checkpoint import Snapshot
from trainer.checkpoints.damage import damage_is_said
from trainer.curriculum import Curriculum, Directive
from trainer.llm_manager import make_manager
from trainer.settings import Settings


def frozen_agent(
    settings: Settings,
    checkpoint: str,
    snapshot: Snapshot | None,
    policy_space: spaces.Dict,
    lanes: int,
    on_exit: ExitStack,
) -> tuple[HybridAgent, Directive]:
    """The agent of a snapshot, and what its curriculum says; without a snapshot one that has no policy.

    It reads the decision record where there is one. `checkpoint` is what the snapshot is called in messages; `on_exit`
    closes what is opened here. Raises CheckpointError where the snapshot does not fit the settings.
    """
    record = None
    if settings.decision_db_path.exists():
        record = on_exit.enter_context(DecisionHistoryAnalyzer(settings.decision_db_path))
    manager = make_manager(
        settings.llm_manager, settings.llm_model, settings.max_context_length, settings.language_model
    )
    on_exit.callback(manager.close)
    strategy = AdaptiveStrategySystem(record, initial_strategy=settings.initial_strategy, seed=settings.seed)
    agent = HybridAgent(manager, strategy, mode=settings.agent_mode, seed=settings.seed)
    curriculum = Curriculum(settings.curriculum)
    if snapshot is not None:
        learner = MaskablePPOLearner(policy_space, lanes, settings.learner, seed=settings.seed)
        reading = partial(damage_is_said, f"checkpoint {checkpoint}")
        with reading():
            learner.load_tensors(snapshot.tensors)
            learner.load_state_dict(snapshot.state["learner"])
        with reading():
            strategy.load_state_dict(snapshot.state["strategy"])
        agent.attach_policy(learner)
        with reading():
            agent.load_state_dict(snapshot.state["agent"])
            curriculum.load_state_dict(snapshot.state["curriculum"])
    return agent, curriculum.directive()
