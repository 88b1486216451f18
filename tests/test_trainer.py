"""The trainer on the real cartridge: documented calls, summary, callbacks, curriculum, evaluation, lanes."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError
from core.hybrid_agent import AgentMode, HybridAgent
from core.vocabulary import StrategyType
from tests.benchmarks import benchmark_decision_latency, benchmark_memory_usage, benchmark_training_speed
from tests.utils import (
    FERNVALE,
    cleanup_test_files,
    create_mock_environment,
    create_test_trainer,
    generate_test_config,
)
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.llm_manager import BaseLLMManager, LLMManager

SUMMARY_KEYS = {
    "total_episodes": int,
    "total_steps": int,
    "best_reward": float,
    "final_avg_reward": float,
    "curriculum_stage_reached": int,
    "curriculum_advancements": int,
    "strategy_switches": int,
    "final_evaluation": dict,
    "avg_episode_length": float,
    "avg_llm_usage": float,
}
EVALUATION_KEYS = {"avg_reward", "std_reward", "avg_length", "avg_llm_usage"}
METRICS_KEYS = {
    "episode_reward",
    "average_reward",
    "llm_usage_rate",
    "episode_length",
    "strategy_switches",
    "curriculum_stage",
    "success_rate",
}


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[HybridLLMRLTrainer]:
    made = create_test_trainer(episodes=4, temp_dir=tmp_path, eval_interval=2)
    yield made
    made.close()


def train(trainer: HybridLLMRLTrainer, **changes: int) -> dict[str, Any]:
    return trainer.train(**{**trainer.settings.train_arguments(), **changes})


def test_the_summary_is_documented_true_and_on_disk(trainer: HybridLLMRLTrainer) -> None:
    seen: list[dict[str, Any]] = []
    trainer.register_callback("episode_end", lambda _trainer, _episode, metrics: seen.append(metrics))
    summary = train(trainer)
    for key, kind in SUMMARY_KEYS.items():
        assert isinstance(summary[key], kind), key
    assert summary["final_evaluation"].keys() >= EVALUATION_KEYS
    assert summary["total_episodes"] == 4
    assert summary["total_steps"] == sum(metrics["episode_length"] for metrics in seen) == 160
    assert summary["best_reward"] == max(metrics["reward"] for metrics in seen)
    assert summary["final_avg_reward"] == pytest.approx(np.mean([metrics["reward"] for metrics in seen]))
    assert summary["avg_episode_length"] == 40
    assert summary["avg_llm_usage"] == 0, "there is no language model"
    assert summary["learner_updates"] == trainer.learner.updates == 160 // 2 // 16
    assert set(summary["evaluation_by_mode"]) == {"adaptive", "rl_only", "rules_only"}
    assert summary["evaluation_untrained"]["mode"] == "rl_only"
    assert not summary["interrupted"]
    assert json.loads((trainer.save_dir / "training_summary.json").read_text()) == summary


def test_every_decision_is_in_the_record(trainer: HybridLLMRLTrainer) -> None:
    results: dict[int, float] = {}
    trainer.register_callback("episode_end", lambda _t, episode, metrics: results.update({episode: metrics["reward"]}))
    train(trainer)
    database = trainer.decision_analyzer.store.connection
    rows = database.execute("select number, steps, reward from episodes order by number").fetchall()
    assert [number for number, _, _ in rows] == [1, 2, 3, 4]
    assert {number: pytest.approx(reward) for number, _, reward in rows} == results
    (decisions,) = database.execute("select count(*) from decisions").fetchone()
    assert decisions == sum(steps for _, steps, _ in rows) == 160


def test_callbacks_get_the_documented_metrics_in_order(trainer: HybridLLMRLTrainer) -> None:
    episodes: list[int] = []

    def training_callback(of: HybridLLMRLTrainer, episode: int, metrics: dict[str, Any]) -> None:
        assert of is trainer
        assert metrics.keys() >= METRICS_KEYS | {"reward"}
        assert metrics["reward"] == metrics["episode_reward"]
        assert (trainer.save_dir / "best_model").is_dir() == (episode >= 2), "evaluated before the callback"
        if episode == 3:
            trainer.save_best_model()
        episodes.append(episode)

    trainer.register_callback("episode_end", training_callback)
    train(trainer)
    assert episodes == [1, 2, 3, 4]
    with pytest.raises(ConfigurationError, match="there is no event 'epsiode_end'; the events are episode_end"):
        trainer.register_callback("epsiode_end", training_callback)


def test_the_documented_constructor_works_by_itself(tmp_path: Path) -> None:
    env = create_mock_environment(max_steps=30)
    strategy_system = AdaptiveStrategySystem()
    llm_manager = LLMManager()
    agent = HybridAgent(llm_manager, strategy_system)
    with DecisionHistoryAnalyzer(str(tmp_path / "decisions.db")) as analyzer:
        trainer = HybridLLMRLTrainer(
            env, agent, strategy_system, analyzer, llm_manager, save_dir=str(tmp_path / "run"), log_level="WARNING"
        )
        summary = trainer.train(total_episodes=2, max_steps_per_episode=25, eval_interval=1)
        assert (summary["total_episodes"], summary["total_steps"]) == (2, 50)
        assert summary["final_evaluation"]["avg_length"] == 25
        env.close()


class EagerWalker(EnhancedPyBoyPokemonCrystalEnv):
    """The documented way to reward something else."""

    def _calculate_reward(self, current_state: Any, previous_state: Any, action: int) -> float:
        return super()._calculate_reward(current_state, previous_state, action) + 100.0


class AlwaysA(BaseLLMManager):
    """The documented way to bring one's own model."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return self.parse_action("A"), {"source": "always_a", "confidence": 0.8}


