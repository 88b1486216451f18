"""AT-GRPO on small models, in the paper's setting: a tool role and a role that acts on the tool's output.

For each world and seed, success on unseen problems (likeliest answers): before anything, after the supervised format
stage, after single-agent GRPO, after AT-GRPO with one shared model, after AT-GRPO with a model per role, and with those
two models swapped. All trained methods sample the same number of candidates.

    python -m benchmarks.at_grpo --worlds plan_path sokoban sudoku --seeds 0 1 2 --out results.json

Takes about ten minutes per world and seed on two cores.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from agents.small_policy import SmallShape
from agents.team import save_base
from agents.text_policy import TextPolicy
from core.worlds.base import World
from core.worlds.registry import make_world
from trainer.at_grpo.algorithm import success_rate
from trainer.at_grpo.evaluate import TEST_SEEDS, evaluate
from trainer.at_grpo.presets import get_preset
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy

PROBLEMS = 200
ITERATIONS = 20
BATCH = 16
"""Problems per iteration of a team of two roles; the single agent gets twice as many."""


def compare(world_name: str, seed: int, folder: Path) -> dict[str, Any]:
    """All methods on one world with one seed."""
    common = {"eval_every": 1000, "eval_episodes": 1, "seed": seed, "batch_size": BATCH}
    shared = {**get_preset(f"{world_name}_single_policy"), **common}
    full = {**get_preset(f"{world_name}_two_policy"), **common}
    single = {**get_preset(f"{world_name}_single_agent"), **common, "batch_size": 2 * BATCH}
    world = make_world(world_name, shared["world_options"])
    result: dict[str, Any] = {"world": world_name, "seed": seed}

    result["before"] = success_of(make_warm_policy(world, SmallShape(), 0, seed, print), world)
    base = make_warm_policy(world, SmallShape(), shared["warm_start_steps"], seed, print)
    result["after the format stage"] = success_of(base, world)
    for name, config in (("shared", shared), ("per role", full)):
        save_base(base, folder / name / "base")  # where a run looks for the model it starts from
        result[f"AT-GRPO, {name}"], result[f"candidates, {name}"] = train_and_judge(config, folder / name)
    first, second = world.roles
    swapped = {first: second, second: first}
    model = folder / "per role" / f"model_{ITERATIONS}"
    result["roles swapped"] = evaluate(model, num_episodes=PROBLEMS, player_of=swapped)["success_rate"]
    result["single-agent GRPO"], result["candidates, single"] = train_and_judge(single, folder / "single")
    return result


def success_of(policy: TextPolicy, world: World[Any]) -> float:
    """One model in all roles, on the test problems."""
    seeds = range(TEST_SEEDS, TEST_SEEDS + PROBLEMS)
    return success_rate(world, seeds, dict.fromkeys(world.roles, policy), dict.fromkeys(world.roles, 36))


def train_and_judge(config: dict[str, Any], folder: Path) -> tuple[float, int]:
    """The success on unseen problems after training, and how many candidates were sampled."""
    summary = ATGRPOTrainer(settings_of(config), folder).train(ITERATIONS)
    if not summary.finished:
        raise KeyboardInterrupt  # a run stops gently at a signal; half a run has no place in a comparison
    return evaluate(summary.model_path, num_episodes=PROBLEMS)["success_rate"], summary.candidates


def print_row(result: dict[str, Any]) -> None:
    """One line for a world and seed."""
    cells = (f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in result.items())
    print(" | ".join(cells), flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=["plan_path", "sokoban", "sudoku"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    for seed in arguments.seeds:
        for world in arguments.worlds:
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                results.append(compare(world, seed, Path(folder)))
            results[-1]["seconds"] = round(time.perf_counter() - started)
            print_row(results[-1])
            if arguments.out:
                arguments.out.write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
