"""The policy: sb3-contrib's maskable actor-critic with the network that the settings name in front.

The observation is the env's flat policy view: vectors (`features`) and planes (`map`, and `screen` if configured).
What reads it is a network of `agents/learning/networks/`, or one of your own.
"""

from __future__ import annotations

import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor

from agents.learning.network_registry import NETWORKS
from agents.learning.settings import LearnerSettings

ADAM_EPSILON = 1e-5
"""As in sb3's policies."""
MASKED_LOGIT = -1e8
"""Added in place of a masked action's logit, as sb3-contrib does: its softmax is exactly 0 in float32."""


def build_policy(
    observation_space: spaces.Dict, action_count: int, settings: LearnerSettings, seed: int
) -> MaskableMultiInputActorCriticPolicy:
    """A fresh network with its Adam optimizer; the same seed gives the same weights, and torch's own state is kept.

    Raises ConfigurationError where the settings name a network that is none.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MaskableMultiInputActorCriticPolicy(
            observation_space,
            spaces.Discrete(action_count),
            lambda _progress: settings.learning_rate,
            net_arch={"pi": list(settings.policy_widths), "vf": list(settings.value_widths)},
            features_extractor_class=NETWORKS.resolve(settings.network, "learner.network"),
            features_extractor_kwargs={"width": settings.features_width},
            optimizer_kwargs={"eps": ADAM_EPSILON, "fused": True},
            normalize_images=False,  # the network scales planes by the space's own bounds
        )


def logits_and_values(
    policy: MaskableMultiInputActorCriticPolicy, observations: dict[str, Tensor], masks: Tensor
) -> tuple[Tensor, Tensor]:
    """Masked logits (batch, actions) and values (batch,) in one pass; equal to sb3-contrib's `evaluate_actions`.

    Written out because building a `Categorical` costs more than the network at eight lanes.
    """
    return of_features(policy, features_of(policy, observations), masks)


def features_of(policy: MaskableMultiInputActorCriticPolicy, observations: dict[str, Tensor]) -> Tensor:
    """What the network makes of observations, (batch, width)."""
    features = policy.extract_features(observations, policy.features_extractor)
    assert isinstance(features, Tensor), "policy and value share one network"
    return features


def of_features(policy: MaskableMultiInputActorCriticPolicy, features: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """`logits_and_values`, from what the network made of the observations."""
    latent_policy, latent_value = policy.mlp_extractor(features)
    logits = policy.action_net(latent_policy).masked_fill(~masks, MASKED_LOGIT)
    return logits, policy.value_net(latent_value).squeeze(-1)


def masked_entropy(log_probabilities: Tensor, masks: Tensor) -> Tensor:
    """Entropy in nats over the allowed actions, (batch,)."""
    terms = log_probabilities.exp() * log_probabilities
    return -terms.masked_fill(~masks, 0.0).sum(dim=-1)
