"""Our policy as a zip of sb3-contrib: `MaskablePPO.load(path)` plays it, and goes on training it.

What is saved is the same network with the same weights; the Adam moments and our own terms (importance weights, the
teacher) stay here. SB3's zips hold pickles: whoever loads one runs what is in it, so load only your own.
"""

from __future__ import annotations

from pathlib import Path

import torch
from gymnasium import spaces
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy

from agents.learning.network_registry import NETWORKS
from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.exceptions import ConfigurationError


def save_for_sb3(learner: MaskablePPOLearner, path: Path) -> None:
    """Writes the zip. Raises ConfigurationError where a file is there already, and for heads."""
    if path.exists():
        raise ConfigurationError(f"{path} exists already; name a file that does not")
    if type(learner) not in (MaskablePPOLearner, OverlappedLearner):
        raise ConfigurationError(
            f"a {type(learner).__name__} plays options, of which sb3-contrib knows nothing: only a policy that was "
            'trained with "policy": "sb3" becomes a zip'
        )
    settings = learner.settings
    model = MaskablePPO(
        MaskableMultiInputActorCriticPolicy,
        None,  # type: ignore[arg-type]  # the spaces are given below; whoever loads it brings an env
        learning_rate=settings.learning_rate,
        n_steps=settings.rollout_steps,
        batch_size=settings.minibatch_size,
        n_epochs=settings.epochs,
        gamma=settings.discount,
        gae_lambda=settings.trace_decay,
        clip_range=settings.clip_range,
        ent_coef=settings.entropy_coefficient,
        vf_coef=settings.value_coefficient,
        max_grad_norm=settings.max_gradient_norm,
        target_kl=settings.target_kl,
        policy_kwargs={
            "net_arch": {"pi": list(settings.policy_widths), "vf": list(settings.value_widths)},
            "features_extractor_class": NETWORKS.resolve(settings.network, "learner.network"),
            "features_extractor_kwargs": {"width": settings.features_width},
            "normalize_images": False,
        },
        device="cpu",
        _init_setup_model=False,
    )
    model.observation_space = learner.observation_space
    model.action_space = spaces.Discrete(learner.policy.action_space.n)  # type: ignore[attr-defined]
    model.n_envs = learner.lanes
    with torch.random.fork_rng(devices=[]):
        model._setup_model()
    model.policy.load_state_dict(learner.policy.state_dict())
    model.save(path)
