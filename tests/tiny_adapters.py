"""LoRA adapters with random weights for the tiny models: real PEFT folders, each of which answers otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from agents.text.text_policy import load_policy
from trainer.serving.lora import LoRAConfig, LoRAManager


def make_adapters(model: Path, folder: Path, seeds: Sequence[int]) -> list[Path]:
    """An adapter per seed on the model in that folder; strong enough to change its answers."""
    manager = LoRAManager({seed: LoRAConfig(seed, rank=4, dropout=0.0) for seed in seeds})
    policies = manager.attach(load_policy(str(model)))
    folders = []
    for seed, policy in policies.items():
        torch.manual_seed(seed)
        for parameter in policy.trainable_parameters():
            torch.nn.init.normal_(parameter.data, std=0.5)
        folders.append(manager.save(seed, folder / f"adapter_{seed}"))
    return folders
