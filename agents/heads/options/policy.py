"""The option head as a policy of sb3-contrib: options in masked slots are its actions, beside it a value network.

`MaskablePPO` trains it as any other. What holds it near the head that it began with is part of what it gives as its
entropy: `entropy_weight` times the entropy, less `retention_weight` times the divergence from that head.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE
from agents.heads.networks import OptionNetwork, ValueNetwork
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from core.env.policy_view import MAP_SHAPE

OPTION_ACTIONS: Final = spaces.Discrete(OPTION_SLOTS)
OPTION_OBSERVATIONS: Final = spaces.Dict(
    {
        "vector": spaces.Box(-np.inf, np.inf, (SITUATION_SIZE,), np.float32),
        "planes": spaces.Box(-np.inf, np.inf, (SITUATION_PLANES, *MAP_SHAPE[1:]), np.float32),
        "options": spaces.Box(-np.inf, np.inf, (OPTION_SLOTS, OPTION_SIZE), np.float32),
        "temperature": spaces.Box(0.01, 100.0, (1,), np.float32),
    }
)
"""What the policy sees at a decision point, and what its logits are divided by."""


class OptionHeadPolicy(MaskableActorCriticPolicy):
    """Actor: the option head. Critic: a network of its own, so that its errors do not pull at the head."""

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        *,
        head: OptionNetwork,
        entropy_weight: float = 0.0,
        retention_weight: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """`head` is trained in place; a copy of it as it is now is what the policy is held near."""
        super().__init__(observation_space, action_space, lr_schedule, net_arch=[], **kwargs)
        del self.action_net, self.value_net
        self.head = head
        self.critic = ValueNetwork()
        self.entropy_weight, self.retention_weight = entropy_weight, retention_weight
        self.optimizer = torch.optim.Adam([*self.head.parameters(), *self.critic.parameters()], lr=lr_schedule(1))
        self._first = (copy.deepcopy(head).requires_grad_(False).eval(),)
        """In a tuple: it is no part of the policy's weights."""

    def forward(  # type: ignore[override]
        self, obs: dict[str, Tensor], deterministic: bool = False, action_masks: NDArray[Any] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Options, values (n, 1) and log probabilities."""
        chances = self.get_distribution(obs, action_masks)
        chosen = chances.get_actions(deterministic=deterministic)
        return chosen, self.predict_values(obs), chances.log_prob(chosen)

    def get_distribution(  # type: ignore[override]
        self, obs: dict[str, Tensor], action_masks: NDArray[Any] | Tensor | None = None
    ) -> MaskableCategoricalDistribution:
        return self._chances(self.head, obs, action_masks)

    def predict_values(self, obs: dict[str, Tensor]) -> Tensor:  # type: ignore[override]
        return self.critic(obs["vector"], obs["planes"])

    def evaluate_actions(  # type: ignore[override]
        self, obs: dict[str, Tensor], actions: Tensor, action_masks: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Values, log probabilities, and instead of the entropy what is to be gained by staying as the head was."""
        chances = self._chances(self.head, obs, action_masks)
        with torch.no_grad():
            first = self._chances(self._first[0], obs, action_masks)
        own, kept = chances.distribution, first.distribution
        divergence = (kept.probs * (kept.logits - own.logits)).sum(dim=-1)
        gain = self.entropy_weight * chances.entropy() - self.retention_weight * divergence
        return self.predict_values(obs), chances.log_prob(actions), gain

    def _chances(
        self, head: OptionNetwork, obs: dict[str, Tensor], masks: NDArray[Any] | Tensor | None
    ) -> MaskableCategoricalDistribution:
        listed = torch.ones(obs["options"].shape[:2]) if masks is None else torch.as_tensor(masks)
        logits = head(obs["vector"], obs["planes"], obs["options"], listed.reshape(-1, OPTION_SLOTS).bool())
        chances = MaskableCategoricalDistribution(OPTION_SLOTS).proba_distribution(logits / obs["temperature"])
        chances.apply_masking(None if masks is None else listed)
        return chances
