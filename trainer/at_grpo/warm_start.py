"""The supervised stage before reinforcement learning: a model learns the form of answers, not the skill.

Every example comes from `TextWorld.practice`. In the first half of the stage a role that reads a tool's output repeats
it, good or bad, to learn how to repeat; in the second half it does so in every other example and else answers at
random. AT-GRPO then teaches which tool is honest and that trusting it pays.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from agents.llm.small_model import ModelShape
from agents.text.small_policy import make_small_policy
from agents.text.team import Team
from agents.text.text_policy import Sample, TextPolicy
from core.worlds.base import Practice, TextWorld

BATCH = 32
LEARNING_RATE = 3e-3
"""Of a new small model, whose weights are random."""
ADAPTER_LEARNING_RATE, WHOLE_LEARNING_RATE = 5e-4, 2e-5
"""Of a model that can write already: of an adapter, and of all its weights."""
RISE_STEPS = 30
"""Batches over which the learning rate rises from 0."""
PRACTICE_SEEDS = range(3_000_000, 3_001_000)
"""Seeds of the examples' problems; training and evaluation use others."""
_TOKENIZER_EXAMPLES = 600


@dataclass(frozen=True, slots=True)
class WarmStart:
    """How long and how fast the stage goes."""

    steps: int
    """Batches."""
    learning_rate: float
    """The highest; it rises at first and falls towards the end."""
    batch: int = BATCH
    """Examples."""


def make_warm_policy(
    world: TextWorld[Any], shape: ModelShape, steps: int, seed: int, say: Callable[[str], None], batch: int = BATCH
) -> TextPolicy:
    """A small model with a tokenizer for this world, after `steps` batches of practice of `batch` examples."""
    rng = random.Random(seed)
    texts = [_example(world, world.roles, rng, 0.5) for _ in range(_TOKENIZER_EXAMPLES)]
    policy = make_small_policy((text for example in texts for text in (example.prompt, example.answer)), shape, seed)
    warm_start(policy, world, world.roles, WarmStart(steps, LEARNING_RATE, batch), seed, say)
    return policy


def warm_team(team: Team, world: TextWorld[Any], shape: WarmStart, seed: int, say: Callable[[str], None]) -> None:
    """Each policy of the team learns the form of the roles that it plays."""
    for name, policy in team.policies.items():
        say(f"format stage of {name}: {shape.steps} batches of {shape.batch}")
        warm_start(policy, world, team.roles_of(name), shape, seed, say)


def warm_start(
    policy: TextPolicy,
    world: TextWorld[Any],
    roles: Sequence[str],
    shape: WarmStart,
    seed: int,
    say: Callable[[str], None],
) -> None:
    """Cross-entropy on the answers of fresh examples of these roles; repeatable for the same seed."""
    steps = shape.steps
    rng = random.Random(f"warm start {seed}")
    weights = policy.trainable_parameters()
    optimizer = torch.optim.AdamW(weights, lr=shape.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    policy.select()
    policy.model.train()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = shape.learning_rate * min(1.0, step / RISE_STEPS, 0.1 + 2.0 * (1 - step / (steps + 1)))
        repeat_share = 1.0 if 2 * step <= steps else 0.5
        samples = [_taught(policy, _example(world, roles, rng, repeat_share)) for _ in range(shape.batch)]
        log_probabilities, _, mask = policy.token_log_probabilities(samples)
        loss = -(log_probabilities * mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        if step % 50 == 0 or step == steps:
            say(f"format stage: batch {step} of {steps}, loss {loss.item():.3f}")


def _example(world: TextWorld[Any], roles: Sequence[str], rng: random.Random, repeat_share: float) -> Practice:
    """Every role equally often."""
    seed, role = rng.choice(PRACTICE_SEEDS), rng.choice(roles)
    example = world.practice(seed, role, rng, repeat_share)
    return Practice(world.spelled_out(role, example.prompt), example.answer)


def _taught(policy: TextPolicy, example: Practice) -> Sample:
    return Sample(example.answer, policy.encode(example.prompt), policy.answer_tokens(example.answer), (), 1.0)
