"""Networks by name: what `learner.network` of a config asks for. Imports no torch, so that names can be listed.

A network is a class derived from Stable-Baselines3's `BaseFeaturesExtractor`, made with `(observation_space,
width)`: from a Dict observation of vectors (n,) and planes (channels, height, width), each with a leading batch axis,
it makes `width` features. Policy and value go on from there by layers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from core.registry import Registry, must_derive_from

if TYPE_CHECKING:
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from torch import nn


@dataclass(frozen=True, slots=True)
class StackParts:
    """What a network is made of: `join(cat([*vectors, *(layers(plane * scale) for each plane)]))`."""

    vector_keys: tuple[str, ...]
    """Parts of the observation that are taken as they are, in order."""
    planes: Mapping[str, tuple[float, nn.Module]]
    """Of each plane of the observation, in order: the scale, and the layers, which give (batch, n)."""
    join: nn.Module
    """From all of that, side by side, to the features."""


@runtime_checkable
class StackableNetwork(Protocol):
    """A network that can be asked in arrays (`agents.learning.acting`).

    Its layers are of `nn.Sequential`, `Linear`, `Conv2d`, `Flatten`, `ReLU` and `Tanh`.
    """

    def stack_parts(self) -> StackParts:
        """What `forward` does, in parts."""
        ...


def _fault(thing: object) -> str:
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

    return must_derive_from(BaseFeaturesExtractor)(thing)


NETWORKS: Registry[type[BaseFeaturesExtractor]] = Registry("network", fault=_fault, room="agents.learning.networks")
