"""What the settings and results of a multi-model training promise: each acts, is refused with words, or is said."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from core.exceptions import ConfigurationError
from tests.llm_servers.server import ModelServer
from tests.test_multi_model_trainer import settings, weights
from tests.utils import generate_test_config
from trainer.llm_manager import LLMManager
from trainer.monitoring.monitor import create_unified_monitor
from trainer.monitoring.settings import MonitoringConfig
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE, gpus_here, model_sources
from trainer.multi_model.players import Chosen, HostedPlayer, LocalPlayer
from trainer.multi_model.seated_session import SeatedSession
from trainer.multi_model.table_manager import TableManager
from trainer.multi_model.trainer import MultiModelTrainer


def trained(config: MultiModelConfig) -> tuple[MultiModelTrainer, dict[str, Any]]:
    trainer = MultiModelTrainer(config)
    return trainer, asyncio.run(trainer.train())


# -- what is left at the end -------------------------------------------------------------------------------------------


def test_a_training_shorter_than_the_update_frequency_learns_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    config = settings(tmp_path, max_episodes=3, update_frequency=10)
    untrained = weights(MultiModelTrainer(config))
    trainer, results = trained(config)
    assert set(results["training_metrics"]["weight_update_counts"].values()) == {1}
    assert results["nothing_learned"] is None
    after = weights(trainer)
    assert not all(torch.equal(untrained[0][key], after[0][key]) for key in after[0])
    assert asyncio.run(trainer.train())["training_metrics"]["weight_update_counts"]["model_0_qwen3"] == 1, "only once"
    asyncio.run(trainer.shutdown())
    again = MultiModelTrainer(config)
    again.load_checkpoint("latest")
    assert all(torch.equal(weights(again)[0][key], after[0][key]) for key in after[0]), "the checkpoint has it"
    asyncio.run(again.shutdown())


def test_a_training_of_which_nobody_learns_says_so_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    with ModelServer() as server:
        names = {"openai": f"openai/gpt-5-mini@{server.url}"}
        trainer, results = trained(settings(tmp_path, num_models=2, model_types=["openai"], model_names=names))
        asyncio.run(trainer.shutdown())
    assert results["training_completed"] and "hosted" in results["nothing_learned"]
    assert "nothing was learned: all models are hosted" in caplog.text


# -- games on the cartridge --------------------------------------------------------------------------------------------


def ground(folder: Path, **changes: Any) -> MultiModelTrainer:
    """Two rivals after an episode of games that are won at the foot of the stairs, after about ten steps."""
    config = MultiModelConfig(
        **{
            "num_models": 2,
            "model_types": ["rules"],
            "episode_length": 64,
            "checkpoint_dir": str(folder / "run"),
            "training_mode": TrainingMode.COMPETITIVE,
            **changes,
        }
    )
    trainer = MultiModelTrainer(config)
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, final_milestone="downstairs"))
    asyncio.run(trainer.train_multi_model_episode(1))
    return trainer


def test_games_on_the_cartridge_leave_milestones_what_led_to_them_and_their_ends(tmp_path: Path) -> None:
    trainer = ground(tmp_path, training_mode=TrainingMode.COOPERATIVE)
    asyncio.run(trainer.shutdown())
    with sqlite3.connect(tmp_path / "run" / "decisions.db") as record:
        (won,) = record.execute("select count(*) from episodes where terminated = 1").fetchone()
        (reached,) = record.execute("select count(*) from milestones").fetchone()
        (leads,) = record.execute("select sum(n) from milestone_leads").fetchone()
        (steps, longest) = record.execute("select sum(steps), max(steps) from episodes").fetchone()
    assert won >= 4 and reached == won and leads >= won
    assert (steps, longest < 64) == (128, True)
    assert trainer.get_model_performance_summary()["model_0_rules"]["milestones"] == {"downstairs": 1}


def test_no_reward_of_a_game_goes_back_to_a_choice_in_the_game_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    drawn: Counter[str] = Counter()
    draw = LocalPlayer.draw

    def counted(player: LocalPlayer, situation: str, options: Sequence[str]) -> Chosen:
        drawn[player.model_id] += 1
        return draw(player, situation, options)

    monkeypatch.setattr(LocalPlayer, "draw", counted)
    trainer = ground(tmp_path, model_types=["qwen3"])
    session = trainer.session
    assert isinstance(session, SeatedSession)
    for seat in session.seats:
        assert seat.player is not None and seat.player.learner is not None
        games = seat.player.learner._finished
        assert 1 < len(games) <= seat.team.tally.episodes, "each game in which it was asked is one of its own"
        choices = sum(len(game.choices) for game in games)
        assert choices == drawn[seat.model_id] > 1, "every answer counts, at the step at which it was asked"
    asyncio.run(trainer.shutdown())


def test_what_an_option_brought_is_settled_when_the_game_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    options = ["go left", "go right"]
    with ModelServer() as server:
        player = HostedPlayer("model_0_openai", LLMManager(f"openai/gpt-5-mini@{server.url}"))
        manager = TableManager(player)
        choice = manager.choose_option("Where to?", options)
        assert choice is not None
        manager.earned(1.0)
        manager.end_game()
        assert player.record.mean(options[choice.index]) == 1.0
        manager.earned(5.0)
        manager.choose_option("Where to now?", options)
        assert player.record.mean(options[choice.index]) == 1.0, "the next game's reward is not its"
        player.close()


def test_what_a_worker_asked_counts_at_the_step_at_which_it_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    options = ["go left", "go right"]
    with ModelServer() as server:
        player = HostedPlayer("model_0_openai", LLMManager(f"openai/gpt-5-mini@{server.url}"))
        manager = TableManager(player)
        manager.step = 1
        choice = manager.choose_option("Where to?", options)
        assert choice is not None and player.record.mean(options[choice.index]) is None
        for step, reward in enumerate((5.0, 1.0, 2.0)):
            manager.settle(step)
            manager.earned(reward)
        manager.end_game()
        assert player.record.mean(options[choice.index]) == 3.0
        manager.choose_option("Where to now?", options)
        manager.forget()  # the worker was lost, and asks again
        manager.settle(1)
        manager.earned(5.0)
        manager.end_game()
        assert player.record.mean(options[choice.index]) == 3.0
        player.close()


# -- settings ----------------------------------------------------------------------------------------------------------

NAMES = {"qwen_coder": "Qwen/Qwen2.5-Coder-14B-Instruct", "qwen_math": "Qwen/Qwen2.5-Math-14B-Instruct"}


@pytest.fixture
def every_name_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)


@pytest.mark.usefixtures("every_name_counts")
def test_the_models_that_are_named_are_the_models() -> None:
    """The guide's "Specialized Models": four are named, none of them hidden."""
    config = MultiModelConfig(model_types=["qwen3", "openai", "claude", "llama3"])
    config.model_names = {**NAMES, "openai": "gpt-4o", "claude": "claude-3-5-sonnet-20241022"}
    assert [source.name for source in model_sources(config)] == list(config.model_names.values())
    at_once = MultiModelConfig(num_models=2, model_names=NAMES)
    assert [source.name for source in model_sources(at_once)] == list(NAMES.values())


