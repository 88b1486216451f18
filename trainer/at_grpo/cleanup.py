"""Giving memory back between runs of one process."""

from __future__ import annotations

import gc

import torch


def cleanup() -> None:
    """Collect unreachable models and hand cached accelerator memory back. Harmless at any time."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
