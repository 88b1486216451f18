"""One minibatch's losses against equations 4 to 9 of `agents/learning/update.py`, written down in numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from agents.learning.network import logits_and_values
from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from agents.learning.update import Batch, LossWeights, UpdateNumbers, gradient_steps, minibatch_losses

SAMPLES = 24
SPACE = spaces.Dict({"features": spaces.Box(-1.0, 1.0, (6,), np.float32)})
SETTINGS = LearnerSettings(
    rollout_steps=16,
    minibatch_size=16,
    features_width=8,
    clip_range=0.3,
    value_coefficient=0.7,
    entropy_coefficient=0.2,
)


def made(settings: LearnerSettings) -> tuple[MaskablePPOLearner, Batch]:
    """A learner, and samples whose policy has moved far enough that both sides of the clip are met."""
    random = np.random.default_rng(4)
    masks = random.random((SAMPLES, 9)) < 0.6
    masks[:, 0] = True
    actions = np.array([random.choice(np.flatnonzero(row)) for row in masks])
    labels = np.array([random.choice(np.flatnonzero(row)) for row in masks])
    labelled = random.random(SAMPLES) < 0.5
    learner = MaskablePPOLearner(SPACE, 2, settings, seed=3)
    observations = {"features": torch.from_numpy(random.uniform(-1, 1, (SAMPLES, 6)).astype(np.float32))}
    with torch.no_grad():
        logits, _ = logits_and_values(learner.policy, observations, torch.from_numpy(masks))
        now = torch.log_softmax(logits, -1).gather(1, torch.from_numpy(actions)[:, None]).squeeze(1)
    moved = torch.from_numpy(random.normal(0, 0.5, SAMPLES).astype(np.float32))
    batch = Batch(
        observations=observations,
        masks=torch.from_numpy(masks),
        actions=torch.from_numpy(actions),
        old_log_probabilities=now - moved,
        weights=torch.from_numpy(random.uniform(0.02, 1.0, SAMPLES).astype(np.float32)),
        advantages=torch.from_numpy(random.normal(1.0, 2.0, SAMPLES).astype(np.float32)),
        value_targets=torch.from_numpy(random.normal(0.0, 1.0, SAMPLES).astype(np.float32)),
        teacher_actions=torch.from_numpy(np.where(labelled, labels, 0)),
        labelled=torch.from_numpy(labelled),
    )
    return learner, batch


@pytest.mark.parametrize("weight", [1.0, 1e-3])
@pytest.mark.parametrize("teacher_coefficient", [0.0, 0.8])
def test_every_term_is_its_equation(teacher_coefficient: float, weight: float) -> None:
    learner, batch = made(SETTINGS)
    batch = replace(batch, weights=batch.weights * weight)
    losses = minibatch_losses(learner.policy, batch, SETTINGS, LossWeights(teacher_coefficient))

    with torch.no_grad():
        logits, values = (
            part.double().numpy() for part in logits_and_values(learner.policy, batch.observations, batch.masks)
        )
    masks, actions = batch.masks.numpy(), batch.actions.numpy()
    chances = np.where(masks, np.exp(logits - logits.max(1, keepdims=True)), 0.0)
    chances /= chances.sum(1, keepdims=True)
    rows = np.arange(SAMPLES)
    log_ratio = np.log(chances[rows, actions]) - batch.old_log_probabilities.double().numpy()
    ratio = np.exp(log_ratio)
    rho = batch.weights.double().numpy()
    advantages = weighted_normal(batch.advantages.double().numpy(), rho)
    clipped = np.clip(ratio, 0.7, 1.3)
    assert (ratio < 0.7).any() and (ratio > 1.3).any(), "both sides of the clip are met"
    policy = -(rho * np.minimum(ratio * advantages, clipped * advantages)).mean()
    value = ((batch.value_targets.numpy() - values) ** 2).mean()
    entropy = -np.where(masks, chances * np.log(np.where(masks, chances, 1.0)), 0.0).sum(1).mean()
    labelled = batch.labelled.numpy()
    teacher = -np.log(chances[rows, batch.teacher_actions.numpy()])[labelled].mean()
    total = policy + 0.7 * value - 0.2 * entropy + teacher_coefficient * teacher

    near = {"rel": 1e-4, "abs": 1e-6}
    assert losses.policy == pytest.approx(policy, **near)
    assert losses.value == pytest.approx(value, **near)
    assert losses.entropy == pytest.approx(entropy, **near)
    assert losses.teacher == pytest.approx(teacher if teacher_coefficient else 0.0, **near)
    assert losses.total.item() == pytest.approx(total, **near)
    assert losses.approx_kl == pytest.approx((rho * (ratio - 1 - log_ratio)).sum() / rho.sum(), rel=1e-3)
    assert losses.clip_fraction == pytest.approx((np.abs(ratio - 1) > 0.3).mean())


def weighted_normal(advantages: NDArray[np.float64], rho: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equation 6, with n - 1 as Stable-Baselines3 has it."""
    mean = np.average(advantages, weights=rho)
    variance = np.average((advantages - mean) ** 2, weights=rho) * SAMPLES / (SAMPLES - 1)
    return (advantages - mean) / (np.sqrt(variance) + 1e-8)


def test_without_a_label_the_teacher_says_nothing() -> None:
    learner, batch = made(SETTINGS)
    unlabelled = replace(batch, labelled=torch.zeros_like(batch.labelled))
    assert minibatch_losses(learner.policy, unlabelled, SETTINGS, LossWeights(0.8)).teacher == 0.0


@pytest.mark.parametrize(("share", "steps"), [(0.99, 0), (1.01, 1)])
def test_an_update_ends_where_the_policy_has_moved_too_far(share: float, steps: int) -> None:
    """Where the approximate KL passes 1.5 times `target_kl`, before the step."""
    learner, batch = made(SETTINGS)
    kl = minibatch_losses(learner.policy, batch, SETTINGS, LossWeights()).approx_kl
    settings = replace(SETTINGS, minibatch_size=SAMPLES, epochs=1, target_kl=share * kl / 1.5)
    numbers = UpdateNumbers()
    taken = list(gradient_steps(learner.policy, batch, settings, LossWeights(), np.random.default_rng(0), numbers))
    assert len(taken) == len(numbers.gradient_norms) == steps
    assert numbers.mean("approx_kl") == pytest.approx(kl, rel=1e-3)