def test_custom_rewards_and_custom_managers_are_used(tmp_path: Path) -> None:
    env = EagerWalker(str(FERNVALE), observation_type="state")
    strategy_system = AdaptiveStrategySystem(initial_strategy=StrategyType.LLM_HEAVY)
    manager = AlwaysA()
    agent = HybridAgent(manager, strategy_system, mode=AgentMode.LLM_ONLY)
    with DecisionHistoryAnalyzer(tmp_path / "decisions.db") as analyzer:
        trainer = HybridLLMRLTrainer(env, agent, strategy_system, analyzer, manager, save_dir=tmp_path / "run")
        trainer.settings = trainer.settings.changed(eval_episodes=1)
        summary = trainer.train(total_episodes=1, max_steps_per_episode=10)
    env.close()
    assert summary["best_reward"] >= 1000.0
    assert summary["avg_llm_usage"] > 0.0
    assert "llm_only" in summary["evaluation_by_mode"]


def test_modes_play_differently(tmp_path: Path) -> None:
    shares = {}
    for mode in ("rl_only", "rules_only", "adaptive"):
        made = create_test_trainer(episodes=2, temp_dir=tmp_path / mode, agent_mode=mode)
        shares[mode] = train(made)["source_shares"]
        made.close()
    assert shares["rl_only"]["policy"] == 1.0
    assert shares["rules_only"]["rules"] == 1.0
    assert 0 < shares["adaptive"]["policy"] < shares["adaptive"]["rules"]


def test_the_curriculum_acts_on_the_agent(tmp_path: Path) -> None:
    def stage(threshold: float, confidence: float, max_steps: int) -> dict[str, Any]:
        return {
            "reward_threshold": threshold,
            "min_episodes": 2,
            "llm_confidence": confidence,
            "strategy_preference": "rule_heavy" if confidence < 0.5 else "llm_heavy",
            "max_steps": max_steps,
        }

    curriculum = {"stages": [stage(-100, 0.95, 20), stage(1000, 0.05, 30)], "confidence_decay_rate": 0.0}
    made = create_test_trainer(episodes=8, temp_dir=tmp_path, curriculum=curriculum)
    seen: list[tuple[int, int, float]] = []
    made.register_callback(
        "episode_end",
        lambda _t, _e, m: seen.append((m["curriculum_stage"], m["episode_length"], m["source_shares"]["policy"])),
    )
    summary = train(made)
    assert summary["curriculum_stage_reached"] == summary["curriculum_advancements"] == 1
    assert made.strategy_system.current_strategy is StrategyType.RULE_HEAVY
    assert made.agent.curriculum_share == 0.05
    assert made.learner.teacher_scale == 0.05
    made.close()
    early, late = seen[:2], seen[-3:]
    assert {length for _, length, _ in early} == {20}
    assert {length for _, length, _ in late} == {30}
    assert np.mean([share for _, _, share in late]) > 0.5 > np.mean([share for _, _, share in early])


def test_evaluation_changes_nothing_of_the_training(tmp_path: Path) -> None:
    """The same run with and without evaluations, record, checkpoints and callbacks plays the same game."""
    rewards: list[list[float]] = []
    for name, interval in (("with", 1), ("without", 1000)):
        made = create_test_trainer(episodes=4, temp_dir=tmp_path / name, eval_interval=interval, lanes=1)
        rewards.append([])
        made.register_callback("episode_end", lambda _t, _e, m, to=rewards[-1]: to.append(m["reward"]))
        train(made)
        made.close()
    assert rewards[0] == rewards[1]
    assert len(set(rewards[0])) > 1, "episodes differ, so equality means something"


