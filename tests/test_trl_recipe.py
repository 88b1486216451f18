"""A team learns with TRL's own trainer, from rewards that our worlds pay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.team import Specialisation, build_team, load_team, save_base, save_team
from core.exceptions import CheckpointError
from core.worlds.builtin.math import Math
from trainer.at_grpo.evaluate import evaluate
from trainer.at_grpo.group_rows import GroupRow, grown_rows
from trainer.at_grpo.run_files import plain_settings
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trl_recipe import TEAM, reward, train_with_trl, trl_row
from trainer.at_grpo.warm_start import make_warm_policy

pytest.importorskip("trl")
SETTINGS = {"world": "math", "world_options": {"largest": 4}, "candidates": 8, "minibatch_samples": 64}


def saved_team(folder: Path, level: Specialisation) -> Path:
    base = make_warm_policy(Math(largest=4), small_shape(width=32, layers=1), 80, 0, lambda _: None)
    save_base(base, folder / "base")
    team = build_team(base, Math().roles, level)
    settings = settings_of({**SETTINGS, "specialisation": level.value, "max_new_tokens": 8, "learning_rate": 5e-3})
    save_team(team, folder / "model_1", {"settings": plain_settings(settings)}, folder / "base")
    return folder / "model_1"


def test_trl_teaches_a_team(tmp_path: Path) -> None:
    model = saved_team(tmp_path, Specialisation.SHARED)
    said: list[str] = []
    (policy,) = train_with_trl(model, tmp_path / "out", problems=48, steps=40, say=said.append)
    assert policy.rows == 48 * 2, "a row for each role's turn"
    assert len(policy.losses) == 40 and all(norm > 0 for norm in policy.gradient_norms[:5])
    first, last = sum(policy.rewards[:5]) / 5, sum(policy.rewards[-5:]) / 5
    assert last > first + 0.1, policy.rewards
    assert said[0] == "shared: 96 rows" and said[-1].startswith("step 40 of 40: mean reward ")
    before, _ = load_team(model)
    after, notes = load_team(tmp_path / "out" / TEAM)
    assert notes["trained_with"] == "trl"
    assert any(not torch.equal(tensor, after.tensors()[key]) for key, tensor in before.tensors().items())
    assert evaluate(tmp_path / "out" / TEAM, num_episodes=20)["num_episodes"] == 20


def test_rewards_are_those_of_the_tree(tmp_path: Path) -> None:
    team, _ = load_team(saved_team(tmp_path, Specialisation.SHARED))
    settings = settings_of({**SETTINGS, "alpha": 0.5})
    world = settings.make_world()
    rows: list[GroupRow] = grown_rows(world, team, settings, range(3))
    for row in rows:
        shown = trl_row(row)
        gold = world.gold(world.initial(row.state["seed"]), row.role)
        good, bad = reward([[{"role": "assistant", "content": gold}], "no number"], [shown["state"]] * 2)
        assert good is not None and bad is not None and good > bad == pytest.approx(-0.1)
        assert json.loads(shown["state"])["role"] == row.role


def test_a_team_of_adapters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="team of adapters"):
        train_with_trl(saved_team(tmp_path, Specialisation.LORA), tmp_path / "out", problems=1, steps=1)
