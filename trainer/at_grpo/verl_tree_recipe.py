"""A recipe for verl in which verl's own rollouts grow the trees (`verl_agent_loop.py`), for a team of one shared model.

    crystal-agent team verl runs/plan_path/model_20 --tree --out runs/verl

A row is a problem. Trees are grown anew in every step with the weights of that step, so nothing has to be merged and
grown again between rounds, as with the rows of `verl_recipe.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.text.team import load_team
from core.exceptions import ConfigurationError, TrainingError
from core.extras import needs_extra
from core.worlds.base import FIRST_TRAINING_SEED, FIRST_VALIDATION_SEED
from trainer.at_grpo.asked_tree import TreeProblem, row_of
from trainer.at_grpo.settings import ATGRPOSettings, settings_saved
from trainer.at_grpo.verl_recipe import DataFiles, Recipe, compose, overrides_of, verl_folder, write_rows
from trainer.grpo.advantages import Scaling

AGENT_NAME = "at_grpo_tree"
"""Of the agent loop: the column `agent_name` of a row."""
ESTIMATOR, BATCH_ESTIMATOR = "at_grpo", "at_grpo_batch"
"""Of the advantage, `algorithm.adv_estimator`: as the tree compared, and divided by the deviation of the batch."""
MODULE = "trainer.at_grpo.verl_agent_loop"
"""What verl imports to know both."""
ADDED = "+ray_kwargs.ray_init.runtime_env.env_vars.VERL_USE_EXTERNAL_MODULES"


def prepare_tree(model_path: Path, folder: Path, problems: int, gpus: int = 8) -> Recipe:
    """Write the problems and the command for a saved team of one model.

    Raises `ConfigurationError` for a team of several models or adapters (verl trains one, which plays all roles here)
    and where pyarrow is missing; `CheckpointError` when `model_path` is no team.
    """
    team, notes = load_team(model_path)
    if len(team.policies) > 1:
        raise ConfigurationError(
            f"{model_path} is a team of {', '.join(team.policies)}; verl trains one model, so a tree in its rollouts "
            "needs a team of the level single_agent or single_policy. Without --tree each policy gets rows of its own"
        )
    settings = settings_saved(notes, model_path)
    name, policy = next(iter(team.policies.items()))
    folder.mkdir(parents=True, exist_ok=True)
    files = DataFiles(folder / f"{name}-tree.parquet", folder / f"{name}-tree-validation.parquet")
    training = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + problems)
    held_out = range(FIRST_VALIDATION_SEED, FIRST_VALIDATION_SEED + max(1, problems // 10))
    rows = [tree_row(settings, seed) for seed in training]
    validation = [tree_row(settings, seed, candidates=1) for seed in held_out]
    write_rows(files.training, rows)
    write_rows(files.validation, validation)
    longest = max(len(policy.encode(row["prompt"][0]["content"])) for row in (*rows, *validation))
    of_rows = overrides_of(settings, files, longest, model_path, name, folder / name, gpus)
    changed = {
        "algorithm.adv_estimator": BATCH_ESTIMATOR if settings.advantage_scaling is Scaling.BATCH else ESTIMATOR,
        "actor_rollout_ref.rollout.n": 1,
        "data.shuffle": False,  # a world may make its first problems easier
        ADDED: MODULE,
    }
    kept = [
        override for override in of_rows if override.split("=", 1)[0] not in changed and "reward.custom" not in override
    ]
    recipe = Recipe(name, files.training, (*kept, *(f"{key}={value}" for key, value in changed.items())))
    (folder / "commands.txt").write_text(" \\\n  ".join(recipe.command) + "\n", encoding="utf-8")
    return recipe


def tree_row(settings: ATGRPOSettings, seed: int, candidates: int | None = None) -> dict[str, Any]:
    """A problem under verl's names."""
    problem = row_of(settings, seed, candidates)
    return {
        "data_source": f"at_grpo/{settings.world}",
        "prompt": [{"role": "user", "content": problem.pop("prompt")}],
        "ability": "team",
        "agent_name": AGENT_NAME,
        "reward_model": {"style": "rule", "ground_truth": ""},
        "extra_info": {**problem, "index": seed},
    }


def dry_run_tree(recipe: Recipe) -> list[str]:
    """The checks that need no GPU, one line each. Raises `TrainingError` when one fails."""
    with needs_extra("verl's data sets are parquet files"):
        import pyarrow.parquet

    rows = pyarrow.parquet.read_table(recipe.rows).to_pylist()
    for row in rows:
        problem = TreeProblem.of_row(row["extra_info"])
        world = problem.world
        if world.question(world.initial(problem.seed), world.roles[0]) != row["prompt"][0]["content"]:
            raise TrainingError(f"{recipe.rows}: the row of seed {problem.seed} is not the problem of its prompt")
    lines = [f"{recipe.policy}: {len(rows)} rows are the problems of their prompts"]
    where = verl_folder()
    if where is None:
        return [*lines, f"{recipe.policy}: verl is not installed, so its configuration was not composed"]
    return [*lines, f"{recipe.policy}: verl's configuration takes all {compose(recipe, where)} overrides"]
