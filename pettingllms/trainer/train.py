"""The main training loop."""

from trainer.at_grpo.train import train
from trainer.at_grpo.trainer import TrainingSummary

__all__ = ["TrainingSummary", "train"]
