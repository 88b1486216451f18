"""AT-GRPO without an oracle: teams that have to find the answer, beside a single agent with as many samples.

`relay` is Plan-Path on 6 x 6 grids without a tool: two walkers take turns for two rounds, the second goes on where the
first stopped, and the single agent says the whole path at once. `crystal` is the cartridge without the path-finder:
the planner has to look for directions, and the navigator to walk.

    python -m benchmarks.at_grpo_skill --worlds relay crystal --seeds 0 1 2

All methods of a seed start from the same model after the same format stage, in which no path-finder takes part. Those
of one agent train until they have sampled as many answers as the team. `--without` leaves one ingredient of the relay
out. `model_path` and `model_sudoku` are the worlds with a tool, 5 x 5 and 4 x 4, for a pretrained model (a Transformers
folder); the format stage is the trainer's own, and its score is the first point of a run's curve.

    python -m tests.real_models convert SmolLM2-135M-Instruct.Q4_1.gguf models/smollm2
    python -m benchmarks.at_grpo_skill --worlds model_path model_sudoku --model models/smollm2 --seeds 0

Each cell (world, seed, method) is written when it is finished, to `runs/at_grpo_skill`; called again, the benchmark
goes on with what is missing, an interrupted run from its last resume point. A relay takes two to three minutes of one
core for a seed and method.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from agents.text.small_policy import small_shape
from agents.text.team import save_base
from agents.text.text_policy import load_policy
from benchmarks.at_grpo import read_metrics
from core.worlds.base import FIRST_TEST_SEED
from trainer.at_grpo.algorithm import success_rate
from trainer.at_grpo.evaluate import evaluate
from trainer.at_grpo.settings import SMALL, ATGRPOSettings, settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer, answer_lengths
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.evaluation.intervals import wilson_interval

FOLDER = Path("runs/at_grpo_skill")
PROBLEMS = 200
METHODS = ("before", "format_stage", "per_role", "single_agent", "shared", "single_in_turns")
"""In the order in which they are run: a single agent gets as many samples as `per_role` took. `single_in_turns` is one
agent with as many turns as the team and the same tree: what is left of the difference is roles."""
ALONE_METHODS = ("single_agent", "single_in_turns")
UNTRAINED = ("before", "format_stage")
KEPT = ("success_rate", "success_low", "success_high", "best_success_rate")
"""Of a cell's scores: those of the last model, and of the best one by validation problems."""
LEVEL = {"shared": "shared", "per_role": "full", "single_agent": "single", "single_in_turns": "single"}
ROLES_OF_A_TEAM = 2
RELAY: dict[str, Any] = {
    "world": "plan_path",
    "world_options": {
        "size": 6,
        "with_tool": False,
        "relay": True,
        "max_rounds": 2,
        "named_cells": True,
        "sight": 1,
        "arriving_practice": 3,
        "fault_costs": 0.1,
    },
    "small_width": 64,
    "small_layers": 2,
    "warm_start_steps": 1500,
    "warm_start_batch": 64,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "warmup_iterations": 5,
    "decay_iterations": 240,
    "entropy_coefficient": 0.0,
    "max_new_tokens": 16,
    "minibatch_samples": 64,
    "num_iterations": 240,
    "eval_every": 40,
}
CRYSTAL: dict[str, Any] = {
    "world": "crystal",
    "world_options": {
        "with_path_finder": False,
        "max_rounds": 4,
        "told_free_steps": True,
        "arriving_practice": 3,
        "growing_problems": 0,
    },
    "small_width": 64,
    "small_layers": 2,
    "warm_start_steps": 600,
    "warm_start_batch": 64,
    "batch_size": 16,
    "learning_rate": 5e-4,
    "warmup_iterations": 5,
    "decay_iterations": 16,
    "epochs": 2,
    "entropy_coefficient": 0.0,
    "max_new_tokens": 16,
    "minibatch_samples": 64,
    "num_iterations": 16,
    "eval_every": 8,
    "eval_episodes": 30,
}
PRETRAINED: dict[str, Any] = {
    "dtype": "bfloat16",
    "warm_start_steps": 80,
    "warm_start_batch": 8,
    "warm_start_learning_rate": 1e-3,
    "batch_size": 12,
    "candidates": 6,
    "learning_rate": 3e-4,
    "warmup_iterations": 2,
    "entropy_coefficient": 0.0,
    "max_new_tokens": 12,
    "minibatch_samples": 36,
    "num_iterations": 20,
    "eval_every": 5,
    "eval_episodes": PROBLEMS,
}
"""Of a model of a hundred million weights whose adapters learn: one for each role, or the single agent's."""
WHOLE: Mapping[str, Any] = {"warm_start_learning_rate": 5e-5, "learning_rate": 2e-5}
"""What is different where all weights of such a model learn."""
WORLDS: Mapping[str, dict[str, Any]] = {
    "relay": RELAY,
    "crystal": CRYSTAL,
    "model_path": {"world": "plan_path", "world_options": {"size": 5, "max_rounds": 1}, **PRETRAINED},
    "model_sudoku": {"world": "sudoku", "world_options": {"max_rounds": 1}, **PRETRAINED, "max_new_tokens": 24},
}
ALONE: Mapping[str, dict[str, Any]] = {
    "relay": {"relay": False},
    "crystal": {"with_planner": False},
    "model_path": {"with_tool": False},
    "model_sudoku": {"with_tool": False},
}
"""What makes a single agent of the team's world. It gives one answer to one prompt, or has turns (`METHODS`)."""
WITHOUT: Mapping[str, dict[str, Any]] = {
    "named_cells": {"named_cells": False, "cells_apart": True, "arriving_practice": 0, "possible_practice": True},
    "arriving_practice": {"arriving_practice": 0},
    "fault_costs": {"fault_costs": 0.0},
    "long_format_stage": {"warm_start_steps": 500},
    "falling_rate": {"warmup_iterations": 0, "decay_iterations": 0},
    "sight": {"sight": 0},
}
"""Ingredients of the relay by name, and what stands in their place: options of the world, or keys of the settings."""


