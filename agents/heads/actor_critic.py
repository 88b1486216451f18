"""Both heads as one actor-critic of Stable-Baselines3, so that what learns from rewards can learn them.

The button head's presses are the actor. The critic is a network of its own behind the button head's last layer, whose
gradient stops there: what a state is worth must not change how buttons are seen. The option head lies beside them and
is trained on its own terms (`agents/heads/learner.py`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.heads.button_view import PLANES_SHAPE, VIEW_SIZE
from agents.heads.networks import WIDTH
from agents.heads.saved_heads import Heads
from agents.learning.settings import LearnerSettings
from core.vocabulary import ACTION_COUNT

NO_LABEL: Final = -1
"""In a `label`: the rules teach no press here."""
WEIGHT_DECAY: Final = 1e-3
HEADS_SPACE: Final = spaces.Dict(
    {
        "vector": spaces.Box(-1.0, 1.0, (VIEW_SIZE,), np.float16),  # type: ignore[arg-type]
        "planes": spaces.Box(-2.0, 2.0, PLANES_SHAPE, np.float16),  # type: ignore[arg-type]
        "label": spaces.Box(NO_LABEL, ACTION_COUNT - 1, (2,), np.int8),
    }
)
"""What is kept of a step: a `ButtonView` in half precision, and what the rules say of it: their press (`NO_LABEL`:
there is nothing to learn), and whether the option is over after it. The networks do not see the label."""


class HeadsExtractor(BaseFeaturesExtractor):
    """Both heads; its features are what the button head tells presses from."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, WIDTH)
        fresh = Heads.fresh(int(torch.randint(2**31, (1,))))
        self.button = fresh.button
        self.option = fresh.option

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """(n, WIDTH)."""
        return self.button.joined(observations["vector"], observations["planes"])


class _Stopped(nn.Module):
    """Lets no gradient through."""

    def forward(self, values: Tensor) -> Tensor:
        return values.detach()


def build_heads_policy(settings: LearnerSettings, seed: int) -> MaskableMultiInputActorCriticPolicy:
    """Fresh heads with their optimizer; the same seed gives the same weights, and torch's own state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        policy = MaskableMultiInputActorCriticPolicy(
            HEADS_SPACE,
            spaces.Discrete(ACTION_COUNT),
            lambda _progress: settings.learning_rate,
            net_arch={"pi": [], "vf": list(settings.value_widths)},
            features_extractor_class=HeadsExtractor,
            normalize_images=False,
            ortho_init=False,
        )
    policy.action_net = heads_of_policy(policy).button.press
    policy.mlp_extractor.value_net = nn.Sequential(_Stopped(), *policy.mlp_extractor.value_net)
    policy.optimizer = torch.optim.AdamW(
        policy.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY, fused=True
    )
    return policy


def heads_of_policy(policy: MaskableMultiInputActorCriticPolicy) -> Heads:
    """The networks themselves, not copies."""
    extractor: Any = policy.features_extractor
    assert isinstance(extractor, HeadsExtractor), "build_heads_policy has made it"
    return Heads(extractor.button, extractor.option)
