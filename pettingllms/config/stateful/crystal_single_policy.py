"""`get_config()`: the configuration `crystal_single_policy`, fresh for each caller."""

from trainer.at_grpo.presets import crystal_single_policy as get_config

__all__ = ["get_config"]
