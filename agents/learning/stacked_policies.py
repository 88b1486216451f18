"""Policies that are alike, side by side, with weights of their own (`agents/learning/stacked_layers.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn

from agents.learning.network import MASKED_LOGIT
from agents.learning.network_registry import StackableNetwork
from agents.learning.stacked_layers import NoStackedLayer, StackedLayer, StackedWeights, stacked_layers, through_stacked


class StackedPolicies:
    """Copies of policies as they were when this was made; `weights.write_back` gives them what has become of it."""

    def __init__(self, policies: Sequence[MaskableMultiInputActorCriticPolicy]) -> None:
        """Raises NoStackedLayer where they are not alike, or have layers or weights that are not known here."""
        self.weights = StackedWeights()
        networks = [policy.features_extractor for policy in policies]
        parts = [network.stack_parts() for network in networks if isinstance(network, StackableNetwork)]
        if len(parts) != len(policies):
            raise NoStackedLayer(f"{type(networks[0]).__name__} does not say what it is made of")
        self._vector_keys = parts[0].vector_keys
        self._planes = {
            key: (scale, stacked_layers([part.planes[key][1] for part in parts], self.weights))
            for key, (scale, _) in parts[0].planes.items()
        }
        self._join = stacked_layers([part.join for part in parts], self.weights)
        self._policy_head = self._layers([[policy.mlp_extractor.policy_net, policy.action_net] for policy in policies])
        self._value_head = self._layers([[policy.mlp_extractor.value_net, policy.value_net] for policy in policies])
        stacked = {id(weight) for weight in self.weights.origins(0)}
        if left_out := [name for name, weight in policies[0].named_parameters() if id(weight) not in stacked]:
            raise NoStackedLayer(f"the network has weights outside of what it says it is made of: {left_out}")

    def logits_and_values(self, observations: Mapping[str, Tensor], masks: Tensor) -> tuple[Tensor, Tensor]:
        """Masked logits (policies, samples, actions) and values (policies, samples), as `network.logits_and_values` of
        each, from observations (samples, policies, ...) and masks (policies, samples, actions)."""
        features = self._features(observations)
        logits = through_stacked(self._policy_head, features).transpose(1, 2).masked_fill(~masks, MASKED_LOGIT)
        return logits, through_stacked(self._value_head, features).squeeze(1)

    def values(self, observations: Mapping[str, Tensor]) -> Tensor:
        """(policies, samples)."""
        return through_stacked(self._value_head, self._features(observations)).squeeze(1)

    def _features(self, observations: Mapping[str, Tensor]) -> Tensor:
        """(policies, features, samples)."""
        parts = [observations[key].permute(1, 2, 0) for key in self._vector_keys]
        for key, (scale, layers) in self._planes.items():
            planes = observations[key].flatten(1, 2) * scale
            # with channels last, a convolution in groups is faster than as many convolutions
            parts.append(through_stacked(layers, planes.contiguous(memory_format=torch.channels_last)))
        return through_stacked(self._join, parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))

    def _layers(self, chains: Sequence[Sequence[nn.Module]]) -> list[StackedLayer]:
        """Of modules one after the other, of each policy."""
        return [layer for column in zip(*chains, strict=True) for layer in stacked_layers(column, self.weights)]
