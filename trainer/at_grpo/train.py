"""`train(config_name=..., num_iterations=..., checkpoint_dir=...)`: the documented way to start or continue a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.exceptions import ConfigurationError
from trainer.at_grpo.presets import settings_named
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer, TrainingSummary


def train(
    config_name: str | None = None,
    num_iterations: int | None = None,
    checkpoint_dir: str | Path = "checkpoints/",
    *,
    config: Mapping[str, object] | None = None,
) -> TrainingSummary:
    """Train a team of roles with AT-GRPO and save it as `checkpoint_dir/model_<iterations>`.

    `config_name` names a preset (`trainer/at_grpo/presets.py`) or a JSON file; `config` is a whole configuration:
    change what a preset's `get_config()` gives. If `checkpoint_dir` holds a run with the same settings, it goes on from
    its last iteration; one with other settings raises `CheckpointError`. `num_iterations` counts from the start of the
    run; None takes the configuration's. Raises `ConfigurationError` for unknown names, keys and values.
    """
    if (config_name is None) == (config is None):
        raise ConfigurationError("give train() either config_name, such as 'plan_path_two_policy', or config")
    if num_iterations is not None and num_iterations < 1:
        raise ConfigurationError(f"num_iterations is {num_iterations}; it must be at least 1")
    settings = settings_of(config) if config is not None else settings_named(config_name or "")
    return ATGRPOTrainer(settings, checkpoint_dir, config_name or "").train(num_iterations)
