"""AT-GRPO without an oracle: teams that have to find the answer, beside a single agent with as many samples.

`relay` is Plan-Path on 6 x 6 grids without a tool: two walkers take turns for two rounds, the second goes on where the
first stopped, and the single agent says the whole path at once. `crystal` is the cartridge without the path-finder:
the planner has to look for directions, and the navigator to walk.

    python -m benchmarks.at_grpo_skill --worlds relay crystal --seeds 0 1 2

All start from the same model after the same format stage, which teaches possible moves and never where the goal is. A
single agent trains until it has sampled as many answers as the team. Each cell (world, seed, method) is written when it
is finished, to `runs/at_grpo_skill`; called again, the benchmark goes on with what is missing, an interrupted run from
its last resume point. A relay takes some ten minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.at_grpo import read_metrics
from trainer.at_grpo.evaluate import evaluate
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer

FOLDER = Path("runs/at_grpo_skill")
PROBLEMS = 200
METHODS = ("shared", "per_role", "single_agent")
"""In the order in which they are run: the single agent gets as many samples as `shared` took."""
LEVEL = {"shared": "shared", "per_role": "full", "single_agent": "single"}
RELAY: dict[str, Any] = {
    "world": "plan_path",
    "world_options": {
        "size": 6,
        "with_tool": False,
        "relay": True,
        "max_rounds": 2,
        "cells_apart": True,
        "sight": 3,
        "growing_problems": 1280,
        "possible_practice": True,
    },
    "small_width": 64,
    "small_layers": 2,
    "warm_start_steps": 120,
    "batch_size": 32,
    "learning_rate": 2e-3,
    "max_new_tokens": 14,
    "minibatch_samples": 64,
    "num_iterations": 300,
}
CRYSTAL: dict[str, Any] = {
    "world": "crystal",
    "world_options": {"with_path_finder": False, "max_rounds": 4, "growing_problems": 400},
    "warm_start_steps": 160,
    "batch_size": 16,
    "entropy_coefficient": 0.02,
    "max_new_tokens": 16,
    "minibatch_samples": 64,
    "num_iterations": 60,
}
WORLDS: Mapping[str, dict[str, Any]] = {"relay": RELAY, "crystal": CRYSTAL}
ALONE: Mapping[str, dict[str, Any]] = {
    "relay": {"relay": False, "max_rounds": 1},
    "crystal": {"with_planner": False},
}
"""What makes a single agent of the team's world."""


def config_of(world: str, method: str, seed: int) -> dict[str, Any]:
    """Keys of ATGRPOSettings."""
    config = {**WORLDS[world], "specialisation": LEVEL[method], "seed": seed, "eval_every": 10, "eval_episodes": 100}
    if method == "single_agent":
        config["world_options"] = {**config["world_options"], **ALONE[world]}
        config["batch_size"] *= 3
    return config


def measure(world: str, method: str, seed: int) -> dict[str, Any]:
    """Run one cell; a run that was interrupted before goes on."""
    started = time.perf_counter()
    run = FOLDER / world / str(seed) / method
    config = config_of(world, method, seed)
    iterations = config["num_iterations"]
    if method == "single_agent":
        team = json.loads(result_path(world, seed, "shared").read_text(encoding="utf-8"))
        iterations = -(-team["candidates"] // (config["batch_size"] * 8))
    summary = ATGRPOTrainer(settings_of(config), run).train(iterations)
    if not summary.finished:
        raise KeyboardInterrupt  # a run stops gently at a signal; half a run has no place in a comparison
    scores = evaluate(summary.model_path, num_episodes=PROBLEMS)
    candidates, curve = read_metrics(run)
    kept = {key: scores[key] for key in ("success_rate", "success_low", "success_high")}
    seconds = round(time.perf_counter() - started, 1)
    return {**kept, "problems": PROBLEMS, "candidates": candidates, "curve": curve, "seconds": seconds}


def result_path(world: str, seed: int, method: str) -> Path:
    """The file of a finished cell."""
    return FOLDER / world / str(seed) / f"{method}.json"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for seed in arguments.seeds:
        for world in arguments.worlds:
            for method in arguments.methods:
                path = result_path(world, seed, method)
                if path.exists():
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                cell = measure(world, method, seed)
                path.write_text(json.dumps(cell, indent=1), encoding="utf-8")
                print(
                    f"{world}, seed {seed}, {method}: {cell['success_rate']:.3f} in {cell['seconds']:.0f} s", flush=True
                )


if __name__ == "__main__":
    main()
