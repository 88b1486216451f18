"""The whole update in one place: importance-corrected, clipped policy gradient with an annealed teacher term.

The actions of a rollout come from a mixture of teacher and policy whose probability beta(a|s) is known. With pi_old the
policy before this update, pi the policy being trained, w = pi_old/beta, rho, v and A from `vtrace.py`, and
r = pi(a|s) / pi_old(a|s), one minibatch minimises

    L      = L_pi + k_v * L_v - k_H * H + k_T * L_T                                               (4)
    L_pi   = -mean( rho * min(r * A', clip(r, 1 - eps, 1 + eps) * A') )                           (5)
    A'     = (A - mean_rho A) / (std_rho A + 1e-8)                                                (6)
    L_v    = mean( (v - V(s))^2 )                                                                 (7)
    H      = mean entropy of pi over the allowed actions                                          (8)
    L_T    = mean over labelled steps of -log pi(teacher action|s)                                  (9)
    k_T    = teacher_coefficient * schedule * trust                                               (10)

(5) is Schulman's clipped surrogate (2017, equation 7) under an importance weight: the clip holds the policy near
pi_old, the *behaviour-corrected* old policy, and rho turns an average over beta into one over pi_old. In (6) mean and
deviation are weighted by rho for the same reason: under beta the teacher's steps would set the baseline. (9) is
behaviour cloning on the teacher's action at every step, whoever acted; a step is labelled when the teacher names an
action that the mask allows; `trust.py` fades the term out when following the teacher does worse than not following
it. The schedule of (10) is the curriculum's teacher share (`teacher_scale`), or, where `teacher_half_life` is set,
0.5 ^ (transitions / teacher_half_life). With beta = pi_old and k_T = 0 all rho are 1 and this is sb3-contrib's
MaskablePPO, loss for loss.

Left out on purpose: value clipping (it hurts as often as it helps: Andrychowicz 2021), learning-rate schedules,
replay of old rollouts, and the arbiter's coin (each step is corrected by the mixture, whoever won the toss: the
balance heuristic of Veach 1995, with bounded weights as long as the policy keeps a share of the steps).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor
from torch.nn import functional

from agents.learning.network import logits_and_values, masked_entropy
from agents.learning.settings import LearnerSettings
from core.exceptions import TrainingError

Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class Batch:
    """A flat rollout: tensors with a leading sample axis; `take` gives a minibatch."""

    observations: dict[str, Tensor]
    masks: Tensor
    actions: Tensor
    old_log_probabilities: Tensor
    """log pi_old(a|s)."""
    weights: Tensor
    """rho."""
    advantages: Tensor
    """A, not normalised."""
    value_targets: Tensor
    """v."""
    teacher_actions: Tensor
    """The label, 0 where `labelled` is false."""
    labelled: Tensor
    features: Tensor | None = None
    """What the critic reads, as the policy before the update tells it; None where the critic's gradient goes through
    the features, so that they have to be computed each time."""
    entropies: Tensor | None = None
    """Beside `features`: of that policy, nats."""

    def __len__(self) -> int:
        return len(self.actions)

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """The samples of these rows, copied."""
        index = torch.from_numpy(rows)
        return self.each(lambda values: values[index])

    def each(self, changed: Callable[[Tensor], Tensor]) -> Batch:
        """The same of every tensor."""
        return Batch(
            {key: changed(value) for key, value in self.observations.items()},
            changed(self.masks),
            changed(self.actions),
            changed(self.old_log_probabilities),
            changed(self.weights),
            changed(self.advantages),
            changed(self.value_targets),
            changed(self.teacher_actions),
            changed(self.labelled),
            None if self.features is None else changed(self.features),
            None if self.entropies is None else changed(self.entropies),
        )


@dataclass(frozen=True, slots=True)
class LossWeights:
    """What one update weighs; of learners side by side, a tensor (learners,) each."""

    teacher: float | Tensor = 0.0
    """k_T of equation 10."""
    reward: float | Tensor = 1.0
    """Factor on L_pi and on the entropy bonus: 0 where only imitation and the value are learned."""
    further: Callable[[], Tensor] | None = None
    """A loss of other data, added to that of each minibatch."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of equations 4 to 9: tensors (), or (learners,) of learners side by side."""

    total: Tensor
    policy: Tensor
    value: Tensor
    entropy: Tensor
    teacher: Tensor
    approx_kl: Tensor
    clip_fraction: Tensor

    @property
    def numbers(self) -> Tensor:
        """All but the total, in the order of `Losses`: (6,), or (6, learners)."""
        parts = (self.policy, self.value, self.entropy, self.teacher, self.approx_kl, self.clip_fraction)
        return torch.stack([part.detach() for part in parts])