def config_of(world: str, method: str, seed: int, without: str = "", model: str = SMALL) -> dict[str, Any]:
    """Keys of ATGRPOSettings."""
    level = LEVEL.get(method, "shared") if model == SMALL or method == "shared" else "lora"
    config = {"eval_episodes": 100, "eval_every": 10, **WORLDS[world], "specialisation": level, "seed": seed}
    config |= {"model": model, **(WHOLE if model != SMALL and level == "shared" else {})}
    options = dict(config["world_options"])
    for key, value in WITHOUT.get(without, {}).items():
        (config if key in config else options)[key] = value
    if method in ALONE_METHODS:
        turns = ROLES_OF_A_TEAM * options["max_rounds"]
        options |= {**ALONE[world], "max_rounds": turns if method == "single_in_turns" else 1}
        config["batch_size"] *= ROLES_OF_A_TEAM if method == "single_agent" else 1
    return {**config, "world_options": options}


def measure(world: str, method: str, seed: int, without: str = "", model: str = SMALL) -> dict[str, Any]:
    """Run one cell; a run that was interrupted before goes on."""
    started, folder = time.process_time(), result_path(world, seed, method, without).parent
    config = config_of(world, method, seed, without, model)
    if method in UNTRAINED:
        scores, candidates, curve = _score_untrained(folder, config, method), 0, ()
    else:
        run, base = folder / method, folder / "base"
        if model == SMALL and not (run / "base").exists():
            _make_base(base, config_of(world, "shared", seed, without))
            shutil.copytree(base, run / "base")  # where a run looks for what it starts from
        trained = _train(config, run, folder / "per_role.json" if method in ALONE_METHODS else None)
        scores = {**evaluate(trained, num_episodes=PROBLEMS), **_best_of(run)}
        candidates, curve = read_metrics(run)
    kept = {key: scores[key] for key in KEPT if key in scores}
    cpu_s = round(time.process_time() - started, 1)
    return {**kept, "problems": PROBLEMS, "candidates": candidates, "curve": curve, "cpu_s": cpu_s}


