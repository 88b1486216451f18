"""The AT-GRPO trainer."""

from trainer.at_grpo.settings import ATGRPOSettings, settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer

__all__ = ["ATGRPOSettings", "ATGRPOTrainer", "settings_of"]
