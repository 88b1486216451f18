"""The policy as it is asked at every step: what the network answers, with less around its layers.

At a few lanes the network costs less than what modules do around each layer, and the value is not asked for while
playing. So the layers are taken out once and computed with arrays (`agents/learning/array_layers.py`). A network of
one's own that does not say what it is made of (`StackableNetwork`), or has other layers, is called as a whole.
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

from agents.learning.apart_array_layers import apart_array_layers
from agents.learning.array_layers import ArrayLayer, NoArrayLayer, Values, array_layers, softmax, through_arrays
from agents.learning.network import MASKED_LOGIT
from agents.learning.network_registry import StackableNetwork, StackParts
from agents.learning.preparation import as_tensors
from core.exceptions import DecisionValidationError

log = logging.getLogger(__name__)


class ActingPolicy:
    """A policy's probabilities for playing; it holds no weights of its own."""

    def __init__(self, policy: MaskableMultiInputActorCriticPolicy) -> None:
        self._policy = policy
        self._network = _ArrayNetwork.of(policy)
        self._head = [*array_layers(policy.mlp_extractor.policy_net), *array_layers(policy.action_net)]

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(batch, actions): the softmax of `agents.learning.network.logits_and_values`, to 1e-6.

        Raises DecisionValidationError when a mask allows no action.
        """
        features = self._by_torch(observations) if self._network is None else self._network.features(observations)
        return _chances(self._head, features, masks)

    def _by_torch(self, observations: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        policy = self._policy
        with torch.inference_mode():
            features = policy.extract_features(as_tensors(observations), policy.features_extractor)
            assert isinstance(features, Tensor), "policy and value share one network"
            return features.numpy()


class ActingPolicies:
    """Several policies that are alike, each asked about a row of its own; it holds copies of their weights."""

    def __init__(self, policies: Sequence[MaskableMultiInputActorCriticPolicy]) -> None:
        """Raises NoArrayLayer where one of them has to be called as a whole, or they are not alike."""
        networks = [policy.features_extractor for policy in policies]
        parts = [network.stack_parts() for network in networks if isinstance(network, StackableNetwork)]
        if len(parts) != len(policies):
            raise NoArrayLayer(f"{type(networks[0]).__name__} does not say what it is made of")
        self._network = _ArrayNetwork(parts, apart_array_layers)
        extractors = [policy.mlp_extractor.policy_net for policy in policies]
        self._head = [*apart_array_layers(extractors), *apart_array_layers([policy.action_net for policy in policies])]

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(policies, actions), as `ActingPolicy` has it for each. Raises DecisionValidationError as there."""
        return _chances(self._head, self._network.features(observations), masks)


def _chances(head: Sequence[ArrayLayer], features: Values, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    if not masks.any(axis=1).all():
        lanes = np.flatnonzero(~masks.any(axis=1)).tolist()
        raise DecisionValidationError(f"the masks of lanes {lanes} allow no action: the environment must allow one")
    return softmax(np.where(masks, through_arrays(head, features), np.float32(MASKED_LOGIT)))


class _ArrayNetwork:
    """Networks that say what they are made of: one that is asked about all rows, or one for each row."""

    def __init__(self, parts: Sequence[StackParts], layers: Callable[[Sequence[nn.Module]], list[ArrayLayer]]) -> None:
        self._vector_keys = parts[0].vector_keys
        self._planes: dict[str, tuple[np.float32, list[ArrayLayer]]] = {
            key: (np.float32(scale), layers([part.planes[key][1] for part in parts]))
            for key, (scale, _) in parts[0].planes.items()
        }
        self._join = layers([part.join for part in parts])

    @classmethod
    def of(cls, policy: MaskableMultiInputActorCriticPolicy) -> _ArrayNetwork | None:
        """None for a network that has to be called as a whole."""
        network = policy.features_extractor
        if not isinstance(network, StackableNetwork):
            return None
        try:
            return cls([network.stack_parts()], lambda modules: array_layers(modules[0]))
        except NoArrayLayer as reason:
            log.debug("the network is called as a whole, which takes longer: %s", reason)
            return None

    def features(self, observations: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """What the network makes of a batch."""
        parts = [np.asarray(observations[key], np.float32) for key in self._vector_keys]
        for key, (scale, layers) in self._planes.items():
            planes = np.asarray(observations[key], np.float32)
            parts.append(through_arrays(layers, planes if scale == 1 else planes * scale))
        return through_arrays(self._join, parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))
