"""A training wired by hand from the documented parts: what the parts were told is what happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.policy_view import POLICY_PARTS
from core.exceptions import ConfigurationError
from core.hybrid_agent import HybridAgent
from tests.utils import FERNVALE, create_test_trainer
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.llm_manager import LLMManager
from trainer.settings import CurriculumSettings, Settings

STAGE = {"reward_threshold": -100.0, "min_episodes": 1, "llm_confidence": 0.25, "strategy_preference": "rule_heavy"}
CURRICULUM = {"stages": [STAGE, {**STAGE, "max_steps": 5}], "advancement_patience": 3}


def wired(
    folder: Path, curriculum_config: dict[str, Any] | None = CURRICULUM, settings: Settings | None = None
) -> HybridLLMRLTrainer:
    env = EnhancedPyBoyPokemonCrystalEnv(str(FERNVALE), observation_type="state")
    analyzer, manager = DecisionHistoryAnalyzer(str(folder / "decisions.db")), LLMManager()
    strategy = AdaptiveStrategySystem(analyzer)
    agent = HybridAgent(manager, strategy, curriculum_config=curriculum_config)
    return HybridLLMRLTrainer(
        env, agent, strategy, analyzer, manager, str(folder / "run"), "WARNING", settings=settings
    )


def test_an_agent_with_its_two_documented_parts_decides_in_the_documented_environment() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(str(FERNVALE))
    agent = HybridAgent(LLMManager("pocket"), AdaptiveStrategySystem())
    observation, info = env.reset()
    for _ in range(3):
        action = agent.get_action(observation, info)
        assert info["action_mask"][action]
        following, reward, terminated, truncated, info = env.step(action)
        agent.update(observation, action, reward, following, terminated or truncated)
        observation = following
    env.close()


def test_the_curriculum_of_the_agent_is_that_of_the_run(tmp_path: Path) -> None:
    trainer = wired(tmp_path, settings=Settings(eval_episodes=0))
    assert trainer.run.curriculum.directive().teacher_share == 0.25
    summary = trainer.train(total_episodes=2, max_steps_per_episode=20)
    assert summary["curriculum_stage_reached"] == 1
    assert summary["total_steps"] == 25, "the second stage cuts its episode off after 5 steps"
    assert trainer.run.curriculum.patience_episodes == 3, "no argument was given, so the curriculum's own holds"
    trainer.close()


def test_two_curricula_that_differ_are_refused(tmp_path: Path) -> None:
    other = Settings(curriculum=CurriculumSettings(advancement_patience=9))
    with pytest.raises(ConfigurationError, match="curriculum_config and the curriculum of the settings"):
        wired(tmp_path, settings=other)
    missing = {"stages": [{**STAGE, "go_explore_share": 0.5}]}
    with pytest.raises(ConfigurationError, match="'go_explore' is null"):
        wired(tmp_path, missing)


@pytest.mark.parametrize("zero", ["eval_interval", "eval_episodes"])
def test_zero_evaluations_are_none(zero: str, tmp_path: Path) -> None:
    trainer = create_test_trainer(2, temp_dir=tmp_path, **{"eval_interval": 1, zero: 0})
    summary = trainer.train()
    assert summary["total_episodes"] == 2 and summary["total_steps"] <= 3 * 40, "what is not given is the config's"
    assert summary["evaluation_by_mode"] == {} and summary["evaluation_untrained"] is None
    assert not (tmp_path / "checkpoints" / "best_model").exists()
    trainer.close()


def test_arguments_go_before_the_config(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = create_test_trainer(3, temp_dir=tmp_path, eval_episodes=0)
    assert trainer.train(total_episodes=1, max_steps_per_episode=7)["total_steps"] == 7
    assert "nothing was learned" in caplog.text and "rollout_steps 16 in each of 2 lanes" in caplog.text
    with pytest.raises(ConfigurationError, match="save_interval is 0: it must be 1 or more"):
        trainer.train(save_interval=0)
    trainer.close()


@pytest.mark.parametrize("observation_type", POLICY_PARTS)
def test_the_observation_type_decides_what_the_policy_sees_in_training(observation_type: str, tmp_path: Path) -> None:
    trainer = create_test_trainer(2, temp_dir=tmp_path, observation_type=observation_type, eval_episodes=0)
    seen = {key for key in trainer.learner.policy.state_dict() if ".convolutions." in key}
    assert any(".screen." in key for key in seen) is (observation_type != "state")
    assert any(".map." in key for key in seen) is (observation_type != "screen")
    assert tuple(trainer.learner.policy.observation_space.spaces) == POLICY_PARTS[observation_type]
    assert trainer.train()["learner_updates"] > 0
    trainer.close()
