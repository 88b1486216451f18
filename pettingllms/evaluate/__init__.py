"""Evaluation. `evaluate` here is the function, although a module has the same name: it is imported eagerly."""

from pettingllms.evaluate.evaluate import evaluate

__all__ = ["evaluate"]
