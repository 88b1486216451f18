"""AT-GRPO on a language model that people use, SmolLM2-135M: one iteration with a gradient. Minutes, so nightly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.smollm2 import smollm2_folder
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]


def test_one_iteration_moves_an_adapter_and_not_the_model(tmp_path: Path) -> None:
    source = smollm2_folder(tmp_path / "smollm2")
    config = {
        "world": "plan_path",
        "world_options": {"size": 5, "max_rounds": 1},
        "specialisation": "lora",
        "model": str(source),
        "warm_start_steps": 16,
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
    assert summary.finished and norms and max(norms.values()) > 0.0, "a group had candidates of different worth"
    assert trainer.team is not None
    names = {
        name for name, parameter in trainer.team.policies["mover"].model.named_parameters() if parameter.requires_grad
    }
    assert names and all("lora_" in name for name in names)
