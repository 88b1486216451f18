"""One trainer in every arena, watched by a monitor that nobody introduced to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core_srl
from trainer.monitoring.records import read_log
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE

ARENAS: dict[str, Callable[[], core_srl.MultiModelTrainingEnvironment]] = {
    "coop_compete": lambda: core_srl.create_multi_model_coop_compete_env(num_models=3, cooperation_level=0.7),
    "team_battle": core_srl.create_multi_model_team_battle,
    "staged": lambda: core_srl.create_multi_model_staged_env(num_models=3, warmup_episodes=1),
    "maze": lambda: core_srl.create_maze_training_env("simple", num_models=3),
    "social": lambda: core_srl.create_social_training_env("negotiation", num_models=3),
}


@pytest.mark.parametrize("name", ARENAS)
def test_the_trainer_learns_in_every_arena_and_the_monitor_sees_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    env = ARENAS[name]()
    seen: list[str] = []

    def reward(model_output: str, context: dict[str, Any]) -> float:
        seen.append(model_output)
        return context["environment_reward"]

    env.reward_function = reward
    models = env.arena.seats
    config = core_srl.MultiModelConfig(
        num_models=models,
        model_types=["qwen3"],
        max_episodes=2,
        episode_length=3,
        update_frequency=1,
        log_metrics_interval=1,
        checkpoint_dir=str(tmp_path / "checkpoints"),
    )
    trainer = core_srl.MultiModelTrainer(config)
    trainer.environment = env
    monitor = core_srl.create_unified_monitor(
        core_srl.MonitoringConfig(log_file_path=str(tmp_path / "training.json"), enable_console_logging=False)
    )
    monitor.start()
    results = asyncio.run(trainer.train())
    monitor.stop()
    assert results["total_episodes"] == 2
    assert len(seen) == 2 * 3 * models and set(seen) <= set(env.options)
    log = read_log(tmp_path / "training.json")
    assert len(log.models) == models and set(log.curves["reward"]) == set(results["final_model_states"])
    assert [episode for episode, _ in sorted(log.curves["total_reward"][None].items())] == [1, 2]
    if name not in ("maze", "social"):
        assert log.stances()
    written = core_srl.create_graph_visualizer(str(tmp_path / "training.json")).save_png(tmp_path)
    assert all(path.stat().st_size > 5000 for path in written)
