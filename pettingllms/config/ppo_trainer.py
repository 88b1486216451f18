"""`get_config()`: what all configurations share, the training part."""

from trainer.at_grpo.presets import training_defaults as get_config

__all__ = ["get_config"]
