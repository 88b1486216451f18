"""`get_config()`: the configuration `plan_path_two_policy`, fresh for each caller."""

from trainer.at_grpo.presets import plan_path_two_policy as get_config

__all__ = ["get_config"]
