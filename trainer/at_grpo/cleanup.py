"""Frees memory between runs of one process."""

from __future__ import annotations

import gc

import torch


def cleanup() -> None:
    """Collect unreachable models and free cached accelerator memory. Safe at any time."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
