"""The policy's network: sb3-contrib's maskable actor-critic with a feature extractor of our own.

The observation is the env's flat policy view: vectors (`features`) and planes (`map`, and `screen` if configured).
Planes go through two small convolutions, vectors through none; one layer joins them. It is small on purpose: the
emulator is the limit of a step, and this network answers eight lanes in well under a millisecond on one core.
"""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.learning.settings import LearnerSettings
from core.exceptions import ConfigurationError

MASKED_LOGIT = -1e8
"""Added in place of a masked action's logit, as sb3-contrib does: its softmax is exactly 0 in float32."""
SMALL_PLANE = 16
"""Planes up to this height are maps (3 x 3 kernels); larger ones are screens (strided kernels, as in Mnih 2015)."""


class PolicyViewExtractor(BaseFeaturesExtractor):
    """Joins the vectors (n,) and planes (channels, height, width) of a Dict observation into `width` features."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.vector_keys: list[str] = []
        self.plane_keys: list[str] = []
        self.scales: dict[str, float] = {}
        convolutions: dict[str, nn.Module] = {}
        joined = 0
        for key, space in observation_space.spaces.items():
            if not isinstance(space, spaces.Box) or len(space.shape) not in (1, 3):
                raise ConfigurationError(
                    f"observation {key!r} is {space}: it must be (n,) or (channels, height, width)"
                )
            if len(space.shape) == 1:
                self.vector_keys.append(key)
                joined += space.shape[0]
                continue
            self.plane_keys.append(key)
            highest = float(np.max(space.high))
            self.scales[key] = 1.0 / highest if np.isfinite(highest) and highest > 0 else 1.0
            convolutions[key] = _convolution(space.shape)
            with torch.no_grad():
                joined += convolutions[key](torch.zeros(1, *space.shape)).shape[1]
        self.convolutions = nn.ModuleDict(convolutions)
        self.join = nn.Sequential(nn.Linear(joined, width), nn.ReLU())

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Float tensors with a leading batch axis in, (batch, width) out."""
        parts = [observations[key] for key in self.vector_keys]
        parts += [self.convolutions[key](observations[key] * self.scales[key]) for key in self.plane_keys]
        return self.join(parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))


def _convolution(shape: tuple[int, ...]) -> nn.Module:
    channels, height, _ = shape
    if height <= SMALL_PLANE:
        layers = (nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2))
    else:
        layers = (nn.Conv2d(channels, 16, 8, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 4, stride=2))
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten())


def build_policy(
    observation_space: spaces.Dict, action_count: int, settings: LearnerSettings, seed: int
) -> MaskableMultiInputActorCriticPolicy:
    """A fresh network with its Adam optimizer; the same seed gives the same weights, and torch's own state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MaskableMultiInputActorCriticPolicy(
            observation_space,
            spaces.Discrete(action_count),
            lambda _progress: settings.learning_rate,
            net_arch={"pi": list(settings.policy_widths), "vf": list(settings.value_widths)},
            features_extractor_class=PolicyViewExtractor,
            features_extractor_kwargs={"width": settings.features_width},
            normalize_images=False,  # the extractor scales planes by the space's own bounds
        )


def logits_and_values(
    policy: MaskableMultiInputActorCriticPolicy, observations: dict[str, Tensor], masks: Tensor
) -> tuple[Tensor, Tensor]:
    """Masked logits (batch, actions) and values (batch,) in one pass; equal to sb3-contrib's `evaluate_actions`.

    Written out because building a `Categorical` costs more than the network at eight lanes.
    """
    features = policy.extract_features(observations, policy.features_extractor)
    latent_policy, latent_value = policy.mlp_extractor(features)
    logits = policy.action_net(latent_policy).masked_fill(~masks, MASKED_LOGIT)
    return logits, policy.value_net(latent_value).squeeze(-1)


def masked_entropy(log_probabilities: Tensor, masks: Tensor) -> Tensor:
    """Entropy in nats over the allowed actions, (batch,)."""
    terms = log_probabilities.exp() * log_probabilities
    return -terms.masked_fill(~masks, 0.0).sum(dim=-1)
