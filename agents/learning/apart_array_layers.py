"""The layers of `array_layers.py` for networks that are alike and have weights of their own, each with one row.

Asking four networks one after the other means four times as many calls, most of them for arithmetic of a few
microseconds. Here each layer is one batched product for all. The weights are copies, side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from agents.learning.array_layers import (
    ArrayLayer,
    NoArrayLayer,
    PlaneColumns,
    Values,
    array_layers,
    is_plain_convolution,
    one_thread,
)


def apart_array_layers(modules: Sequence[nn.Module]) -> list[ArrayLayer]:
    """The same module of each network as functions of float32 arrays: row i of what they are given goes to network i.

    Raises NoArrayLayer as `array_layers` does, and where the modules are not alike.
    """
    one_thread()
    first = modules[0]
    if len({type(module) for module in modules}) != 1:
        raise NoArrayLayer(f"{[type(module).__name__ for module in modules]} are not alike")
    if isinstance(first, nn.Sequential):
        columns = zip(*(module.children() for module in modules), strict=True)
        return [layer for column in columns for layer in apart_array_layers(column)]
    linear = [module for module in modules if type(module) is nn.Linear]
    if linear:
        return [_linear(linear)]
    convolutions = [module for module in modules if is_plain_convolution(module)]
    if len(convolutions) == len(modules):
        return [_Convolutions(convolutions)]
    return array_layers(first)


def _side_by_side(tensors: Sequence[Tensor | None], shape: tuple[int, ...]) -> Values | None:
    """(networks, *shape), copied; None where there are none."""
    arrays = [tensor.detach().numpy() for tensor in tensors if tensor is not None]
    if not arrays:
        return None
    if len(arrays) != len(tensors) or len({array.shape for array in arrays}) != 1:
        raise NoArrayLayer("these layers have weights of different shapes")
    return np.stack(arrays).reshape(len(arrays), *shape)


def _linear(modules: Sequence[nn.Linear]) -> ArrayLayer:
    weights = _side_by_side([module.weight for module in modules], (modules[0].out_features, -1))
    biases = _side_by_side([module.bias for module in modules], (-1,))
    assert weights is not None, "every linear layer has a weight"

    def layer(rows: Values) -> Values:
        made = (weights @ rows[..., None])[..., 0]
        if biases is not None:
            made += biases
        return made

    return layer


class _Convolutions:
    """Planes (networks, channels, height, width)."""

    def __init__(self, modules: Sequence[nn.Conv2d]) -> None:
        first = modules[0]
        if len({(module.stride, module.padding, module.dilation) for module in modules}) != 1:
            raise NoArrayLayer("these convolutions differ in stride, padding or dilation")
        self._windows = PlaneColumns(first, apart=True)
        kernels = _side_by_side([module.weight for module in modules], (first.out_channels, -1))
        assert kernels is not None, "every convolution has a weight"
        self._kernels = kernels
        self._biases = _side_by_side([module.bias for module in modules], (-1, 1))

    def __call__(self, planes: Values) -> Values:
        window = self._windows.of(planes)
        made = self._kernels @ window.columns()
        if self._biases is not None:
            made += self._biases
        return made.reshape(window.made)