@dataclass(frozen=True, slots=True)
class Losses:
    """`Terms` of one learner for one minibatch, as numbers for the log but for the total."""

    total: Tensor
    policy: float
    value: float
    entropy: float
    teacher: float
    approx_kl: float
    clip_fraction: float


@dataclass(slots=True)
class UpdateNumbers:
    """Means over minibatches, collected while the update runs."""

    losses: list[Losses] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)

    def mean(self, name: str) -> float:
        """Mean of one of the float fields of `Losses`."""
        return float(np.mean([getattr(losses, name) for losses in self.losses]))

    def add_step(self, losses: Losses, gradient_norm: float) -> None:
        """An optimizer step is about to be made. Raises TrainingError where its gradient is not finite."""
        if not np.isfinite(gradient_norm):
            raise TrainingError(
                f"the policy's gradient is {gradient_norm} (loss {losses.total.item()}, value loss {losses.value}): "
                "an observation or reward is not finite, or the learning rate is too high; "
                "go back to the last checkpoint and lower learning_rate"
            )
        self.losses.append(losses)
        self.gradient_norms.append(gradient_norm)


def run_to_its_end(steps: Generator[object, None, Returned], at_halt: Callable[[], object] = lambda: None) -> Returned:
    """What an update gives that halts before every optimizer step; `at_halt` is called at each halt."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        at_halt()


def normalised_advantages(advantages: Tensor, weights: Tensor) -> Tensor:
    """Equation 6 over the last axis. With equal weights: sb3's (A - mean) / (std + 1e-8), std with n - 1."""
    total = weights.sum(-1, keepdim=True).clamp_min(1e-8)
    mean = (weights * advantages).sum(-1, keepdim=True) / total
    samples = advantages.shape[-1]
    bessel = samples / max(1, samples - 1)
    deviation = ((weights * (advantages - mean) ** 2).sum(-1, keepdim=True) / total * bessel).sqrt()
    return (advantages - mean) / (deviation + 1e-8)


def loss_terms(logits: Tensor, values: Tensor, batch: Batch, settings: LearnerSettings, weights: LossWeights) -> Terms:
    """Equations 4 to 9, of masked logits (samples, actions) and values (samples,).

    Of learners side by side all of them, and what the batch has, with an axis of learners in front. Observations are
    not looked at, nor `weights.further`.
    """
    log_probabilities = functional.log_softmax(logits, dim=-1)
    log_ratio = log_probabilities.gather(-1, batch.actions[..., None]).squeeze(-1) - batch.old_log_probabilities
    ratio = log_ratio.exp()
    advantages = normalised_advantages(batch.advantages, batch.weights)
    clipped = ratio.clamp(1 - settings.clip_range, 1 + settings.clip_range)
    policy_loss = -(batch.weights * torch.minimum(ratio * advantages, clipped * advantages)).mean(-1)
    value_loss = functional.mse_loss(values, batch.value_targets, reduction="none").mean(-1)
    entropy = masked_entropy(log_probabilities, batch.masks).mean(-1)
    total = weights.reward * policy_loss + settings.value_coefficient * value_loss
    total = total - weights.reward * settings.entropy_coefficient * entropy

    teacher_loss = torch.zeros(total.shape)
    if isinstance(weights.teacher, Tensor) or weights.teacher > 0:
        log_labels = log_probabilities.gather(-1, batch.teacher_actions[..., None]).squeeze(-1)
        taught = -(log_labels * batch.labelled).sum(-1) / batch.labelled.sum(-1).clamp_min(1)
        total = total + weights.teacher * taught
        teacher_loss = torch.where(torch.as_tensor(weights.teacher) > 0, taught, teacher_loss)

    with torch.no_grad():
        approx_kl = (batch.weights * (ratio - 1 - log_ratio)).sum(-1) / batch.weights.sum(-1).clamp_min(1e-8)
        clip_fraction = ((ratio - 1).abs() > settings.clip_range).float().mean(-1)
    return Terms(total, policy_loss, value_loss, entropy, teacher_loss, approx_kl, clip_fraction)


