"""Hosted models at the table, over real HTTP: they read the record in their prompts, and no weight of theirs moves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.llm_servers.server import ModelServer
from tests.test_multi_model_trainer import settings
from tests.tiny_models import make_model
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE
from trainer.multi_model.record import DecisionRecord
from trainer.multi_model.trainer import MultiModelTrainer
from trainer.serving.scheduler import UnifiedScheduler
from trainer.serving.tasks import ServingSettings


def table(folder: Path, server: ModelServer, mode: TrainingMode) -> MultiModelConfig:
    names = {"openai": f"openai/gpt-5-mini@{server.url}", "small": "small"}
    return settings(folder, num_models=2, model_types=["openai", "small"], model_names=names, training_mode=mode)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")


def test_a_hosted_model_plays_beside_a_local_one_and_reads_what_paid(tmp_path: Path) -> None:
    with ModelServer() as server:
        trainer = MultiModelTrainer(table(tmp_path, server, TrainingMode.COOPERATIVE))
        results = asyncio.run(trainer.train())
        asyncio.run(trainer.shutdown())
    assert results["training_metrics"]["weight_update_counts"] == {"model_0_openai": 0, "model_1_small": 2}
    asked = [json.dumps(request.body) for request in server.seen]
    assert "Mean reward so far" not in asked[0]
    assert "Mean reward so far" in asked[-1] and "compete" in asked[-1]
    assert results["final_model_states"]["model_0_openai"]["unanswered"] == 0


def test_when_the_server_dies_the_record_decides_and_it_is_counted(tmp_path: Path) -> None:
    with ModelServer() as server:
        trainer = MultiModelTrainer(table(tmp_path, server, TrainingMode.MIXED))
        asyncio.run(trainer.train_multi_model_episode(1))
        server.stop()
        asyncio.run(trainer.train_multi_model_episode(2))
        asyncio.run(trainer.shutdown())
    state = trainer.get_training_status()["model_states"]["model_0_openai"]
    assert state["unanswered"] > 0
    assert state["steps"] == 12


@pytest.mark.slow
def test_a_server_killed_in_mid_episode_loses_no_episode_and_answers_again(tmp_path: Path) -> None:
    """SIGKILL of a real server while a training plays on it; the process that started it starts it again."""
    settings_of_servers = ServingSettings(
        health_interval_s=0.5, health_timeout_s=2.5, restart_backoff_s=0.1, log_dir=tmp_path / "logs"
    )
    scheduler = UnifiedScheduler(base_port=8841, num_gpus=4, settings=settings_of_servers)
    scheduler.register_model("teacher", str(make_model(tmp_path / "model")))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(scheduler.start(), loop).result(120)
        before = scheduler.get_system_statistics()["models"]["teacher"]
        names = {"openai": f"vllm/teacher@{before['url']}", "small": "small"}
        config = settings(tmp_path, num_models=2, model_types=["openai", "small"], model_names=names)
        trainer = MultiModelTrainer(config)

        def unanswered_in(episode: int) -> int:
            states = trainer.get_training_status()["model_states"]
            asyncio.run(trainer.train_multi_model_episode(episode))
            now = trainer.get_training_status()["model_states"]
            assert now["model_0_openai"]["steps"] == 6 * episode, "no step of any episode is missing"
            return now["model_0_openai"]["unanswered"] - states["model_0_openai"]["unanswered"]

        assert unanswered_in(1) == 0
        killer = threading.Timer(0.02, os.kill, (before["pid"], signal.SIGKILL))
        killer.start()
        left_to_the_record = unanswered_in(2)
        killer.join()
        deadline_s = time.monotonic() + 90  # a model that is away is asked again after half a minute
        episode = 3
        while (missing := unanswered_in(episode)) and time.monotonic() < deadline_s:
            left_to_the_record += missing
            episode += 1
            time.sleep(1.0)
        after = scheduler.get_system_statistics()["models"]["teacher"]
        assert left_to_the_record > 0, "the server was killed while it was needed"
        assert missing == 0 and after["pid"] != before["pid"] and after["restarts"] == before["restarts"] + 1
        asyncio.run(trainer.shutdown())
    finally:
        asyncio.run_coroutine_threadsafe(scheduler.shutdown(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_record_tries_everything_and_then_prefers_what_paid() -> None:
    record = DecisionRecord()
    options = ["compete", "cooperate"]
    assert record.in_words(options) == ""
    record.add("compete", 0.5)
    assert record.best(options) == 1  # never tried
    record.add("cooperate", 0.8)
    record.add("cooperate", 0.6)
    assert record.best(options) == 1
    assert record.in_words(options).startswith("Mean reward so far: compete 0.50, cooperate 0.70")
    copy = DecisionRecord()
    copy.load_state_dict(record.state_dict())
    assert copy.in_words(options) == record.in_words(options)
