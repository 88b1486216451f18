"""A recipe for verl: AT-GRPO's groups as a data set, its rewards as a function, for models that need several GPUs.

verl's GRPO compares `rollout.n` answers to one row of a data set. So a row is one group: the prompt of one role at one
turn of one problem, with the answers that lead there. `compute_score` plays them and scores the new answer exactly as
in one process. verl does not advance the tree by the best candidate: rows come from trees that the team itself has
grown (`write_rows`). Grow new ones with the merged checkpoint after each round.

    crystal-agent team verl runs/plan_path/model_20 --out runs/verl     # data, overrides and a dry run
    crystal-agent team verl ... --launch     # on GPUs, with pip install 'crystal-hybrid[verl]'

The dry run reads the rows back, scores gold answers and, if verl is installed, composes its configuration. The recipe
was never run on GPUs.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents.text.team import ADAPTERS, BASE, Specialisation, load_team
from core.exceptions import ConfigurationError, TrainingError
from core.extras import needs_extra
from core.worlds.base import FIRST_TRAINING_SEED, FIRST_VALIDATION_SEED
from trainer.at_grpo.group_rows import GroupRow, grown_rows, score, world_and_state
from trainer.at_grpo.settings import ATGRPOSettings, settings_saved
from trainer.grpo.advantages import Scaling

CONFIG = "ppo_trainer"
"""The verl configuration that the overrides are for (verl 0.9)."""


@dataclass(frozen=True, slots=True)
class DataFiles:
    """The rows of one policy: those that it learns from, and those of other problems, which only judge it."""

    training: Path
    validation: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """The files of one policy, and the command that starts its training."""

    policy: str
    rows: Path
    overrides: tuple[str, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that trains this policy."""
        return (sys.executable, "-m", "verl.trainer.main_ppo", *self.overrides)


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: dict[str, Any] | None = None, **kwargs: Any
) -> float:
    """verl's reward function: alpha * team + local for an answer, from the state of its row."""
    if not extra_info:
        raise TrainingError(f"a row of {data_source} came without extra_info: the reward needs the state to play from")
    return score(extra_info, solution_str)


