"""Every documented setting changes what happens: each is changed alone, and something of a small run must differ."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import EpisodeTimeoutError
from tests.test_keyboard import keyboard
from tests.utils import create_test_trainer
from trainer.multi_model.arena_session import ArenaSession
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE, gpus_here, model_sources
from trainer.multi_model.trainer import MultiModelTrainer

BASE: dict[str, Any] = {
    "num_models": 2,
    "model_types": ["small"],
    "max_episodes": 2,
    "episode_length": 4,
    "update_frequency": 2,
    "save_interval": 2,
    "log_metrics_interval": 2,
    "batch_size": 8,
    "enable_verl": False,
    "enable_areal": False,
    "num_gpus": 0,
}
CHANGES: dict[str, Any] = {
    "num_models": 3,
    "training_mode": TrainingMode.COOPERATIVE,
    "weight_update_strategy": WeightUpdateStrategy.SYNCHRONIZED,
    "max_episodes": 1,
    "episode_length": 5,
    "update_frequency": 1,
    "learning_rate": 1e-2,
    "cooperation_strength": 0.9,
    "competition_intensity": 0.9,
    "num_gpus": gpus_here() + 1,
    "batch_size": 4,
    "checkpoint_dir": "elsewhere",
    "save_interval": 1,
    "max_checkpoints": 1,
    "enable_verl": True,
    "enable_areal": True,
    "kv_cache_size": 0,
    "enable_monitoring": False,
    "log_metrics_interval": 1,
    "seed": 1,
    "lora_rank": 4,
    "lora_alpha": 8.0,
    "temperature": 3.0,
}


SHOWN_BELOW = {"model_types", "model_names", "base_port", "episode_timeout_s"}


def outcome(changes: dict[str, Any], caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """What a training in an arena comes to, and what it says."""
    caplog.clear()
    trainer = MultiModelTrainer(MultiModelConfig(**{**BASE, **changes}))
    told: list[Any] = []
    trainer.observe(lambda result: told.append(result["episode"]))
    results = asyncio.run(trainer.train())
    session = trainer.session
    assert isinstance(session, ArenaSession)
    weights = hashlib.sha256()
    for learner in session.learners:
        for parameter in learner.parameters().values():
            weights.update(parameter.detach().numpy().tobytes())
    asyncio.run(trainer.shutdown())
    return {
        "weights": weights.hexdigest(),
        "rewards": results["training_metrics"]["total_rewards"],
        "checkpoints": [name.rsplit("_", 1)[0] for name in trainer.results()["checkpoints_saved"]],
        "where": sorted(path.name for path in Path().iterdir()),
        "told": told,
        "remembers": [learner.policy.remember_tokens for learner in session.learners],
        "said": [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING],
    }


def test_every_setting_of_a_multi_model_training_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)

    def played(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        return outcome(changes, caplog)

    base = played("base", {})
    assert played("again", {}) == base, "nothing differs by chance"
    ignored = [key for key, value in CHANGES.items() if played(key, {key: value}) == base]
    assert not ignored
    assert {one.name for one in fields(MultiModelConfig)} == set(CHANGES) | SHOWN_BELOW, "a new setting belongs here"


def test_which_models_where_and_for_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_MODEL_VARIABLE, raising=False)
    named = {"model_types": ["qwen3"], "model_names": {"qwen3": "vllm/a"}}
    others = ({"model_types": ["qwen3", "small"]}, {"model_names": {"qwen3": "vllm/b"}}, {"base_port": 9001})
    found = [model_sources(MultiModelConfig(**{**named, **other})) for other in ({}, *others)]
    assert all(one != found[0] for one in found[1:])
    given_up = MultiModelTrainer(MultiModelConfig(**BASE, episode_timeout_s=1e-9, checkpoint_dir=str(tmp_path)))
    with pytest.raises(EpisodeTimeoutError):
        asyncio.run(given_up.train())
    asyncio.run(given_up.shutdown())


def test_every_documented_key_of_a_config_reaches_its_part(tmp_path: Path) -> None:
    """`rom_path` and `headless`: `tests/test_env.py`; `observation_type`: `tests/test_documented_training.py`."""
    trainer = create_test_trainer(
        temp_dir=tmp_path,
        eval_episodes=0,
        llm_model="pocket",
        max_context_length=300,
        initial_strategy="rule_heavy",
        decision_db_path="mine.db",
        save_dir="saves",
        log_level="ERROR",
        language_model={"cache_path": None},
        names={"rival": "OTTO"},
    )
    try:
        state = keyboard(0, 0)
        for player in trainer._rule_players(2):
            assert player.act(state, player.choose(state)).reasoning == "Type the name OTTO"
        assert trainer.llm_manager is not None
        assert (trainer.llm_manager.model_name, trainer.llm_manager.max_context_length) == ("pocket", 300)
        assert trainer.strategy_system.current_strategy.value == "rule_heavy"
        assert logging.getLogger("trainer").getEffectiveLevel() == logging.ERROR
        trainer.train(total_episodes=1, max_steps_per_episode=3)
        assert (tmp_path / "mine.db").is_file() and (tmp_path / "saves" / "training_summary.json").is_file()
    finally:
        trainer.close()
