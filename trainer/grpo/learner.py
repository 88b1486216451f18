"""Optimizer steps on samples with advantages: clipped, optionally held near a reference model.

For each answer token with ratio r = pi/pi_old (at the sampling temperature) and its answer's advantage A,

    L = -mean_tokens( min(r A, clip(r, 1 - low, 1 + high) A) ) + beta * KL(pi || reference) - eta * H

KL is Schulman's k3 estimate exp(d) - d - 1 with d = log reference - log pi. Tokens are averaged over the whole
minibatch, so long answers do not weigh less per token.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from agents.llm.answer import log_probability_of
from agents.text.text_policy import Sample, TextPolicy
from core.exceptions import TrainingError


@dataclass(frozen=True, slots=True)
class GRPOSettings:
    """Settings of the update; sampling has its own."""

    learning_rate: float = 1e-3
    clip_low: float = 0.2
    clip_high: float = 0.2
    entropy_coefficient: float = 0.0
    """eta. A little keeps tiny models from collapsing onto one answer."""
    kl_coefficient: float = 0.0
    """beta; with 0 no reference is needed."""
    epochs: int = 1
    minibatch_samples: int = 128
    max_gradient_norm: float = 1.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample and its advantage within its group."""

    sample: Sample
    advantage: float


@dataclass(frozen=True, slots=True)
class UpdateMetrics:
    """Means over one update's minibatches."""

    samples: int
    loss: float
    entropy: float
    approx_kl: float
    clip_fraction: float
    gradient_norm: float


class GRPOLearner:
    """Updates one policy's weights."""

    def __init__(
        self, policy: TextPolicy, settings: GRPOSettings, seed: int, reference: TextPolicy | None = None
    ) -> None:
        if settings.kl_coefficient > 0 and reference is None:
            raise TrainingError("kl_coefficient is above 0, so a reference policy is needed: hand one in")
        self.policy = policy
        self.settings = settings
        self.reference = reference
        if reference is not None:
            reference.model.eval()
        self.optimizer = torch.optim.AdamW(
            policy.trainable_parameters(), lr=settings.learning_rate, weight_decay=0.0, betas=(0.9, 0.99)
        )
        self.shuffle = np.random.default_rng(seed)

    def update(self, scored: Sequence[Scored], rate_share: float = 1.0) -> UpdateMetrics | None:
        """Learn from a batch, at `rate_share` (0 to 1) of the learning rate. Answers with advantage 0 change nothing
        and are left out, and so are empty ones. None if none is left. Raises TrainingError for answers with faulty
        log-probabilities and for a gradient that is not finite."""
        useful = [item for item in scored if item.advantage != 0.0 and item.sample.tokens]
        if not useful:
            return None
        _check_log_probabilities(useful)
        for group in self.optimizer.param_groups:
            group["lr"] = rate_share * self.settings.learning_rate
        numbers: list[tuple[float, float, float, float, float]] = []
        self.policy.model.eval()  # no dropout, as when they were drawn: the ratio must be 1 before the first step
        for _ in range(self.settings.epochs):
            order = self._order([item.sample.prompt_tokens for item in useful])
            for rows in np.array_split(order, math.ceil(len(useful) / self.settings.minibatch_samples)):
                numbers.append(self._step([useful[row] for row in rows]))
        loss, entropy, kl, clipped, norm = np.mean(numbers, axis=0).tolist()
        return UpdateMetrics(len(useful), loss, entropy, kl, clipped, norm)

    def _order(self, prompts: Sequence[tuple[int, ...]]) -> list[int]:
        """A random order of the answers in which those to one prompt stand together: a minibatch reads it once."""
        together: dict[tuple[int, ...], list[int]] = {}
        for row, prompt in enumerate(prompts):
            together.setdefault(prompt, []).append(row)
        groups = list(together.values())
        return [row for group in self.shuffle.permutation(len(groups)) for row in groups[group]]

    def _step(self, items: Sequence[Scored]) -> tuple[float, float, float, float, float]:
        settings, samples = self.settings, [item.sample for item in items]
        new, entropies, mask = self.policy.token_log_probabilities(samples)
        tokens = mask.sum()
        old = torch.zeros_like(new)
        for row, sample in enumerate(samples):
            old[row, : len(sample.tokens)] = torch.tensor(sample.log_probabilities, device=new.device)
        advantages = torch.tensor([item.advantage for item in items], device=new.device, dtype=new.dtype)[:, None]
        log_ratio = (new - old) * mask
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1 - settings.clip_low, 1 + settings.clip_high)
        loss = -(torch.minimum(ratio * advantages, clipped * advantages) * mask).sum() / tokens
        entropy = (entropies * mask).sum() / tokens
        loss = loss - settings.entropy_coefficient * entropy
        if self.reference is not None and settings.kl_coefficient > 0:
            with torch.no_grad():
                reference, _, _ = self.reference.token_log_probabilities(samples)
            self.policy.select()
            difference = (reference - new) * mask
            loss = loss + settings.kl_coefficient * ((difference.exp() - difference - 1) * mask).sum() / tokens
        self.optimizer.zero_grad()
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.policy.trainable_parameters(), settings.max_gradient_norm))
        if not math.isfinite(norm):
            raise TrainingError(
                f"the gradient is {norm} at loss {loss.item()}: lower the learning rate "
                f"({settings.learning_rate}) and go on from the last checkpoint"
            )
        self.optimizer.step()
        with torch.no_grad():
            approx_kl = ((ratio - 1 - log_ratio) * mask).sum() / tokens
            clip_fraction = (((ratio < 1 - settings.clip_low) | (ratio > 1 + settings.clip_high)) * mask).sum() / tokens
        return loss.item(), entropy.item(), approx_kl.item(), clip_fraction.item(), norm


def _check_log_probabilities(items: Sequence[Scored]) -> None:
    """The denominators of the ratios: a faulty one must not be blamed on the learning rate."""
    for item in items:
        logs, tokens = item.sample.log_probabilities, len(item.sample.tokens)
        if len(logs) != tokens or any(log_probability_of(log) is None for log in logs):
            raise TrainingError(
                f"an answer of {tokens} tokens came with the log-probabilities {list(logs)[:8]}: one number, not above "
                "0, belongs to each token; the sampler of the answers is at fault"
            )
