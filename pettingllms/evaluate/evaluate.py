"""How many unseen problems a saved team solves."""

from trainer.at_grpo.evaluate import EvaluationResult, evaluate

__all__ = ["EvaluationResult", "evaluate"]
