"""The policy as it is asked at every step: what the network answers, with less around its layers.

At a few lanes the network costs less than what modules do around each layer, and the value is not asked for while
playing. So the layers are taken out once and computed with arrays (`agents/learning/array_layers.py`). A network of
one's own that does not say what it is made of (`StackableNetwork`), or has other layers, is called as a whole.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor

from agents.learning.array_layers import ArrayLayer, NoArrayLayer, array_layers, softmax, through_arrays
from agents.learning.network import MASKED_LOGIT
from agents.learning.network_registry import StackableNetwork, StackParts
from agents.learning.preparation import as_tensors

log = logging.getLogger(__name__)


class ActingPolicy:
    """A policy's probabilities for playing; it holds no weights of its own."""

    def __init__(self, policy: MaskableMultiInputActorCriticPolicy) -> None:
        self._policy = policy
        self._network = _ArrayNetwork.of(policy)
        self._head = [*array_layers(policy.mlp_extractor.policy_net), *array_layers(policy.action_net)]

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(batch, actions): the softmax of `agents.learning.network.logits_and_values`, to 1e-6."""
        features = self._by_torch(observations) if self._network is None else self._network.features(observations)
        logits = through_arrays(self._head, features)
        return softmax(np.where(masks, logits, np.float32(MASKED_LOGIT)))

    def _by_torch(self, observations: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        policy = self._policy
        with torch.inference_mode():
            features = policy.extract_features(as_tensors(observations), policy.features_extractor)
            assert isinstance(features, Tensor), "policy and value share one network"
            return features.numpy()


class _ArrayNetwork:
    """A network that says what it is made of."""

    def __init__(self, parts: StackParts) -> None:
        self._vector_keys = parts.vector_keys
        self._planes: dict[str, tuple[np.float32, list[ArrayLayer]]] = {
            key: (np.float32(scale), array_layers(module)) for key, (scale, module) in parts.planes.items()
        }
        self._join = array_layers(parts.join)

    @classmethod
    def of(cls, policy: MaskableMultiInputActorCriticPolicy) -> _ArrayNetwork | None:
        """None for a network that has to be called as a whole."""
        network = policy.features_extractor
        if not isinstance(network, StackableNetwork):
            return None
        try:
            return cls(network.stack_parts())
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
