"""Configurations by task."""

from trainer.at_grpo.presets import get_preset, preset_names

__all__ = ["get_preset", "preset_names"]
