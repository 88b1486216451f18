"""Promises: every documented name, signature, default and enum value of the hybrid API, as users import them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

REQUIRED = inspect.Parameter.empty

SIGNATURES: dict[str, dict[str, Any]] = {
    "trainer.hybrid_llm_rl_trainer:HybridLLMRLTrainer": {
        "env": REQUIRED,
        "agent": REQUIRED,
        "strategy_system": REQUIRED,
        "decision_analyzer": REQUIRED,
        "llm_manager": REQUIRED,
        "save_dir": "checkpoints",
        "log_level": "INFO",
    },
    "trainer.hybrid_llm_rl_trainer:HybridLLMRLTrainer.train": {
        "total_episodes": 1000,
        "max_steps_per_episode": 10000,
        "save_interval": 100,
        "eval_interval": 50,
        "curriculum_patience": 20,
    },
    "trainer.hybrid_llm_rl_trainer:HybridLLMRLTrainer.load_checkpoint": {"checkpoint_path": REQUIRED},
    "trainer.hybrid_llm_rl_trainer:create_trainer_from_config": {"config_path": REQUIRED},
    "core.hybrid_agent:HybridAgent": {
        "llm_manager": REQUIRED,
        "adaptive_strategy": REQUIRED,
        "action_space_size": 9,
        "curriculum_config": None,
    },
    "core.hybrid_agent:HybridAgent.get_action": {"observation": REQUIRED, "info": REQUIRED},
    "core.hybrid_agent:HybridAgent.update": {
        "observation": REQUIRED,
        "action": REQUIRED,
        "reward": REQUIRED,
        "next_observation": REQUIRED,
        "done": REQUIRED,
    },
    "core.adaptive_strategy_system:AdaptiveStrategySystem": {"history_analyzer": None, "goal_planner": None},
    "core.adaptive_strategy_system:AdaptiveStrategySystem.select_strategy": {"context": REQUIRED},
    "core.adaptive_strategy_system:AdaptiveStrategySystem.get_strategy_stats": {},
    "core.decision_history_analyzer:DecisionHistoryAnalyzer": {"db_path": "decisions.db"},
    "core.decision_history_analyzer:DecisionHistoryAnalyzer.record_decision": {
        "game_state": REQUIRED,
        "action_taken": REQUIRED,
        "reasoning": REQUIRED,
        "confidence": REQUIRED,
        "outcome_reward": REQUIRED,
    },
    "core.decision_history_analyzer:DecisionHistoryAnalyzer.analyze_patterns": {
        "min_frequency": 3,
        "context_filter": None,
    },
    "core.decision_history_analyzer:DecisionHistoryAnalyzer.get_recent_decisions": {"limit": 100},
    "core.enhanced_pyboy_env:EnhancedPyBoyPokemonCrystalEnv": {
        "rom_path": REQUIRED,
        "headless": True,
        "observation_type": "multi_modal",
    },
    "core.enhanced_pyboy_env:EnhancedPyBoyPokemonCrystalEnv.step": {"action": REQUIRED},
    "core.enhanced_pyboy_env:EnhancedPyBoyPokemonCrystalEnv._calculate_reward": {
        "current_state": REQUIRED,
        "previous_state": REQUIRED,
        "action": REQUIRED,
    },
    "core.game_state_analyzer:GameStateAnalysis": {"state_variables": REQUIRED},
    "core.game_state_analyzer:GameStateAnalysis.analyze_battle_state": {},
    "core.game_state_analyzer:GameStateAnalysis.analyze_exploration_state": {},
    "core.game_state_analyzer:GameStateAnalysis.get_summary": {},
    "core.goal_planner:GoalOrientedPlanner": {},
    "trainer.llm_manager:LLMManager": {},
    "trainer.llm_manager:BaseLLMManager.get_action": {"context": REQUIRED},
    "tests.utils:create_mock_environment": {},
    "tests.utils:create_test_trainer": {"episodes": 10, "headless": True},
    "tests.utils:generate_test_config": {},
    "tests.utils:cleanup_test_files": {},
    "tests.benchmarks:benchmark_training_speed": {"trainer": REQUIRED, "episodes": 100},
    "tests.benchmarks:benchmark_memory_usage": {"trainer": REQUIRED, "duration": 60},
    "tests.benchmarks:benchmark_decision_latency": {"agent": REQUIRED, "samples": 1000},
}
"""Parameters in documented order. More optional parameters may follow; none may come between or be required."""


def resolve(path: str) -> Any:
    module, _, names = path.partition(":")
    value: Any = importlib.import_module(module)
    for name in names.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("path", SIGNATURES)
def test_signature(path: str) -> None:
    parameters = [p for p in inspect.signature(resolve(path)).parameters.values() if p.name != "self"]
    documented = SIGNATURES[path]
    named = [p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD][: len(documented)]
    assert [p.name for p in named] == list(documented)
    for parameter in named:
        if documented[parameter.name] is not REQUIRED:
            assert parameter.default == documented[parameter.name], f"default of {parameter.name}"
    for extra in parameters[len(documented) :]:
        optional = extra.default is not REQUIRED or extra.kind in (
            inspect.Parameter.VAR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        )
        assert optional, f"{extra.name} is not documented, so it must be optional"


def test_enum_values() -> None:
    from core.adaptive_strategy_system import StrategyType
    from core.hybrid_agent import AgentMode

    assert {"LLM_ONLY", "RL_ONLY", "ADAPTIVE"} <= set(AgentMode.__members__)
    assert list(StrategyType.__members__) == ["LLM_HEAVY", "BALANCED", "RULE_HEAVY"]
    assert [s.value for s in StrategyType] == ["llm_heavy", "balanced", "rule_heavy"]
    assert [s.llm_share for s in StrategyType] == [0.8, 0.5, 0.2]


def test_actions_are_in_the_documented_order() -> None:
    from core.vocabulary import Button

    assert [button.name for button in Button] == ["A", "B", "START", "SELECT", "UP", "DOWN", "LEFT", "RIGHT", "NONE"]


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("TrainingError", RuntimeError),
        ("ConfigurationError", ValueError),
        ("EnvironmentError", OSError),
        ("CheckpointError", RuntimeError),
        ("LLMConnectionError", ConnectionError),
        ("DecisionValidationError", ValueError),
    ],
)
def test_every_documented_error_is_also_a_builtin_error(name: str, builtin: type[Exception]) -> None:
    error = getattr(importlib.import_module("core.exceptions"), name)
    assert issubclass(error, builtin)