def test_the_same_seed_learns_the_same_weights(tmp_path: Path) -> None:
    weights = []
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        made = create_test_trainer(episodes=3, temp_dir=tmp_path / name, seed=seed)
        train(made)
        weights.append({key: tensor.numpy() for key, tensor in made.learner.tensors().items()})
        made.close()
    assert all(np.array_equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not all(np.array_equal(weights[0][key], weights[2][key]) for key in weights[0])


def test_a_signal_ends_the_run_cleanly(trainer: HybridLLMRLTrainer) -> None:
    """The signal comes while the second episode is being played."""
    trainer.register_callback(
        "episode_end", lambda _t, episode, _m: os.kill(os.getpid(), signal.SIGINT) if episode == 2 else None
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a script it is ignored
    handler = signal.getsignal(signal.SIGINT)
    summary = train(trainer, total_episodes=50)
    assert summary["interrupted"]
    assert summary["total_episodes"] in (2, 3), "both lanes may end with the same step"
    assert trainer.stop.signal is signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is handler
    assert trainer.load_checkpoint("latest")


def test_a_second_run_sets_the_first_one_aside(tmp_path: Path) -> None:
    for _ in range(2):
        made = create_test_trainer(episodes=2, temp_dir=tmp_path)
        train(made)
        made.close()
    first = tmp_path / "checkpoints" / "previous_001"
    assert {path.name for path in first.iterdir()} >= {"checkpoint_000002", "resume_000002", "training_summary.json"}
    assert (tmp_path / "checkpoints" / "resume_000002").is_dir()


def test_two_runs_cannot_share_a_directory(trainer: HybridLLMRLTrainer, tmp_path: Path) -> None:
    other = create_test_trainer(episodes=1, temp_dir=tmp_path)
    refused: list[str] = []

    def try_beside(_trainer: HybridLLMRLTrainer, _episode: int, _metrics: dict[str, Any]) -> None:
        with pytest.raises(Exception, match="another run is writing") as caught:
            train(other)
        refused.append(str(caught.value))

    trainer.register_callback("episode_end", try_beside)
    train(trainer, total_episodes=1)
    other.close()
    assert refused


def test_train_refuses_senseless_numbers(trainer: HybridLLMRLTrainer) -> None:
    with pytest.raises(ConfigurationError, match="eval_interval is -1: it must be 0 or more"):
        trainer.train(eval_interval=-1)


def test_training_in_a_thread_works_without_signals(tmp_path: Path) -> None:
    summaries: list[dict[str, Any]] = []

    def work() -> None:
        made = create_test_trainer(episodes=1, temp_dir=tmp_path)
        summaries.append(train(made))
        made.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=120)
    assert summaries[0]["total_episodes"] == 1


def test_progress_is_logged_where_there_is_no_terminal(
    trainer: HybridLLMRLTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="trainer"):
        train(trainer, total_episodes=2)
    lines = [record.message for record in caplog.records]
    assert any(line.startswith("training: episode 0/2, ") and "steps/s" in line for line in lines)
    assert any("evaluation after episode 2: adaptive reward" in line for line in lines)


def test_helpers_and_benchmarks_measure_real_things(tmp_path: Path) -> None:
    made = create_test_trainer(episodes=2, temp_dir=tmp_path / "run")
    speed = benchmark_training_speed(made, episodes=2)
    assert (speed["episodes"], speed["steps"]) == (2, 80)
    assert speed["steps_per_s"] == pytest.approx(80 / speed["duration_s"])
    memory = benchmark_memory_usage(made, duration=0.1)
    assert memory["episodes"] >= 1 and memory["peak_mib"] >= memory["start_mib"] * 0.9 > 10
    made.close()
    agent = HybridAgent(LLMManager(), AdaptiveStrategySystem())
    latency = benchmark_decision_latency(agent, samples=30)
    assert latency["samples"] == 30 and 0 < latency["median_us"] <= latency["p95_us"] <= latency["max_us"]
    config = generate_test_config(tmp_path / "config", seed=5)
    assert json.loads(config.read_text())["seed"] == 5
    cleanup_test_files(tmp_path / "config")
    assert not config.exists()
    with pytest.raises(ValueError, match="was not made by"):
        cleanup_test_files(tmp_path)
    unnamed = generate_test_config()
    cleanup_test_files()
    assert not unnamed.parent.exists() and tmp_path.exists()
