"""Giving memory back after a run."""

from trainer.at_grpo.cleanup import cleanup

__all__ = ["cleanup"]
