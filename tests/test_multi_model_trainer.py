"""The multi-model trainer in an arena, with small local models in the place of large ones: real weights, real steps."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.arenas.training_environment import create_multi_model_coop_compete_env
from core.exceptions import CheckpointError, ConfigurationError
from trainer.multi_model.checkpoints import list_available_checkpoints, load_checkpoint_metadata
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.integrations import integrations_in_use
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE
from trainer.multi_model.trainer import MultiModelTrainer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")


def settings(folder: Path, **changes: Any) -> MultiModelConfig:
    values: dict[str, Any] = {
        "num_models": 3,
        "model_types": ["qwen3"],
        "max_episodes": 4,
        "episode_length": 6,
        "update_frequency": 2,
        "batch_size": 64,
        "save_interval": 2,
        "checkpoint_dir": str(folder),
    }
    return MultiModelConfig(**{**values, **changes})


def train(config: MultiModelConfig) -> tuple[MultiModelTrainer, dict[str, Any]]:
    trainer = MultiModelTrainer(config)
    return trainer, asyncio.run(trainer.train())


def weights(trainer: MultiModelTrainer) -> list[dict[str, torch.Tensor]]:
    return [
        {key: p.detach().clone() for key, p in learner.parameters().items()} for learner in trainer.session.learners
    ]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


def test_a_training_gives_true_values_under_the_documented_keys(tmp_path: Path) -> None:
    trainer, results = train(settings(tmp_path, weight_update_strategy=WeightUpdateStrategy.SYNCHRONIZED))
    assert results["training_completed"] is True
    assert results["total_episodes"] == 4
    metrics = results["training_metrics"]
    assert metrics["episodes"] == [1, 2, 3, 4]
    assert metrics["weight_update_counts"] == {f"model_{index}_qwen3": 2 for index in range(3)}
    states = results["final_model_states"]
    assert sum(state["total_reward"] for state in states.values()) == pytest.approx(sum(metrics["total_rewards"]))
    summary = trainer.get_model_performance_summary()
    assert sum(row["win_rate"] for row in summary.values()) >= 1.0
    for row in summary.values():
        assert row["total_episodes"] == 4 and 0 <= row["cooperation_score"] <= 1 and row["update_count"] == 2
        assert 6 * 0.5 < row["avg_reward"] < 6 * 1.1
    status = trainer.get_training_status()
    assert (status["progress"], status["current_episode"], status["is_training"]) == (1.0, 4, False)
    assert status["checkpoints_count"] == len(results["checkpoints_saved"]) == 2
    json.dumps(results), json.dumps(status)


def test_strategies_move_the_models_weights_as_they_should(tmp_path: Path) -> None:
    after: dict[WeightUpdateStrategy, list[dict[str, torch.Tensor]]] = {}
    for strategy in WeightUpdateStrategy:
        trainer = MultiModelTrainer(settings(tmp_path / strategy.value, weight_update_strategy=strategy))
        before = weights(trainer)
        assert same(before[0], before[1]) and same(before[0], before[2])  # all start alike
        asyncio.run(trainer.train())
        after[strategy] = weights(trainer)
        moved = [not same(one, other) for one, other in zip(before, after[strategy], strict=True)]
        updates = [row["update_count"] for row in trainer.get_model_performance_summary().values()]
        assert moved == [count > 0 for count in updates]
    for together in (WeightUpdateStrategy.SYNCHRONIZED, WeightUpdateStrategy.FEDERATED):
        assert same(after[together][0], after[together][1])
    assert not same(after[WeightUpdateStrategy.ASYNCHRONOUS][0], after[WeightUpdateStrategy.ASYNCHRONOUS][1])
    assert not same(after[WeightUpdateStrategy.SYNCHRONIZED][0], after[WeightUpdateStrategy.FEDERATED][0])


def test_modes_change_what_is_learned_from_and_who_knows_what(tmp_path: Path) -> None:
    learned = {}
    for mode in TrainingMode:
        trainer = MultiModelTrainer(settings(tmp_path / mode.value, training_mode=mode, cooperation_strength=1.0))
        result = asyncio.run(trainer.train_multi_model_episode(1))
        second = asyncio.run(trainer.train_multi_model_episode(2))
        rewards, shaped = list(second["rewards"].values()), list(second["shaped_rewards"].values())
        if mode is TrainingMode.COOPERATIVE:
            assert shaped == pytest.approx([sum(rewards) / 3] * 3)
        elif mode is TrainingMode.COMPETITIVE:
            assert sum(shaped) == pytest.approx(0.6 * sum(rewards))
            assert shaped.index(max(shaped)) == rewards.index(max(rewards))
        elif mode is TrainingMode.HIERARCHICAL:
            first = list(result["rewards"].values())
            assert shaped[first.index(max(first))] == pytest.approx(sum(rewards) / 3)  # the best so far leads
        players = trainer.session.players  # type: ignore[attr-defined]
        assert (players[0].record is players[1].record) == (mode is not TrainingMode.COMPETITIVE)
        learned[mode] = weights(trainer)[0]
    modes = list(learned)
    for mode in modes[1:]:
        assert not same(learned[modes[0]], learned[mode])


def test_models_learn_to_do_what_pays(tmp_path: Path) -> None:
    config = settings(
        tmp_path,
        training_mode=TrainingMode.COOPERATIVE,
        weight_update_strategy=WeightUpdateStrategy.SYNCHRONIZED,
        max_episodes=24,
        episode_length=16,
        learning_rate=0.01,
        save_interval=1000,
    )
    trainer = MultiModelTrainer(config)
    trainer.environment = create_multi_model_coop_compete_env(num_models=3, cooperation_level=1.0)
    ratios = asyncio.run(trainer.train())["training_metrics"]["cooperation_ratios"]
    assert sum(ratios[:2]) / 2 < 0.75  # before the first update
    assert sum(ratios[-4:]) / 4 > 0.9


def test_a_reward_function_of_ones_own_is_what_is_learned_from(tmp_path: Path) -> None:
    trainer = MultiModelTrainer(settings(tmp_path))
    seen: list[tuple[str, int]] = []

    def own(model_output: str, context: dict[str, Any]) -> float:
        seen.append((model_output, context["action"]))
        return 2.0 if model_output == "compete" else 0.0

    trainer.environment.reward_function = own  # type: ignore[union-attr]
    result = asyncio.run(trainer.train_multi_model_episode(1))
    assert len(seen) == 18
    assert result["total_reward"] == 2.0 * sum(output == "compete" for output, _ in seen)


def test_another_arena_in_mid_training_keeps_what_was_learned(tmp_path: Path) -> None:
    trainer, _ = train(settings(tmp_path, max_episodes=2))
    learned = weights(trainer)
    trainer.environment = create_multi_model_coop_compete_env(num_models=3, cooperation_level=0.1)
    trainer.config.max_episodes, trainer.config.batch_size = 4, 8
    for one, other in zip(learned, weights(trainer), strict=True):
        assert same(one, other)
    assert {learner.settings.batch_size for learner in trainer.session.learners} == {8}  # type: ignore[attr-defined]
    assert asyncio.run(trainer.train())["total_episodes"] == 4
    assert not same(learned[0], weights(trainer)[0])


def test_one_base_in_memory_and_an_adapter_each(tmp_path: Path) -> None:
    trainer = MultiModelTrainer(settings(tmp_path, num_models=3))
    players = trainer.session.players  # type: ignore[attr-defined]
    assert len({id(player.policy.text.model) for player in players}) == 1
    own = [{id(p) for p in player.learner.parameters().values()} for player in players]
    assert not own[0] & own[1]


# -- checkpoints ---------------------------------------------------------------------------------------------------


async def stopped_after(episodes: int, trainer: MultiModelTrainer) -> None:
    """A training that is cancelled between two episodes."""
    training = asyncio.create_task(trainer.train())
    while trainer.current_episode < episodes:
        await asyncio.sleep(0)
    training.cancel()


def test_a_resumed_training_is_the_same_training(tmp_path: Path) -> None:
    whole, results = train(settings(tmp_path / "whole", max_episodes=5))
    asyncio.run(stopped_after(3, MultiModelTrainer(settings(tmp_path / "parts", max_episodes=5))))
    second = MultiModelTrainer(settings(tmp_path / "parts", max_episodes=5))
    newest = list_available_checkpoints(str(tmp_path / "parts"))[0]
    assert newest.startswith("resume_multimodel_ep_3_")
    assert second.load_checkpoint(newest) is True
    assert second.current_episode == 3
    resumed = asyncio.run(second.train())
    assert resumed["training_metrics"]["episodes"] == [1, 2, 3, 4, 5]
    assert resumed["training_metrics"]["total_rewards"] == results["training_metrics"]["total_rewards"]
    for one, other in zip(weights(whole), weights(second), strict=True):
        assert same(one, other)


def test_checkpoints_have_real_weights_and_are_listed_newest_first(tmp_path: Path) -> None:
    trainer, _ = train(settings(tmp_path, max_episodes=4, save_interval=1, max_checkpoints=2))
    asyncio.run(trainer.shutdown())
    names = list_available_checkpoints(str(tmp_path))
    assert [name.rsplit("_", 1)[0] for name in names] == ["final_multimodel_ep_4", "multimodel_ep_4"]
    metadata = load_checkpoint_metadata(names[0], str(tmp_path))
    assert metadata["episode"] == 4 and metadata["checkpoint_id"] == names[0]
    assert set(metadata["global_metrics"]) == {"total_episodes", "training_time", "avg_cooperation"}
    assert metadata["config"]["training_mode"] == "mixed"
    tensors = load_file(tmp_path / names[0] / "model_weights" / "model_0_qwen3.safetensors")
    assert any(key.startswith("adam.exp_avg.") for key in tensors)
    adapter = load_file(tmp_path / names[0] / "lora_weights" / "model_0_qwen3" / "adapter_model.safetensors")
    assert any(tensor.abs().sum() > 0 for key, tensor in adapter.items() if "lora_B" in key)


def test_after_a_shutdown_nothing_goes_on_with_fresh_weights(tmp_path: Path) -> None:
    trainer, _ = train(settings(tmp_path, max_episodes=2))
    learned = weights(trainer)
    asyncio.run(trainer.shutdown())
    trainer.config.max_episodes = 3
    with pytest.raises(RuntimeError, match="shut down"):
        asyncio.run(trainer.train())
    assert trainer.load_checkpoint("latest")
    assert same(learned[0], weights(trainer)[0])
    assert asyncio.run(trainer.train())["total_episodes"] == 3


def test_minus_one_keeps_all_checkpoints(tmp_path: Path) -> None:
    train(settings(tmp_path, max_episodes=4, save_interval=1, max_checkpoints=-1))
    assert len(list_available_checkpoints(str(tmp_path))) == 4


def test_checkpoints_that_are_missing_damaged_or_of_others_are_refused(tmp_path: Path) -> None:
    trainer, results = train(settings(tmp_path, max_episodes=2))
    with pytest.raises(FileNotFoundError, match="Checkpoint not found"):
        trainer.load_checkpoint("multimodel_ep_9_9")
    with pytest.raises(FileNotFoundError, match="Checkpoint not found"):
        load_checkpoint_metadata("nothing", str(tmp_path / "nowhere"))
    (name,) = results["checkpoints_saved"]
    other = MultiModelTrainer(settings(tmp_path, num_models=2))
    with pytest.raises(CheckpointError, match="has the models"):
        other.load_checkpoint(name)
    weights_file = tmp_path / name / "model_weights" / "model_0_qwen3.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="damaged"):
        trainer.load_checkpoint(name)


def test_a_kill_loses_at_most_the_running_episode(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from tests.test_multi_model_trainer import settings\n"
        "from pathlib import Path\n"
        "from trainer.multi_model.trainer import MultiModelTrainer\n"
        "trainer = MultiModelTrainer(settings(Path(sys.argv[1]), max_episodes=100000))\n"
        "trainer.config.log_metrics_interval = 1\n"
        "trainer.observe(lambda result: print(result['episode'], flush=True))\n"
        "asyncio.run(trainer.train())\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)]
    environment = {**os.environ, ONE_MODEL_VARIABLE: "small", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    deadline_s = time.monotonic() + 120
    finished = 0
    while finished < 7 and time.monotonic() < deadline_s:
        finished = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = [int(line) for line in child.stdout.read().split()]
    child.wait()
    trainer = MultiModelTrainer(settings(tmp_path))
    assert trainer.load_checkpoint("latest")
    assert trainer.current_episode >= (rest[-1] if rest else finished) - 1
    result = asyncio.run(trainer.train_multi_model_episode(trainer.current_episode + 1))
    assert result["steps"] == 18


# -- errors --------------------------------------------------------------------------------------------------------


def test_verl_and_areal_are_refused_in_words_and_never_pretended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = MultiModelTrainer(settings(tmp_path, enable_verl=True, enable_areal=False, num_gpus=0))
    result = asyncio.run(trainer.train_multi_model_episode(1))
    installed = find_spec("verl") is not None
    assert result["verl_areal"]["areal"] == "off"
    refusal = result["verl_areal"]["verl"]
    assert refusal.startswith("refused: verl is " + ("installed, but" if installed else "not installed here"))
    assert ("crystal-hybrid[verl]" in refusal) is not installed and "built-in learner" in refusal
    assert "crystal-agent team verl RUN/model_N --tree" in refusal
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [refusal in warning for warning in warnings] == [True], "said once, and only what was asked for"
    (tmp_path / "verl").mkdir()
    (tmp_path / "verl" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    present = integrations_in_use(trainer.config)["verl"]
    assert "verl is installed, but" in present and "pip install" not in present, "only what is left to do"
    trainer.config.enable_areal = True
    assert "trainer.at_grpo.areal_workflow.TreeWorkflow" in integrations_in_use(trainer.config)["areal"]


@pytest.mark.parametrize("count", [0, -1, 1000, True, 2.5])
def test_a_wrong_number_of_models_is_refused_at_construction(count: Any) -> None:
    with pytest.raises(ValueError, match="Invalid number of models"):
        MultiModelConfig(num_models=count)


def test_an_environment_with_other_seats_is_refused(tmp_path: Path) -> None:
    trainer = MultiModelTrainer(settings(tmp_path))
    trainer.environment = create_multi_model_coop_compete_env(num_models=8, cooperation_level=0.7)
    with pytest.raises(ValueError, match=r"Invalid number of models.*8 seats.*3 models"):
        asyncio.run(trainer.train())


def test_an_unknown_kind_of_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unsupported LLM backend.*did you mean 'qwen3'"):
        MultiModelConfig(model_types=["qwen33"])
    with pytest.raises(ConfigurationError, match="did you mean 'num_models'"):
        MultiModelConfig.from_dict({"num_model": 3})


def test_an_episode_that_takes_too_long_is_given_up_and_played_again(tmp_path: Path) -> None:
    trainer = MultiModelTrainer(settings(tmp_path, episode_timeout_s=1e-6))
    with pytest.raises(asyncio.TimeoutError, match="Episode timeout") as caught:
        asyncio.run(trainer.train())
    assert not isinstance(caught.value, RuntimeError)
    assert trainer.current_episode == 0
    trainer.config.episode_timeout_s = None
    assert asyncio.run(trainer.train())["total_episodes"] == 4


def test_too_little_memory_is_said_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE)
    trainer = MultiModelTrainer(settings(tmp_path, model_names={"qwen3": "someone/Enormous-9000B"}))
    with pytest.raises(RuntimeError, match=r"GPU memory insufficient.*36000\.0 GB"):
        asyncio.run(trainer.train())


def test_a_model_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE)
    (tmp_path / "empty").mkdir()
    trainer = MultiModelTrainer(settings(tmp_path, model_names={"qwen3": str(tmp_path / "empty")}))
    with pytest.raises(RuntimeError, match=r"Model loading failed.*/empty"):
        asyncio.run(trainer.train())
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    hosted = MultiModelTrainer(settings(tmp_path, model_types=["openai"]))
    with pytest.raises(RuntimeError, match=r"Model loading failed.*OPENAI_API_KEY"):
        asyncio.run(hosted.train())
