"""The tree that another system's sampling grows: the groups, rewards and advantages of AT-GRPO itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.text_policy import Sample, Sampling
from core.exceptions import ConfigurationError
from core.worlds.base import TextWorld
from core.worlds.builtin.plan_path import PlanPath
from trainer.at_grpo.algorithm import TreeSettings, grow_tree, scored_samples
from trainer.at_grpo.asked_tree import TreeProblem, ask_tree, row_of
from trainer.at_grpo.settings import ATGRPOSettings, settings_of
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.grpo.advantages import Scaling

LENGTH = 16


def settings(**changes: object) -> ATGRPOSettings:
    wanted = {
        "world": "plan_path",
        "world_options": {"max_rounds": 2, "size": 5},
        "candidates": 4,
        "alpha": 0.7,
        "temperature": 1.0,
    }
    return settings_of({**wanted, "advantage_scaling": "group", **changes})


def test_it_is_the_tree_that_this_program_grows_itself() -> None:
    world: TextWorld[object] = settings().make_world()
    policy = make_warm_policy(PlanPath(5), small_shape(width=48, layers=1), 80, 0, lambda _: None)
    sampling = Sampling(1.0, LENGTH)
    own = grow_tree(
        world,
        [5],
        dict.fromkeys(world.roles, policy),
        TreeSettings(4, 0.7, Scaling.GROUP, dict.fromkeys(world.roles, sampling)),
        torch.Generator().manual_seed(3),
    )
    generator = torch.Generator().manual_seed(3)

    async def ask(role: str, prompt: str, count: int) -> Sequence[Sample]:
        return policy.sample([prompt] * count, sampling, generator)

    row = json.loads(json.dumps(row_of(settings(), 5)))
    assert row["prompt"] == own.groups[0].prompt
    groups = asyncio.run(ask_tree(TreeProblem.of_row(row), ask, lambda sample: sample.text))
    assert [group.key for group in groups] == [f"5|{group.role}|{group.turn}" for group in own.groups]
    assert len(groups) > len(world.roles), "it goes on after the first round"
    for mine, theirs in zip(groups, own.groups, strict=True):
        assert [answer.text for answer in mine.answers] == [sample.text for sample in theirs.samples]
        assert mine.rewards == pytest.approx(theirs.rewards.tolist()) and mine.best == theirs.best
        advantages = [item.advantage for item in scored_samples([theirs], [theirs.role], Scaling.GROUP)]
        assert mine.advantages == pytest.approx(advantages)
    assert any(any(group.advantages) for group in groups)
    assert groups[-1].success == own.solved[0]


def test_a_row_of_another_form_or_with_code_of_ones_own_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no 'settings'.*row_of"):
        TreeProblem.of_row({"seed": 1})
    row = row_of(settings(), 5, candidates=1)
    assert TreeProblem.of_row(row).candidates == 1
    with pytest.raises(ConfigurationError, match="a world of your own"):
        TreeProblem.of_row(row | {"settings": row["settings"].replace('"plan_path"', '"package.module:World"')})