def _train(config: Mapping[str, Any], run: Path, team: Path | None) -> str:
    """Train a team for its iterations, a single agent until it has sampled as many answers as `team` (a cell's file);
    returns the saved model."""
    settings, wanted = settings_of(config), 0
    total = settings.num_iterations
    if team is not None:
        wanted = json.loads(team.read_text(encoding="utf-8"))["candidates"]
        settings, total = with_as_many_answers(settings, wanted)
    while True:
        summary = ATGRPOTrainer(settings, run).train(total)
        if not summary.finished:
            raise KeyboardInterrupt  # a run stops gently at a signal; half a run has no place in a comparison
        sampled, _ = read_metrics(run)
        if sampled >= wanted:
            return summary.model_path
        total += -(-(wanted - sampled) * total // sampled)  # attempts that end early sample fewer answers


def _best_of(run: Path) -> dict[str, float]:
    """The share of the same problems that a run's best model by validation solves."""
    return {"best_success_rate": evaluate(str(run / "best_model"), num_episodes=PROBLEMS)["success_rate"]}


def with_as_many_answers(settings: ATGRPOSettings, wanted: int) -> tuple[ATGRPOSettings, int]:
    """The fewest iterations that can sample so many answers, and settings whose learning rate ends with the last of
    them as a team's does: a single agent that needs fewer or more iterations must not learn at another pace."""
    total = -(-wanted // (settings.batch_size * settings.candidates * settings.make_world().max_rounds))
    decay = total if settings.decay_iterations else 0
    return settings.model_copy(update={"decay_iterations": decay}), total


def _make_base(base: Path, config: Mapping[str, Any]) -> None:
    """The model that all methods of a seed start from, after the format stage."""
    settings = settings_of(config)
    if not base.exists():
        shape = small_shape(settings.small_width, settings.small_layers)
        made = base.with_name(".base.writing")
        steps, batch = settings.warm_start_steps, settings.warm_start_batch
        save_base(make_warm_policy(settings.make_world(), shape, steps, settings.seed, print, batch), made)
        made.rename(base)


def _score_untrained(folder: Path, config: Mapping[str, Any], method: str) -> dict[str, float]:
    """One model in all roles: new, or after the format stage."""
    settings = settings_of(config)
    world = settings.make_world()
    if settings.model != SMALL:
        policy = load_policy(settings.model)
    elif method == "before":
        policy = make_warm_policy(
            world, small_shape(settings.small_width, settings.small_layers), 0, settings.seed, print
        )
    else:
        _make_base(folder / "base", config)
        policy = load_policy(str(folder / "base"))
    players = dict.fromkeys(world.roles, policy)
    seeds = range(FIRST_TEST_SEED, FIRST_TEST_SEED + PROBLEMS)
    rate = success_rate(world, seeds, players, answer_lengths(settings, world))
    low, high = wilson_interval(round(rate * PROBLEMS), PROBLEMS)
    return {"success_rate": rate, "success_low": low, "success_high": high}


def result_path(world: str, seed: int, method: str, without: str = "") -> Path:
    """The file of a finished cell."""
    name = f"{world}_without_{without}" if without else world
    return FOLDER / name / str(seed) / f"{method}.json"


def main(words: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=["relay", "crystal"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--without", choices=list(WITHOUT), default="", help="an ingredient of the relay to leave out")
    parser.add_argument("--model", default=SMALL, help="a Transformers folder: what model_path and model_sudoku need")
    arguments = parser.parse_args(words)
    wants_model = {world for world in arguments.worlds if world.startswith("model_")}
    if wants_model != (set(arguments.worlds) if arguments.model != SMALL else set()):
        parser.error("model_path and model_sudoku need --model, the other worlds are for the small model")
    torch.set_num_threads(1)
    for seed in arguments.seeds:
        for world in arguments.worlds:
            for method in arguments.methods:
                path = result_path(world, seed, method, arguments.without)
                if path.exists() or (method == "format_stage" and arguments.model != SMALL):
                    continue
                team = result_path(world, seed, "per_role", arguments.without)
                if LEVEL.get(method) == "single" and not team.exists():
                    parser.error(f"{method} samples as many answers as its team, and there is no {team}: run per_role")
                path.parent.mkdir(parents=True, exist_ok=True)
                cell = measure(world, method, seed, arguments.without, arguments.model)
                path.write_text(json.dumps(cell, indent=1), encoding="utf-8")
                print(
                    f"{world}, seed {seed}, {method}: {cell['success_rate']:.3f} in {cell['cpu_s']:.0f} CPU s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