def test_a_name_that_no_model_would_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'qwen_math', and model_types \(qwen_coder\) does not ask for one"):
        MultiModelConfig(model_types=["qwen_coder"], model_names=NAMES)
    with pytest.raises(ConfigurationError, match="'qwen_codr', which is no model type; did you mean 'qwen_coder'"):
        MultiModelConfig(model_names={"qwen_codr": "x"})
    config = MultiModelConfig(model_types=["small"])
    config.model_names["qwen_math"] = "a/b"
    with pytest.raises(ConfigurationError, match="'qwen_math'"):
        MultiModelTrainer(config)


@pytest.mark.usefixtures("every_name_counts")
def test_servers_of_vllm_are_asked_at_ports_from_the_base_port_on() -> None:
    names = {"qwen3": "vllm/Qwen/Qwen3-8B", "llama3": "vllm/llama@http://elsewhere:9/v1"}
    config = MultiModelConfig(num_models=3, model_types=["qwen3", "llama3"], model_names=names, base_port=8101)
    first, elsewhere, third = (source.name for source in model_sources(config))
    assert first.endswith("@http://localhost:8101/v1") and third.endswith("@http://localhost:8103/v1")
    assert elsewhere == names["llama3"]
    with pytest.raises(ConfigurationError, match="base_port is 65534 and num_models 4"):
        MultiModelConfig(base_port=65534)


def test_gpus_that_are_not_there_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    here = gpus_here()
    trainer, _ = trained(settings(tmp_path, max_episodes=1, num_gpus=here + 3))
    assert f"num_gpus is {here + 3} and this machine has {here}" in caplog.text
    assert trainer.get_training_status()["gpus_in_use"] == here
    asyncio.run(trainer.shutdown())


@pytest.mark.parametrize("key", ["total_episodes", "seed", "eval_interval", "llm_model"])
def test_what_a_multi_model_config_decides_is_refused_for_the_cartridge(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} cannot be set here"):
        create_cartridge_training_env(**{key: 5})


# -- what monitors are told --------------------------------------------------------------------------------------------


def test_monitors_are_told_of_errors_and_response_times_and_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    told = MonitoringConfig(log_file_path=str(tmp_path / "log.json"), response_time_threshold=1e-6)
    with ModelServer() as server, create_unified_monitor(told) as monitor:
        names = {"openai": f"openai/gpt-5-mini@{server.url}", "small": "small"}
        config = settings(
            tmp_path, num_models=2, model_types=["openai", "small"], model_names=names, log_metrics_interval=1
        )
        trainer = MultiModelTrainer(config)
        asyncio.run(trainer.train_multi_model_episode(1))
        answered = monitor.get_comprehensive_stats()
        server.stop()
        asyncio.run(trainer.train_multi_model_episode(2))
        asyncio.run(trainer.shutdown())
        stats = monitor.get_comprehensive_stats()
    assert answered["models"]["model_0_openai"]["error_rate"]["last"] == 0.0
    assert "error_rate" not in answered["alarms"] and answered["alarms"]["response_time"] == 3
    hosted, local = stats["models"]["model_0_openai"], stats["models"]["model_1_small"]
    assert hosted["error_rate"]["last"] == 1.0 and local["error_rate"]["last"] == 0.0
    assert stats["metrics"]["error_rate"]["last"] == 0.5, "half of all questions"
    assert hosted["response_time"]["max"] > 0 and local["response_time"]["last"] > 0
    assert stats["alarms"]["error_rate"] == 2, "the hosted model's and the run's"
