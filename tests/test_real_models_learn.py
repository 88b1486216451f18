"""Real pretrained models learn: an iteration of AT-GRPO has a gradient, and two adapters on one base move apart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core_srl import MultiModelConfig, MultiModelTrainer
from tests.real_models import converted
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def smollm2(request: pytest.FixtureRequest) -> Path:
    return converted("smollm2", request.config.cache.mkdir("real_models"))


def test_one_iteration_of_at_grpo_moves_the_adapters_and_not_the_model(smollm2: Path, tmp_path: Path) -> None:
    config = {
        "world": "plan_path",
        "world_options": {"size": 5, "max_rounds": 1},
        "specialisation": "lora",
        "model": str(smollm2),
        "warm_start_steps": 12,
        "warm_start_batch": 8,
        "warm_start_learning_rate": 2e-3,
        "batch_size": 4,
        "candidates": 4,
        "max_new_tokens": 12,
        "eval_episodes": 2,
        "learning_rate": 1e-3,
    }
    trainer = ATGRPOTrainer(settings_of(config), tmp_path / "run")
    summary = trainer.train(1)
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    norms = next(record["gradient_norm"] for record in records if "candidates" in record)
    assert summary.finished and norms and max(norms.values()) > 0.0, "no group had candidates of different worth"
    assert trainer.team is not None
    learning = [name for name, one in trainer.team.policies["mover"].model.named_parameters() if one.requires_grad]
    assert learning and all("lora_" in name for name in learning)


def test_two_adapters_on_one_model_learn_from_what_each_lived_through(smollm2: Path, tmp_path: Path) -> None:
    config = MultiModelConfig(
        num_models=2,
        model_types=["qwen3"],
        model_names={"qwen3": str(smollm2)},
        max_episodes=2,
        episode_length=3,
        update_frequency=2,
        learning_rate=1e-3,
        save_interval=2,
        checkpoint_dir=str(tmp_path / "checkpoints"),
        enable_verl=False,
        enable_areal=False,
    )
    trainer = MultiModelTrainer(config)
    results = asyncio.run(trainer.train())
    assert results["training_completed"] and results["nothing_learned"] is None, results
    adapters = [load_file(file) for file in sorted((tmp_path / "checkpoints").rglob("adapter_model.safetensors"))]
    assert len(adapters) == 2 and adapters[0].keys() == adapters[1].keys()
    for adapter in adapters:
        assert any(bool(weights.any()) for name, weights in adapter.items() if "lora_B" in name), "it has not moved"
    assert any(not torch.equal(weights, adapters[1][name]) for name, weights in adapters[0].items())
