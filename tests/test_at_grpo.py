"""AT-GRPO: what its groups are, what advances the tree, and that weights learn what pays."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.text.text_policy import Sampling, TextPolicy
from core.worlds.base import Practice, TextWorld, Turn
from core.worlds.builtin.plan_path import PlanPath
from tests.tiny_models import make_model
from trainer.at_grpo.algorithm import Tree, TreeSettings, grow_informative_tree, grow_tree, scored_samples, success_rate
from trainer.grpo.advantages import Scaling, group_advantages, has_spread, zero_variance_share
from trainer.grpo.learner import GRPOLearner, GRPOSettings


@dataclass(frozen=True, slots=True)
class Said:
    """The answers so far; a state of `Lengths`."""

    seed: int
    answers: tuple[str, ...] = ()


class Lengths(TextWorld[Said]):
    """Two roles; an answer is worth its length, up to 20 characters. Small enough to check a tree by hand."""

    name = "lengths"
    roles = ("first", "second")
    max_rounds = 2

    def initial(self, seed: int) -> Said:
        return Said(seed)

    def prompt(self, state: Said, role: str) -> str:
        return f"{role} {state.seed} {len(state.answers)} {sum(map(len, state.answers))}"

    def play(self, state: Said, role: str, answer: str) -> Turn[Said]:
        after = Said(state.seed, (*state.answers, answer))
        worth = min(20, len(answer)) / 80
        return Turn(after, worth, worth, len(after.answers) == 4, len(after.answers) == 4)

    def gold(self, state: Said, role: str) -> str:
        return "x" * 20

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        return Practice(self.prompt(self.initial(seed), role), "x" * rng.randint(1, 20))


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> TextPolicy:
    return load(make_model(tmp_path_factory.mktemp("model"), "qwen3"))


def load(folder: Path) -> TextPolicy:
    return TextPolicy(AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))


def grown(policy: TextPolicy, seed: int = 0) -> Tree:
    world = Lengths()
    settings = TreeSettings(candidates=4, sampling=dict.fromkeys(world.roles, Sampling(1.0, max_new_tokens=8)))
    return grow_tree(
        world, [1, 2, 3], dict.fromkeys(world.roles, policy), settings, torch.Generator().manual_seed(seed)
    )


def test_every_group_holds_one_prompt_and_all_candidates(policy: TextPolicy) -> None:
    tree = grown(policy)
    assert len(tree.groups) == 3 * 2 * 2
    assert len({(group.seed, group.role, group.turn) for group in tree.groups}) == len(tree.groups)
    for group in tree.groups:
        assert len(group.samples) == 4
        assert len({sample.prompt_tokens for sample in group.samples}) == 1


def test_the_second_role_learns_too_and_the_state_advances_by_the_best_candidate(policy: TextPolicy) -> None:
    tree = grown(policy)
    for role in ("first", "second"):
        scored = scored_samples(tree.groups, [role], Scaling.GROUP)
        assert np.std([item.advantage for item in scored]) > 0.5, f"{role} has no spread of advantages"
    for seed in (1, 2, 3):
        groups = [group for group in tree.groups if group.seed == seed]
        said = 0
        for number, group in enumerate(groups):
            assert group.prompt == f"{group.role} {seed} {number} {said}", "the prompt must show the advanced state"
            assert group.best == int(np.argmax(group.rewards))
            said += len(group.samples[group.best].text)


def test_same_seed_same_tree(policy: TextPolicy) -> None:
    assert [g.samples for g in grown(policy, 5).groups] == [g.samples for g in grown(policy, 5).groups]
    assert [g.samples for g in grown(policy, 5).groups] != [g.samples for g in grown(policy, 6).groups]


def test_dynamic_sampling_stops_as_soon_as_every_role_has_enough(policy: TextPolicy) -> None:
    world = Lengths()
    settings = TreeSettings(candidates=4, sampling=dict.fromkeys(world.roles, Sampling(1.0, max_new_tokens=8)))

    def grow(wanted: int) -> Tree:
        generator = torch.Generator().manual_seed(0)
        batches = [[1, 2], [3, 4], [5, 6], [7, 8]]
        policies = dict.fromkeys(world.roles, policy)

        def batch(seeds: Sequence[int]) -> Tree:
            return grow_tree(world, seeds, policies, settings, generator)

        return grow_informative_tree(batch, batches, dict.fromkeys(world.roles, wanted))

    assert {group.seed for group in grow(1).groups} == {1, 2}
    assert {group.seed for group in grow(7).groups} == {1, 2, 3, 4}
    assert {group.seed for group in grow(999).groups} == set(range(1, 9)), "it ends when the batches are used up"
    telling = [group for group in grow(7).groups if has_spread(group.rewards)]
    assert all(sum(group.role == role for group in telling) >= 7 for role in world.roles)


def test_advantages_are_within_the_group_only() -> None:
    groups = [np.array([0.0, 1.0]), np.array([10.0, 10.0]), np.array([100.0, 102.0])]
    rows = group_advantages(groups, Scaling.GROUP)
    assert np.allclose(rows[0], [-1, 1]) and np.allclose(rows[2], [-1, 1])
    assert not rows[1].any()
    assert zero_variance_share(groups) == pytest.approx(1 / 3)
    by_batch = group_advantages(groups, Scaling.BATCH)
    assert by_batch[2][1] == pytest.approx(2 * by_batch[0][1])


def test_probabilities_at_sampling_and_at_learning_agree(policy: TextPolicy) -> None:
    samples = policy.sample(
        ["one", "a longer prompt than that"] * 4, Sampling(1.3, 12), torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        logs, _, mask = policy.token_log_probabilities(samples)
    for row, sample in enumerate(samples):
        assert int(mask[row].sum()) == len(sample.tokens)
        assert np.allclose(logs[row, : len(sample.tokens)].numpy(), sample.log_probabilities, atol=1e-4)


def test_weights_learn_the_answer_that_pays(tmp_path: Path) -> None:
    """A real model on real gradients: after a few updates, answers are longer, because length is what pays."""
    policy, world = load(make_model(tmp_path, "qwen3", seed=3)), Lengths()
    policies = dict.fromkeys(world.roles, policy)
    learner = GRPOLearner(policy, GRPOSettings(learning_rate=3e-3), seed=0)
    settings = TreeSettings(candidates=8, sampling=dict.fromkeys(world.roles, Sampling(1.0, max_new_tokens=6)))
    generator = torch.Generator().manual_seed(0)
    before = {name: value.clone() for name, value in policy.model.named_parameters()}
    worth = []
    for iteration in range(8):
        tree = grow_tree(world, range(iteration * 6, iteration * 6 + 6), policies, settings, generator)
        worth.append(float(np.mean([group.rewards.mean() for group in tree.groups])))
        metrics = learner.update(scored_samples(tree.groups, world.roles, Scaling.GROUP))
        assert metrics is not None and metrics.gradient_norm > 0
    assert np.mean(worth[-2:]) > 1.2 * np.mean(worth[:2]), worth
    assert any(not torch.equal(before[name], value) for name, value in policy.model.named_parameters())


def test_success_rate_counts_solved_problems(policy: TextPolicy) -> None:
    for world, expected in ((Lengths(), 1.0), (PlanPath(), 0.0)):
        policies = dict.fromkeys(world.roles, policy)
        assert success_rate(world, [1, 2], policies, dict.fromkeys(world.roles, 4)) == expected
