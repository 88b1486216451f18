"""`get_config()`: the configuration `math_single_policy`, fresh for each caller."""

from trainer.at_grpo.presets import math_single_policy as get_config

__all__ = ["get_config"]
