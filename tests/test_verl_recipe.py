"""The verl recipe as far as it goes without GPUs: rows that play to their prompts, rewards as in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from agents.text.small_policy import small_shape
from agents.text.team import Specialisation, build_team, save_base, save_team
from agents.text.text_policy import Sampling, load_policy
from core.exceptions import ConfigurationError, TrainingError
from core.worlds.builtin.sudoku import Sudoku
from trainer.at_grpo import verl_recipe
from trainer.at_grpo.algorithm import TreeSettings, grow_tree
from trainer.at_grpo.group_rows import rows_of
from trainer.at_grpo.presets import get_preset
from trainer.at_grpo.run_files import plain_settings
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.verl_tree_recipe import dry_run_tree, prepare_tree
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.commands.builtin import team as team_commands


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verl")
    base = make_warm_policy(Sudoku(), small_shape(width=32, layers=1), 30, 0, lambda _: None)
    save_base(base, folder / "base")
    settings = settings_of({**get_preset("sudoku_two_policy"), "world_options": {"max_rounds": 2}, "candidates": 4})
    team = build_team(base, Sudoku().roles, Specialisation.FULL)
    save_team(team, folder / "model_1", {"settings": plain_settings(settings)}, folder / "base")
    return folder / "model_1"


def test_scores_are_those_of_the_tree(model: Path) -> None:
    world = Sudoku(max_rounds=2)
    settings = settings_of({**get_preset("sudoku_two_policy"), "world_options": {"max_rounds": 2}, "alpha": 0.7})
    policies, _ = verl_recipe.load_team(model)
    tree = grow_tree(
        world,
        range(4),
        policies.by_role,
        TreeSettings(4, 0.7, sampling=dict.fromkeys(world.roles, Sampling(1.0, 24))),
        torch.Generator().manual_seed(0),
    )
    rows = [verl_recipe.verl_row(row) for row in rows_of(world, settings, tree.groups)]
    assert len(rows) == len(tree.groups) > 8
    assert {row["extra_info"]["turn"] for row in rows} == {0, 1}
    for row, group in zip(rows, tree.groups, strict=True):
        scores = [
            verl_recipe.compute_score(row["data_source"], sample.text, "", row["extra_info"])
            for sample in group.samples
        ]
        assert scores == pytest.approx(group.rewards.tolist())
    with pytest.raises(TrainingError, match="without extra_info"):
        verl_recipe.compute_score("at_grpo/sudoku", "solve", "")


def value_of(recipe: verl_recipe.Recipe, key: str) -> str:
    return next(override.removeprefix(f"{key}=") for override in recipe.overrides if override.startswith(f"{key}="))


def rows_at(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


def validation_rows(recipe: verl_recipe.Recipe) -> list[dict[str, Any]]:
    return rows_at(Path(value_of(recipe, "data.val_files")))


def problems_of(recipe: verl_recipe.Recipe, files: str) -> set[int]:
    return {row["extra_info"]["seed"] for row in rows_at(Path(value_of(recipe, f"data.{files}")))}


def test_the_dry_run_checks_what_was_written(model: Path, tmp_path: Path) -> None:
    recipes = verl_recipe.prepare(model, tmp_path, problems=3)
    assert [recipe.policy for recipe in recipes] == ["tool", "solver"]
    for recipe in recipes:
        assert "play to their prompts" in verl_recipe.dry_run(recipe)[0]
        assert f"data.train_files={recipe.rows}" in recipe.overrides
        assert "+data.apply_chat_template_kwargs.enable_thinking=False" in recipe.overrides
        assert "algorithm.norm_adv_by_std_in_grpo=False" in recipe.overrides, "the run scales by the batch"
    assert not problems_of(recipes[0], "train_files") & problems_of(recipes[0], "val_files")
    length = int(value_of(recipes[0], "data.max_prompt_length"))
    policies, _ = verl_recipe.load_team(model)
    shown = [row["prompt"][0]["content"] for row in (*rows_at(recipes[0].rows), *validation_rows(recipes[0]))]
    longest = max(len(policies.policies["tool"].encode(prompt)) for prompt in shown)
    assert length == 2 * longest > 0
    assert (tmp_path / "commands.txt").read_text().count("verl.trainer.main_ppo") == 2
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(recipes[0].rows).to_pylist()
    assert rows[0]["prompt"][0]["role"] == "user" and json.loads(rows[0]["extra_info"]["answers"]) == []
    rows[0]["extra_info"]["seed"] += 1
    verl_recipe.write_rows(recipes[0].rows, rows)
    with pytest.raises(TrainingError, match="does not play to its own prompt"):
        verl_recipe.dry_run(recipes[0])


def test_a_tree_in_verls_rollouts_has_problems_as_rows(model: Path, tmp_path: Path) -> None:
    base = load_policy(str(model / "tool"))
    config = {**get_preset("sudoku_single_policy"), "world_options": {"max_rounds": 2}, "advantage_scaling": "batch"}
    shared = build_team(base, Sudoku().roles, Specialisation.SHARED)
    save_team(shared, tmp_path / "shared", {"settings": plain_settings(settings_of(config))})
    recipe = prepare_tree(tmp_path / "shared", tmp_path / "out", problems=3)
    rows = rows_at(recipe.rows)
    assert [row["extra_info"]["seed"] for row in rows] == [1000, 1001, 1002]
    assert {row["agent_name"] for row in rows} == {"at_grpo_tree"}
    assert {row["extra_info"]["candidates"] for row in validation_rows(recipe)} == {1}
    assert value_of(recipe, "actor_rollout_ref.rollout.n") == "1"
    assert value_of(recipe, "algorithm.adv_estimator") == "at_grpo_batch"
    assert not any("custom_reward" in override for override in recipe.overrides), "the loop scores its answers itself"
    lines = dry_run_tree(recipe)
    assert "3 rows are the problems" in lines[0]
    assert verl_recipe.verl_folder() is None or "takes all" in lines[1]
    rows[0]["extra_info"]["seed"] += 1
    verl_recipe.write_rows(recipe.rows, rows)
    with pytest.raises(TrainingError, match="not the problem of its prompt"):
        dry_run_tree(recipe)
    shown = CliRunner().invoke(team_commands.app, ["verl", str(model), "--tree", "--out", str(tmp_path / "two")])
    assert isinstance(shown.exception, ConfigurationError) and "a team of tool, solver" in str(shown.exception)


@pytest.mark.skipif(verl_recipe.verl_folder() is not None, reason="verl is installed here")
def test_training_without_verl_is_refused_in_one_line(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"verl is not installed: pip install 'crystal-hybrid\[verl\]'"):
        verl_recipe.launch(verl_recipe.prepare(model, tmp_path, problems=1))
    shown = CliRunner().invoke(team_commands.app, ["verl", str(model), "--out", str(tmp_path), "--problems", "2"])
    assert shown.exit_code == 0 and "its configuration was not composed" in shown.output


@pytest.mark.skipif(verl_recipe.verl_folder() is None, reason="verl is not installed")
def test_verl_takes_the_overrides(model: Path, tmp_path: Path) -> None:
    for recipe in verl_recipe.prepare(model, tmp_path, problems=1):
        assert "takes all" in verl_recipe.dry_run(recipe)[1]