def prepare(model_path: Path, folder: Path, problems: int, gpus: int = 8) -> list[Recipe]:
    """Grow trees with a saved team, write a data set per policy, and give the commands for verl.

    Raises `ConfigurationError` where pyarrow is missing, and `CheckpointError` when `model_path` is no team.
    """
    team, notes = load_team(model_path)
    settings = settings_saved(notes, model_path)
    world = settings.make_world()
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + problems)
    held_out = range(FIRST_VALIDATION_SEED, FIRST_VALIDATION_SEED + max(1, problems // 10))
    rows = grown_rows(world, team, settings, seeds)
    validation = grown_rows(world, team, settings, held_out)
    recipes = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, policy in team.policies.items():
        files = DataFiles(folder / f"{name}.parquet", folder / f"{name}-validation.parquet")
        roles = team.roles_of(name)
        for path, of_all in ((files.training, rows), (files.validation, validation)):
            write_rows(path, [verl_row(row) for row in of_all if row.role in roles])
        prompts = [row.prompt for row in (*rows, *validation) if row.role in roles]
        longest = max(len(policy.encode(prompt)) for prompt in prompts)
        overrides = overrides_of(settings, files, longest, model_path, name, folder / name, gpus)
        recipes.append(Recipe(name, files.training, overrides))
    commands = "\n\n".join(" \\\n  ".join(recipe.command) for recipe in recipes)
    (folder / "commands.txt").write_text(commands + "\n", encoding="utf-8")
    return recipes


def verl_row(row: GroupRow) -> dict[str, Any]:
    """The row under verl's names."""
    return {
        "data_source": f"at_grpo/{row.state['world']}",
        "prompt": [{"role": "user", "content": row.prompt}],
        "ability": row.role,
        "reward_model": {"style": "rule", "ground_truth": ""},
        "extra_info": dict(row.state),
    }


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A parquet file as verl reads it."""
    with needs_extra("verl's data sets are parquet files"):
        import pyarrow
        import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


def overrides_of(
    settings: ATGRPOSettings,
    files: DataFiles,
    longest_prompt: int,
    model_path: Path,
    policy: str,
    checkpoints: Path,
    gpus: int,
) -> tuple[str, ...]:
    """The run's settings under verl's names; a role's adapter is trained further. `longest_prompt` is in tokens; verl
    would cut longer ones, so there is room for twice that in rows of later rounds."""
    with_adapters = settings.specialisation is Specialisation.LORA
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    values: dict[str, object] = {
        "algorithm.adv_estimator": "grpo",
        "algorithm.norm_adv_by_std_in_grpo": settings.advantage_scaling is Scaling.GROUP,
        "data.train_files": files.training,
        "data.val_files": files.validation,
        "data.train_batch_size": settings.batch_size,
        "data.max_prompt_length": 2 * longest_prompt,
        "data.max_response_length": settings.max_new_tokens,
        "+data.apply_chat_template_kwargs.enable_thinking": False,
        "data.shuffle": True,
        "actor_rollout_ref.model.path": model_path / (BASE if with_adapters else policy),
        "actor_rollout_ref.model.lora_rank": settings.lora_rank if with_adapters else 0,
        "actor_rollout_ref.model.lora_adapter_path": model_path / ADAPTERS / policy if with_adapters else "null",
        "actor_rollout_ref.model.lora_alpha": settings.lora_alpha,
        f"{actor}.optim.lr": settings.learning_rate,
        f"{actor}.optim.lr_warmup_steps": settings.warmup_iterations,
        f"{actor}.ppo_epochs": settings.epochs,
        f"{actor}.ppo_mini_batch_size": settings.batch_size,
        f"{actor}.ppo_micro_batch_size_per_gpu": 1,
        f"{actor}.clip_ratio_low": settings.clip_low,
        f"{actor}.clip_ratio_high": settings.clip_high,
        f"{actor}.entropy_coeff": settings.entropy_coefficient,
        f"{actor}.use_kl_loss": settings.kl_coefficient > 0,
        f"{actor}.kl_loss_coef": settings.kl_coefficient,
        f"{rollout}.name": "vllm",
        f"{rollout}.n": settings.candidates,
        f"{rollout}.temperature": settings.temperature,
        f"{rollout}.tensor_model_parallel_size": 1,
        f"{rollout}.log_prob_micro_batch_size_per_gpu": 1,
        "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": 1,
        "reward.custom_reward_function.path": Path(__file__).resolve(),
        "reward.custom_reward_function.name": compute_score.__name__,
        "trainer.n_gpus_per_node": gpus,
        "trainer.nnodes": 1,
        "trainer.total_epochs": 1,
        "trainer.default_local_dir": checkpoints,
        "trainer.project_name": "crystal-hybrid",
        "trainer.experiment_name": settings.world,
    }
    return tuple(f"{key}={value}" for key, value in values.items())


def dry_run(recipe: Recipe) -> list[str]:
    """The checks that need no GPU, one line each. Raises `TrainingError` when one fails."""
    with needs_extra("verl's data sets are parquet files"):
        import pyarrow.parquet

    rows = pyarrow.parquet.read_table(recipe.rows).to_pylist()
    for row in rows:
        info = row["extra_info"]
        world, state = world_and_state(info)
        if world.question(state, info["role"]) != row["prompt"][0]["content"]:
            raise TrainingError(f"{recipe.rows}: the row of seed {info['seed']} does not play to its own prompt")
        gold = compute_score(row["data_source"], world.gold(state, info["role"]), "", info)
        if gold < compute_score(row["data_source"], "?", "", info):
            raise TrainingError(f"{recipe.rows}: a gold answer of seed {info['seed']} is worth {gold:.3f}")
    lines = [f"{recipe.policy}: {len(rows)} rows play to their prompts, and gold answers are worth more than none"]
    where = verl_folder()
    if where is None:
        return [*lines, f"{recipe.policy}: verl is not installed, so its configuration was not composed"]
    keys = compose(recipe, where)
    return [*lines, f"{recipe.policy}: verl's configuration takes all {keys} overrides"]


def verl_folder() -> Path | None:
    """The folder of the installed verl, found without an import."""
    spec = importlib.util.find_spec("verl")
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def compose(recipe: Recipe, verl: Path) -> int:
    """Compose verl's configuration and the overrides with Hydra; an unknown key raises `ConfigurationError`."""
    from hydra import compose as hydra_compose  # type: ignore[import-not-found]  # comes with verl
    from hydra import initialize_config_dir  # type: ignore[import-not-found]
    from hydra.errors import HydraException  # type: ignore[import-not-found]

    try:
        with initialize_config_dir(str(verl / "trainer" / "config"), version_base=None):
            hydra_compose(CONFIG, overrides=list(recipe.overrides))
    except HydraException as error:
        raise ConfigurationError(f"this verl does not take our overrides: {error}; they are for verl 0.9") from error
    return len(recipe.overrides)


def launch(recipes: Sequence[Recipe]) -> None:
    """Train each policy with verl, one after the other; `ConfigurationError` when verl or a GPU is missing."""
    if verl_folder() is None:
        raise ConfigurationError(
            "verl is not installed: pip install 'crystal-hybrid[verl]' on the machine with the GPUs"
        )
    if not torch.cuda.is_available():
        raise ConfigurationError("verl trains on GPUs and this machine shows none; the dry run needs none")
    for recipe in recipes:
        subprocess.run(recipe.command, check=True)
