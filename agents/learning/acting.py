"""The policy as it is asked at every step: the same numbers as the network gives, with less around its layers.

At a few lanes the network costs less than what modules do around each layer, and the value is not asked for while
playing. So the layers are taken out once and called as functions of the very same weights: what an update or a
checkpoint changes is seen at once. A network of one's own that does not say what it is made of (`StackableNetwork`)
is called as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn
from torch.nn import functional

from agents.learning.network import MASKED_LOGIT
from agents.learning.network_registry import StackableNetwork

Layer = Callable[[Tensor], Tensor]


class ActingPolicy:
    """A policy's logits for playing; it holds no weights of its own."""

    def __init__(self, policy: MaskableMultiInputActorCriticPolicy) -> None:
        self._policy = policy
        network = policy.features_extractor
        self._parts = network.stack_parts() if isinstance(network, StackableNetwork) else None
        if self._parts is not None:
            self._planes = {key: (scale, _layers(module)) for key, (scale, module) in self._parts.planes.items()}
            self._join = _layers(self._parts.join)
        self._head = [*_layers(policy.mlp_extractor.policy_net), *_layers(policy.action_net)]

    def logits(self, observations: Mapping[str, Tensor], masks: Tensor) -> Tensor:
        """Masked logits (batch, actions): those of `agents.learning.network.logits_and_values`."""
        logits = through(self._head, self._features(observations))
        return logits.masked_fill(~masks, MASKED_LOGIT)

    def _features(self, observations: Mapping[str, Tensor]) -> Tensor:
        if self._parts is None:
            features = self._policy.extract_features(dict(observations), self._policy.features_extractor)
            assert isinstance(features, Tensor), "policy and value share one network"
            return features
        parts = [observations[key].float() for key in self._parts.vector_keys]
        parts += [through(layers, observations[key].float() * scale) for key, (scale, layers) in self._planes.items()]
        return through(self._join, parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))


def _layers(module: nn.Module) -> list[Layer]:
    """A module as functions; one of a kind that is not known here stays as it is."""
    if isinstance(module, nn.Sequential):
        return [layer for child in module for layer in _layers(child)]
    if type(module) is nn.Linear:
        return [partial(functional.linear, weight=module.weight, bias=module.bias)]
    if type(module) is nn.Conv2d and module.padding_mode == "zeros":
        weight, bias, stride, padding = module.weight, module.bias, module.stride, module.padding
        dilation, groups = module.dilation, module.groups
        return [lambda planes: functional.conv2d(planes, weight, bias, stride, padding, dilation, groups)]
    if type(module) is nn.Flatten:
        return [partial(torch.flatten, start_dim=module.start_dim, end_dim=module.end_dim)]
    if type(module) is nn.ReLU:
        return [torch.relu]
    return [torch.tanh] if type(module) is nn.Tanh else [module]


def through(layers: Sequence[Layer], values: Tensor) -> Tensor:
    """What comes out of the last of them."""
    for layer in layers:
        values = layer(values)
    return values
