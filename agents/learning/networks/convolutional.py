"""The default network: planes go through two small convolutions, vectors through none; one layer joins them.

It is small on purpose: the emulator is the limit of a step, and this network answers eight lanes in well under a
millisecond on one core.
"""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.learning.network_registry import NETWORKS, StackParts
from core.exceptions import ConfigurationError

SMALL_PLANE = 16
"""Planes up to this height are maps (3 x 3 kernels); larger ones are screens (strided kernels, as in Mnih 2015)."""


@NETWORKS.register("convolutional")
class ConvolutionalExtractor(BaseFeaturesExtractor):
    """Joins the vectors (n,) and planes (channels, height, width) of a Dict observation into `width` features."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.vector_keys: list[str] = []
        self.plane_keys: list[str] = []
        self.scales: dict[str, float] = {}
        convolutions: dict[str, nn.Module] = {}
        joined = 0
        for key, space in observation_space.spaces.items():
            if not isinstance(space, spaces.Box) or len(space.shape) not in (1, 3):
                raise ConfigurationError(
                    f"observation {key!r} is {space}: it must be (n,) or (channels, height, width)"
                )
            if len(space.shape) == 1:
                self.vector_keys.append(key)
                joined += space.shape[0]
                continue
            self.plane_keys.append(key)
            highest = float(np.max(space.high))
            self.scales[key] = 1.0 / highest if np.isfinite(highest) and highest > 0 else 1.0
            convolutions[key] = _convolution(space.shape)
            with torch.no_grad():
                joined += convolutions[key](torch.zeros(1, *space.shape)).shape[1]
        self.convolutions = nn.ModuleDict(convolutions)
        self.join = nn.Sequential(nn.Linear(joined, width), nn.ReLU())

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Float tensors with a leading batch axis in, (batch, width) out."""
        parts = [observations[key] for key in self.vector_keys]
        parts += [self.convolutions[key](observations[key] * self.scales[key]) for key in self.plane_keys]
        return self.join(parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))

    def stack_parts(self) -> StackParts:
        """The convolutions of each plane, and the layer that joins."""
        convolutions = {key: (self.scales[key], self.convolutions[key]) for key in self.plane_keys}
        return StackParts(tuple(self.vector_keys), convolutions, self.join)


def _convolution(shape: tuple[int, ...]) -> nn.Module:
    channels, height, _ = shape
    if height <= SMALL_PLANE:
        layers = (nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2))
    else:
        layers = (nn.Conv2d(channels, 16, 8, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 4, stride=2))
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten())
