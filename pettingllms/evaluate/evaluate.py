"""How many unseen problems a saved team solves."""

from trainer.at_grpo.evaluate import TeamScores, evaluate

__all__ = ["TeamScores", "evaluate"]
