"""The supervised stage before reinforcement learning: a new small model learns the format of answers, not the skill.

Every example comes from `TextWorld.practice`. In the first half of the stage a role that reads a tool's output repeats
it, good or bad, to learn how to repeat; in the second half it does so in every other example and else answers at
random. AT-GRPO then teaches which tool is honest and that trusting it pays.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch

from agents.llm.small_model import ModelShape
from agents.text.small_policy import make_small_policy
from agents.text.text_policy import Sample, TextPolicy
from core.worlds.base import Practice, TextWorld

BATCH = 32
LEARNING_RATE = 3e-3
RISE_STEPS = 30
"""Batches over which the learning rate rises from 0."""
PRACTICE_SEEDS = range(3_000_000, 3_001_000)
"""Seeds of the examples' problems; training and evaluation use others."""
_TOKENIZER_EXAMPLES = 600


def make_warm_policy(
    world: TextWorld[Any], shape: ModelShape, steps: int, seed: int, say: Callable[[str], None]
) -> TextPolicy:
    """A small model with a tokenizer for this world, after `steps` batches of practice."""
    rng = random.Random(seed)
    texts = [_example(world, rng, 0.5) for _ in range(_TOKENIZER_EXAMPLES)]
    policy = make_small_policy((text for example in texts for text in (example.prompt, example.answer)), shape, seed)
    warm_start(policy, world, steps, seed, say)
    return policy


def warm_start(policy: TextPolicy, world: TextWorld[Any], steps: int, seed: int, say: Callable[[str], None]) -> None:
    """Cross-entropy on the answers of `steps` batches of fresh examples; repeatable for the same seed."""
    rng = random.Random(f"warm start {seed}")
    optimizer = torch.optim.AdamW(policy.trainable_parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    policy.model.train()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, step / RISE_STEPS, 0.1 + 2.0 * (1 - step / (steps + 1)))
        repeat_share = 1.0 if 2 * step <= steps else 0.5
        samples = [_taught(policy, _example(world, rng, repeat_share)) for _ in range(BATCH)]
        log_probabilities, _, mask = policy.token_log_probabilities(samples)
        loss = -(log_probabilities * mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.trainable_parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0 or step == steps:
            say(f"format stage: batch {step} of {steps}, loss {loss.item():.3f}")


def _example(world: TextWorld[Any], rng: random.Random, repeat_share: float) -> Practice:
    """Every role equally often."""
    return world.practice(rng.choice(PRACTICE_SEEDS), rng.choice(world.roles), rng, repeat_share)


def _taught(policy: TextPolicy, example: Practice) -> Sample:
    return Sample(example.answer, policy.encode(example.prompt), policy.answer_tokens(example.answer), (), 1.0)
