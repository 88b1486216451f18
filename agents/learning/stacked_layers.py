"""Layers of networks that are alike, side by side: each network answers rows of its own, all in one pass.

Many small products of matrices cost more than their arithmetic. Here the weights of all networks lie in one tensor with
the networks in front, a linear layer is one batched product, and a convolution is one in groups. An update of eight
small networks costs half of eight updates that way (docs/multi_model.md).

Rows are (networks, features, samples): with samples last, the gradient of a weight comes out in the weight's own
layout. Planes are (samples, networks * channels, height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

StackedLayer = Callable[[Tensor], Tensor]
_OF_EACH_NUMBER: Final[dict[type[nn.Module], StackedLayer]] = {nn.ReLU: torch.relu, nn.Tanh: torch.tanh}


class NoStackedLayer(Exception):
    """These networks cannot be laid side by side; the message says why."""


class StackedWeights:
    """The weights of networks that are alike: tensors (networks, ...) that gradients go to, copied from them."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self._origins: list[list[Tensor]] = []

    def of(self, parameters: Sequence[Tensor]) -> Tensor:
        """The same weight of each network."""
        for tensor, origins in zip(self.tensors, self._origins, strict=True):
            if origins[0] is parameters[0]:
                return tensor
        tensor = torch.stack([parameter.detach() for parameter in parameters]).requires_grad_()
        self.tensors.append(tensor)
        self._origins.append(list(parameters))
        return tensor

    def origins(self, network: int) -> list[Tensor]:
        """The network's own weights, in the order of `tensors`."""
        return [origins[network] for origins in self._origins]

    @torch.no_grad()
    def write_back(self) -> None:
        """The networks get the weights as they are now."""
        for tensor, origins in zip(self.tensors, self._origins, strict=True):
            for origin, row in zip(origins, tensor.unbind(), strict=True):
                origin.copy_(row)


def stacked_layers(modules: Sequence[nn.Module], weights: StackedWeights) -> list[StackedLayer]:
    """The same module of each network as functions; their weights are added to `weights`.

    Made of `nn.Sequential`, `Linear`, `Conv2d` (one group, padded with zeros), `Flatten`, `ReLU` and `Tanh`. Raises
    NoStackedLayer for anything else.
    """
    kinds = {type(module) for module in modules}
    first = modules[0]
    if len(kinds) == 1 and type(first) is nn.Sequential:
        columns = zip(*(module.children() for module in modules), strict=True)
        return [layer for column in columns for layer in stacked_layers(column, weights)]
    if len(kinds) == 1 and type(first) in _OF_EACH_NUMBER:
        return [_OF_EACH_NUMBER[type(first)]]
    linear = [module for module in modules if type(module) is nn.Linear]
    if len(linear) == len(modules):
        return [_linear(linear, weights)]
    convolutions = [module for module in modules if type(module) is nn.Conv2d]
    if len(convolutions) == len(modules) and all(_is_plain(module) for module in convolutions):
        return [_convolution(convolutions, weights)]
    if kinds == {nn.Flatten} and all((module.start_dim, module.end_dim) == (1, -1) for module in modules):
        return [_Flatten(len(modules))]
    raise NoStackedLayer(
        f"{' and '.join(sorted(kind.__name__ for kind in kinds))} is no layer that is laid side by side"
    )


def through_stacked(layers: Sequence[StackedLayer], values: Tensor) -> Tensor:
    """What comes out of the last of them."""
    for layer in layers:
        values = layer(values)
    return values


def _weight(modules: Sequence[nn.Linear] | Sequence[nn.Conv2d], weights: StackedWeights) -> Tensor:
    return weights.of([module.weight for module in modules])


def _bias(modules: Sequence[nn.Linear] | Sequence[nn.Conv2d], weights: StackedWeights) -> Tensor | None:
    biases = [module.bias for module in modules if module.bias is not None]
    if len(biases) not in (0, len(modules)):
        raise NoStackedLayer("some of these layers have a bias and some have none")
    return weights.of(biases) if biases else None


def _linear(modules: Sequence[nn.Linear], weights: StackedWeights) -> StackedLayer:
    weight, bias = _weight(modules, weights), _bias(modules, weights)
    if bias is None:
        return lambda rows: torch.bmm(weight, rows)
    return lambda rows: torch.baddbmm(bias[..., None], weight, rows)


def _is_plain(module: nn.Conv2d) -> bool:
    return module.groups == 1 and module.padding_mode == "zeros"


def _convolution(modules: Sequence[nn.Conv2d], weights: StackedWeights) -> StackedLayer:
    weight, bias, first = _weight(modules, weights), _bias(modules, weights), modules[0]
    if len({(module.stride, module.padding, module.dilation) for module in modules}) != 1:
        raise NoStackedLayer("these convolutions differ in stride, padding or dilation")

    def layer(planes: Tensor) -> Tensor:
        return functional.conv2d(
            planes,
            weight.flatten(0, 1),
            None if bias is None else bias.flatten(),
            first.stride,
            first.padding,
            first.dilation,
            len(modules),
        )

    return layer


class _Flatten:
    """From planes to rows."""

    def __init__(self, networks: int) -> None:
        self._networks = networks

    def __call__(self, planes: Tensor) -> Tensor:
        return planes.reshape(len(planes), self._networks, -1).permute(1, 2, 0)
