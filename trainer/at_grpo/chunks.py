"""Problems are played in chunks, each with a generator of its own: so a tree does not depend on who plays which.

A chunk is one batch of answers to the models. How the problems are cut is a setting of the run, because arithmetic in
batches of another shape differs in the last bits; how many workers play the chunks, and where, is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from trainer.at_grpo.algorithm import Tree


@dataclass(frozen=True, slots=True)
class Chunk:
    """Problems that are played side by side."""

    number: int
    """Within what is played together, from 0."""
    seeds: tuple[int, ...]


def chunks_of(seeds: Sequence[int], size: int) -> list[Chunk]:
    """The problems in order, `size` to a chunk; the last one may be smaller."""
    return [
        Chunk(number, tuple(seeds[begin : begin + size])) for number, begin in enumerate(range(0, len(seeds), size))
    ]


def generator_of(run_seed: int, chunk: Chunk, device: torch.device) -> torch.Generator:
    """What a chunk's answers are drawn with. A run plays a training problem once, so its seed says which iteration it
    is of."""
    (state,) = np.random.SeedSequence([run_seed, chunk.seeds[0]]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state >> 1))


def joined(trees: Sequence[Tree]) -> Tree:
    """The trees of several chunks as one, in the order of the problems."""
    groups = tuple(group for tree in trees for group in tree.groups)
    return Tree(groups, tuple(solved for tree in trees for solved in tree.solved))
