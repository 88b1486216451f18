"""A network of one's own: everything that is seen goes side by side through two layers, without convolutions.

python run_training.py --config examples/own_network.json
"""

from __future__ import annotations

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn


class Flat(BaseFeaturesExtractor):
    """From a Dict observation to `width` features."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        numbers = sum(spaces.flatdim(space) for space in observation_space.spaces.values())
        self.layers = nn.Sequential(nn.Linear(numbers, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Tensors with a leading batch axis in, (batch, width) out."""
        parts = [observations[key].flatten(1) for key in sorted(observations)]
        return self.layers(torch.cat(parts, dim=1))