def minibatch_losses(
    policy: MaskableMultiInputActorCriticPolicy, batch: Batch, settings: LearnerSettings, weights: LossWeights
) -> Losses:
    """Equations 4 to 9, and what is added to them."""
    if _teaches_the_critic_alone(batch, settings, weights):
        return _critic_losses(policy, batch, settings, weights)
    logits, values = logits_and_values(policy, batch.observations, batch.masks)
    terms = loss_terms(logits, values, batch, settings, weights)
    total = terms.total if weights.further is None else terms.total + weights.further()
    return Losses(total, *terms.numbers.tolist())


def _teaches_the_critic_alone(batch: Batch, settings: LearnerSettings, weights: LossWeights) -> bool:
    """Whether nothing else of a rollout moves any weight, so that its presses need not be looked at again."""
    learns_presses = weights.reward > 0 or weights.teacher > 0 or settings.target_kl is not None
    return batch.features is not None and not learns_presses


def _critic_losses(
    policy: MaskableMultiInputActorCriticPolicy, batch: Batch, settings: LearnerSettings, weights: LossWeights
) -> Losses:
    """Equation 7, and what is added; of the presses only the entropy before the update is told."""
    assert batch.features is not None and batch.entropies is not None, "the caller has looked"
    values = policy.value_net(policy.mlp_extractor.forward_critic(batch.features)).squeeze(-1)
    value_loss = functional.mse_loss(values, batch.value_targets)
    total = settings.value_coefficient * value_loss
    if weights.further is not None:
        total = total + weights.further()
    entropy = float(batch.entropies.mean())
    return Losses(total, 0.0, value_loss.item(), entropy, teacher=0.0, approx_kl=0.0, clip_fraction=0.0)


def minibatches(samples: int, settings: LearnerSettings) -> int:
    """Into how many parts, of equal size but for one sample, a rollout is split."""
    return max(1, round(samples / settings.minibatch_size))


def has_moved_too_far(losses: Losses, settings: LearnerSettings) -> bool:
    """Whether an update ends here, before the step."""
    return settings.target_kl is not None and losses.approx_kl > 1.5 * settings.target_kl


def gradient_steps(
    policy: MaskableMultiInputActorCriticPolicy,
    batch: Batch,
    settings: LearnerSettings,
    weights: LossWeights,
    shuffle: np.random.Generator,
    numbers: UpdateNumbers,
) -> Iterator[None]:
    """`epochs` passes in shuffled minibatches of equal size; one optimizer step each, and a halt before it.

    The caller may change the gradients at a halt, for example to the mean of several learners'; clipping comes after
    it. `numbers` fills while the generator runs. `agents/learning/joint_update.py` does the same for many learners.

    Raises TrainingError when a loss or gradient is not finite; the weights are then those before the bad step.
    """
    parameters = list(policy.parameters())
    if _teaches_the_critic_alone(batch, settings, weights):
        batch = replace(batch, observations={})
    for _ in range(settings.epochs):
        for rows in np.array_split(shuffle.permutation(len(batch)), minibatches(len(batch), settings)):
            losses = minibatch_losses(policy, batch.take(rows), settings, weights)
            if has_moved_too_far(losses, settings):
                numbers.losses.append(losses)
                return
            policy.optimizer.zero_grad()
            losses.total.backward()
            yield
            norm = float(torch.nn.utils.clip_grad_norm_(parameters, settings.max_gradient_norm))
            numbers.add_step(losses, norm)
            policy.optimizer.step()
