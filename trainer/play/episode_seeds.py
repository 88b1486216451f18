"""Seeds of episodes: each start of an episode has its own, and evaluations never meet one of training."""

from __future__ import annotations

import numpy as np

_TRAINING, _EVALUATION = 0, 1


def training_seed(run_seed: int, start: int) -> int:
    """Seed of the `start`-th episode that a run begins (from 0), 32 bit, always even."""
    return _seed(run_seed, _TRAINING, start)


def evaluation_seed(run_seed: int, index: int) -> int:
    """Seed of the `index`-th evaluation episode (from 0), 32 bit, always odd, so it is none of training's."""
    return _seed(run_seed, _EVALUATION, index)


def _seed(run_seed: int, use: int, index: int) -> int:
    word = np.random.SeedSequence(run_seed, spawn_key=(use, index)).generate_state(1, np.uint32)[0]
    return (int(word) & ~1) | use
