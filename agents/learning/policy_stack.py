"""Several policies of one shape asked at once: the same numbers as one by one, in a fraction of the calls.

A small network costs little more for eight observations than for one; what costs is the calls. Agents that learn apart
have a network each, so their weights are laid side by side: convolutions become one in groups, layers one batched
product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn
from torch.nn import functional

from agents.learning.network import MASKED_LOGIT, PolicyViewExtractor
from core.exceptions import DecisionValidationError, TrainingError

Layer = Callable[[Tensor], Tensor]


class PolicyStack:
    """The policies as they are now; make a new one when their weights have changed."""

    def __init__(self, policies: Sequence[MaskableMultiInputActorCriticPolicy]) -> None:
        """Raises TrainingError for a network that was not made by `agents.learning.network.build_policy`."""
        extractors = [policy.features_extractor for policy in policies]
        first = extractors[0]
        if not isinstance(first, PolicyViewExtractor):
            raise TrainingError(f"a policy with {type(first).__name__} cannot be stacked: only our own networks can")
        self._vector_keys, self._scales = first.vector_keys, first.scales
        with torch.no_grad():
            self._planes = {
                key: _layers([extractor.get_submodule(f"convolutions.{key}") for extractor in extractors])
                for key in first.plane_keys
            }
            self._join = _layers([extractor.get_submodule("join") for extractor in extractors])
            self._policy = _layers([policy.mlp_extractor.policy_net for policy in policies])
            self._action = _layers([policy.action_net for policy in policies])

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """pi_i(.|s_i): row i of observations and masks goes to policy i; (policies, actions), masked ones are 0.

        Raises DecisionValidationError when a mask allows no action.
        """
        if not masks.any(axis=1).all():
            rows = np.flatnonzero(~masks.any(axis=1)).tolist()
            raise DecisionValidationError(f"the masks of rows {rows} allow no action: the environment must allow one")
        count = len(masks)
        with torch.inference_mode():
            parts = [torch.from_numpy(observations[key]) for key in self._vector_keys]
            for key, layers in self._planes.items():
                planes = torch.from_numpy(observations[key]) * self._scales[key]
                parts.append(_through(layers, planes.reshape(1, -1, *planes.shape[2:])).reshape(count, -1))
            features = _through(self._join, torch.cat(parts, dim=1)[:, None])
            logits = _through(self._action, _through(self._policy, features)).squeeze(1)
            logits = logits.masked_fill(torch.from_numpy(~masks), MASKED_LOGIT)
            return functional.softmax(logits, dim=-1).numpy()


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
    raise TrainingError(f"a policy with a layer of {type(first).__name__} cannot be stacked")


def _through(layers: Sequence[Layer], values: Tensor) -> Tensor:
    for layer in layers:
        values = layer(values)
    return values
