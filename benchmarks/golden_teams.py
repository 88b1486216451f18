"""The golden runs of many models: on the cartridge, in the arenas, and teams of roles that learn by AT-GRPO."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

from benchmarks.golden_digests import hashed, record_digest, weights_digest, without_clock

ROOT = Path(__file__).resolve().parent.parent

Digest = dict[str, Any]

GROUND_RUNS: dict[str, Digest] = {
    "cooperative": {
        "config": {"model_types": ["rules", "small"], "weight_update_strategy": "federated", "max_episodes": 3},
        "changes": {},
    },
    "competitive": {
        "config": {"model_types": ["rules"], "weight_update_strategy": "synchronized", "max_episodes": 2},
        "changes": {"agent_mode": "adaptive", "initial_strategy": "rule_heavy"},
    },
    "hierarchical": {
        "config": {"model_types": ["rules"], "weight_update_strategy": "selective", "max_episodes": 3},
        "changes": {
            "workers": 1,
            "go_explore": {
                "folder": "go_explore",
                "max_states": 40,
                "first_share": 0.5,
                "last_share": 0.9,
                "episodes": 6,
            },
        },
    },
}
"""By training mode: settings of three agents on the cartridge, and changes of the project's config."""

ARENAS: dict[str, Digest] = {
    "coop_compete": {"mode": "mixed", "strategy": "synchronized", "models": 3},
    "team_battle": {"mode": "cooperative", "strategy": "federated", "models": 8},
    "staged": {"mode": "competitive", "strategy": "asynchronous", "models": 4},
    "maze": {"mode": "hierarchical", "strategy": "selective", "models": 2},
    "social": {"mode": "mixed", "strategy": "federated", "models": 4},
}

NO_TOOL = {"size": 10, "max_rounds": 1, "with_tool": False}

TEAM_RUNS: dict[str, tuple[str, Digest]] = {
    "plan_path_single": ("stateful.plan_path_single_policy", {"specialisation": "single", "world_options": NO_TOOL}),
    "plan_path_shared": ("stateful.plan_path_single_policy", {"kl_coefficient": 0.05}),
    "plan_path_lora": (
        "stateful.plan_path_two_policy",
        {"specialisation": "lora", "frozen_roles": ["tool"], "dynamic_sampling": 1},
    ),
    "plan_path_full": (
        "stateful.plan_path_two_policy",
        {"epochs": 2, "role_sampling": {"tool": {"temperature": 1.3}}},
    ),
    "frozen_lake_lora": (
        "stateful.plan_path_two_policy",
        {"world": "frozen_lake", "world_options": {"max_rounds": 1}, "specialisation": "lora"},
    ),
    "sokoban_full": ("stateful.sokoban_two_policy", {}),
    "sudoku_shared": ("stateful.sudoku_two_policy", {"specialisation": "shared"}),
    "math_full": ("math.two_policy", {}),
    "crystal_lora": ("stateful.crystal_two_policy", {"specialisation": "lora"}),
    "code_shared": ("code.single_policy", {}),
}
"""Every level and every world: the ready configuration, and what differs from it besides `SMALL_TEAM`."""

SMALL_TEAM: Digest = {
    "small_width": 48,
    "small_layers": 1,
    "warm_start_steps": 60,
    "batch_size": 3,
    "candidates": 4,
    "eval_episodes": 4,
}


def play_on_cartridge(folder: Path, run: Digest) -> Digest:
    """Three agents in emulators: rewards, weights and decision records."""
    from core_srl import create_cartridge_training_env

    changes = dict(run["changes"])
    if "go_explore" in changes:
        changes["go_explore"] = {**changes["go_explore"], "folder": str(folder / "archive")}
    mode = next(name for name, one in GROUND_RUNS.items() if one is run)
    config = {"num_models": 3, "training_mode": mode, "episode_length": 256, "seed": 5, **run["config"]}
    environment = create_cartridge_training_env(str(ROOT / "config.json"), log_level="WARNING", **changes)
    found = play_models(folder, config, environment)
    return {**found, "records": {path.name: record_digest(path) for path in sorted(folder.glob("decisions*.db"))}}


def play_arena(folder: Path, name: str) -> Digest:
    """Small language models in an arena: rewards and weights."""
    import core_srl

    run = ARENAS[name]
    environment = {
        "coop_compete": lambda: core_srl.create_multi_model_coop_compete_env(run["models"], 0.7),
        "team_battle": lambda: core_srl.create_multi_model_team_battle(warmup_episodes=1),
        "staged": lambda: core_srl.create_multi_model_staged_env(run["models"], warmup_episodes=1),
        "maze": lambda: core_srl.create_maze_training_env("simple", run["models"]),
        "social": lambda: core_srl.create_social_training_env("trading", run["models"]),
    }[name]()
    config = {
        "num_models": run["models"],
        "model_types": ["small"],
        "training_mode": run["mode"],
        "weight_update_strategy": run["strategy"],
        "update_frequency": 1,
        "episode_length": 16,
        "max_episodes": 3,
        "seed": 3,
    }
    return play_models(folder, config, environment)


def play_models(folder: Path, config: Digest, environment: Any) -> Digest:
    """A multi-model training: what each episode came to, what the models say of themselves, and their weights."""
    from core_srl import MultiModelConfig, MultiModelTrainer

    settings = MultiModelConfig.from_dict({**config, "checkpoint_dir": str(folder), "enable_verl": False})
    settings.enable_areal = False
    trainer = MultiModelTrainer(settings)
    trainer.environment = environment

    async def play() -> list[Digest]:
        try:
            return [await trainer.train_multi_model_episode(number + 1) for number in range(settings.max_episodes)]
        finally:
            await trainer.shutdown()

    episodes = asyncio.run(play())
    (final,) = folder.glob("final_multimodel_ep_*")
    return {
        "episodes": without_clock(episodes),
        "models": without_clock(trainer.get_model_performance_summary()),
        "weights": weights_digest(final),
    }


def play_at_grpo(folder: Path) -> Digest:
    """One iteration of a team at each level and in each world."""
    return {name: play_team(folder / name, name) for name in TEAM_RUNS}


def play_team(folder: Path, name: str) -> Digest:
    """One iteration: what every candidate said and was worth, the metrics, and the weights of all that learned."""
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    ready, changes = TEAM_RUNS[name]
    config = importlib.import_module(f"pettingllms.config.{ready}").get_config() | SMALL_TEAM | changes
    summary = train(config=config, num_iterations=1, checkpoint_dir=str(folder))
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return {
        "metrics": without_clock(lines),
        "success": summary.evaluation_success,
        "candidates": summary.candidates,
        "dialogue": hashed(sorted((folder / "dialogue.jsonl").read_text(encoding="utf-8").splitlines())),
        "weights": weights_digest(Path(summary.model_path)),
        "optimizer": weights_digest(next(folder.glob("resume_*"))),
        "evaluation": without_clock(evaluate(model_path=summary.model_path, num_episodes=4)),
    }
