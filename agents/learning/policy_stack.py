"""Several policies of one shape asked at once: the same numbers as one by one, in a fraction of the calls.

A small network costs little more for eight observations than for one; what costs is the calls. Agents that learn apart
have a network each, so their weights are laid side by side: convolutions become one in groups, layers one batched
product. A network says by `stack_parts` what it is made of (`StackableNetwork`). Policies with a network that does not,
or with a layer that cannot be laid side by side, are asked one by one: the answers are the same, later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn
from torch.nn import functional

from agents.learning.network import MASKED_LOGIT, logits_and_values
from agents.learning.network_registry import StackableNetwork
from core.exceptions import DecisionValidationError

log = logging.getLogger(__name__)

Layer = Callable[[Tensor], Tensor]
_told: set[str] = set()
"""Reasons for asking one by one that the log has had; stacks are made anew after every update."""


class CannotBeStacked(Exception):
    """Why policies are asked one by one."""


class PolicyStack:
    """The policies as they are now; make a new one when their weights have changed."""

    def __init__(self, policies: Sequence[MaskableMultiInputActorCriticPolicy]) -> None:
        """Policies of one shape, as `agents.learning.network.build_policy` makes them."""
        self._policies = list(policies)
        self._layers: _StackedLayers | None = None
        try:
            self._layers = _StackedLayers(self._policies)
        except CannotBeStacked as reason:
            if str(reason) not in _told:
                _told.add(str(reason))
                log.warning("policies are asked one by one, which takes longer: %s", reason)

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """pi_i(.|s_i): row i of observations and masks goes to policy i; (policies, actions), masked ones are 0.

        Raises DecisionValidationError when a mask allows no action.
        """
        if not masks.any(axis=1).all():
            rows = np.flatnonzero(~masks.any(axis=1)).tolist()
            raise DecisionValidationError(f"the masks of rows {rows} allow no action: the environment must allow one")
        with torch.inference_mode():
            tensors = {key: torch.from_numpy(array) for key, array in observations.items()}
            allowed = torch.from_numpy(masks)
            if self._layers is None:
                logits = self._one_by_one(tensors, allowed)
            else:
                logits = self._layers.logits(tensors, len(masks)).masked_fill(~allowed, MASKED_LOGIT)
            return functional.softmax(logits, dim=-1).numpy()

    def _one_by_one(self, observations: Mapping[str, Tensor], masks: Tensor) -> Tensor:
        rows = []
        for row, policy in enumerate(self._policies):
            one = {key: values[row : row + 1] for key, values in observations.items()}
            rows.append(logits_and_values(policy, one, masks[row : row + 1])[0])
        return torch.cat(rows)


class _StackedLayers:
    """The layers of all policies, side by side."""

    def __init__(self, policies: Sequence[MaskableMultiInputActorCriticPolicy]) -> None:
        networks = [policy.features_extractor for policy in policies]
        parts = [network.stack_parts() for network in networks if isinstance(network, StackableNetwork)]
        if len(parts) < len(networks):
            raise CannotBeStacked(f"the network {type(networks[0]).__name__} has no stack_parts")
        first = parts[0]
        self._vector_keys = first.vector_keys
        self._scales = {key: scale for key, (scale, _) in first.planes.items()}
        with torch.no_grad():
            self._planes = {key: _layers([part.planes[key][1] for part in parts]) for key in first.planes}
            self._join = _layers([part.join for part in parts])
            self._policy = _layers([policy.mlp_extractor.policy_net for policy in policies])
            self._action = _layers([policy.action_net for policy in policies])

    def logits(self, observations: Mapping[str, Tensor], count: int) -> Tensor:
        parts = [observations[key] for key in self._vector_keys]
        for key, layers in self._planes.items():
            planes = observations[key] * self._scales[key]
            parts.append(through(layers, planes.reshape(1, -1, *planes.shape[2:])).reshape(count, -1))
        features = through(self._join, torch.cat(parts, dim=1)[:, None])
        return through(self._action, through(self._policy, features)).squeeze(1)


def through(layers: Sequence[Layer], values: Tensor) -> Tensor:
    """What comes out of the last of them."""
    for layer in layers:
        values = layer(values)
    return values


def _layers(modules: Sequence[nn.Module]) -> list[Layer]:
    """The same module of every policy as functions of all policies' inputs, side by side."""
    first = modules[0]
    if isinstance(first, nn.Sequential):
        return [
            layer for place in range(len(first)) for layer in _layers([m.get_submodule(str(place)) for m in modules])
        ]
    if isinstance(first, nn.Linear):
        weights = torch.stack([module.get_parameter("weight").T for module in modules])
        biases = torch.stack([module.get_parameter("bias") for module in modules])[:, None]
        return [lambda rows: torch.baddbmm(biases, rows, weights)]
    if isinstance(first, nn.Conv2d):
        kernels = torch.cat([module.get_parameter("weight") for module in modules])
        shifts = torch.cat([module.get_parameter("bias") for module in modules])
        stride, padding, groups = first.stride, first.padding, len(modules)
        return [lambda planes: functional.conv2d(planes, kernels, shifts, stride, padding, groups=groups)]
    if isinstance(first, nn.Flatten):
        return []
    if isinstance(first, (nn.ReLU, nn.Tanh)):
        return [first]
    raise CannotBeStacked(f"a layer of {type(first).__name__} cannot be laid beside others of its kind")
