"""AT-GRPO on small models, in the paper's setting: a tool role and a role that acts on the tool's output.

For each world and seed, success on unseen problems (likeliest answers): before anything, after the supervised format
stage, after single-agent GRPO, after AT-GRPO with one shared model, after AT-GRPO with a model per role, and with those
two models swapped. All trained methods start from the same model and sample the same number of candidates.

    python -m benchmarks.at_grpo --worlds plan_path sokoban sudoku crystal --seeds 0 1 2
    python -m benchmarks.at_grpo_report          # table, curves and docs from what is there

Each cell (world, seed, method) is written when it is finished, to `runs/at_grpo_benchmark`; called again, the benchmark
goes on with what is missing, an interrupted run from its last resume point. Some four minutes of one core per world and
seed, ten for crystal.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from agents.text.small_policy import small_shape
from agents.text.team import save_base
from agents.text.text_policy import TextPolicy, load_policy
from core.worlds.base import FIRST_TEST_SEED, TextWorld
from core.worlds.registry import make_world
from trainer.at_grpo.algorithm import success_rate
from trainer.at_grpo.evaluate import evaluate
from trainer.at_grpo.presets import get_preset
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy

FOLDER = Path("runs/at_grpo_benchmark")
METHODS = ("before", "format_stage", "single_agent", "shared", "per_role", "swapped")
"""In the order in which they are run: `swapped` plays what `per_role` has trained."""
PRESET_OF = {"single_agent": "single_agent", "shared": "single_policy", "per_role": "two_policy"}
PROBLEMS = 200
ITERATIONS = {"crystal": 10}
"""20 where a world is not named: the emulator takes its time."""
ROLES_OF_A_TEAM = 2
"""Factor on the single agent's problems per iteration, so that it samples as many candidates."""
EVALUATE_EVERY = {"crystal": 5}
"""Iterations between the points of a curve, 2 where a world is not named."""
EVALUATION_PROBLEMS = 50
"""Problems for each point of a curve; the final figures come from `PROBLEMS` others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One method on one world with one seed."""

    world: str
    seed: int
    method: str
    success: float
    """Share of `PROBLEMS` unseen problems solved."""
    problems: int
    candidates: int
    """Answers sampled in training."""
    curve: tuple[tuple[int, float], ...]
    """(iteration, share of the validation problems solved)."""
    seconds: float
    """Wall time of the training and the final evaluation, with any other load of the machine."""


def result_path(world: str, seed: int, method: str) -> Path:
    """The file of a finished cell."""
    return FOLDER / world / str(seed) / f"{method}.json"


def finished_cells(folder: Path = FOLDER) -> Iterator[Cell]:
    """All cells that were measured so far."""
    for path in sorted(folder.glob("*/*/*.json")):
        yield Cell(**json.loads(path.read_text(encoding="utf-8")))


def measure(world_name: str, seed: int, method: str) -> Cell:
    """Run one cell; a run that was interrupted before goes on."""
    started = time.perf_counter()
    folder = result_path(world_name, seed, method).parent
    config = config_of(world_name, seed, PRESET_OF.get(method, "single_policy"))
    world = make_world(world_name, config["world_options"])
    candidates, curve = 0, ()
    if method == "before":
        success = success_of(make_warm_policy(world, small_shape(), 0, seed, print), world, config)
    elif method == "format_stage":
        base = make_warm_policy(world, small_shape(), config["warm_start_steps"], seed, print)
        save_base(base, folder / "base")
        success = success_of(base, world, config)
    elif method == "swapped":
        first, second = world.roles
        model = folder / "per_role" / f"model_{ITERATIONS.get(world_name, 20)}"
        swapped = {first: second, second: first}
        success = evaluate(model, num_episodes=PROBLEMS, player_of=swapped)["success_rate"]
    else:
        run = folder / method
        if method != "single_agent" and not (run / "base").exists():
            save_base(load_policy(str(folder / "base")), run / "base")  # where a run looks for what it starts from
        summary = ATGRPOTrainer(settings_of(config), run).train(ITERATIONS.get(world_name, 20))
        if not summary.finished:
            raise KeyboardInterrupt  # a run stops gently at a signal; half a run has no place in a comparison
        success = evaluate(summary.model_path, num_episodes=PROBLEMS)["success_rate"]
        candidates, curve = read_metrics(run)
    seconds = round(time.perf_counter() - started, 1)
    return Cell(world_name, seed, method, success, PROBLEMS, candidates, curve, seconds)


def config_of(world_name: str, seed: int, level: str) -> dict[str, Any]:
    """A preset with the benchmark's numbers in place."""
    preset = get_preset(f"{world_name}_{level}")
    batch = preset["batch_size"] * (ROLES_OF_A_TEAM if level == "single_agent" else 1)
    every = EVALUATE_EVERY.get(world_name, 2)
    numbers = {"seed": seed, "batch_size": batch, "eval_every": every, "eval_episodes": EVALUATION_PROBLEMS}
    return {**preset, **numbers}


def success_of(policy: TextPolicy, world: TextWorld[Any], config: dict[str, Any]) -> float:
    """One model in all roles, on the test problems."""
    seeds = range(FIRST_TEST_SEED, FIRST_TEST_SEED + PROBLEMS)
    lengths = dict.fromkeys(world.roles, int(config["max_new_tokens"]))
    return success_rate(world, seeds, dict.fromkeys(world.roles, policy), lengths)


def read_metrics(run: Path) -> tuple[int, tuple[tuple[int, float], ...]]:
    """All candidates of a run, those before an interruption included, and its curve."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    curve = tuple((r["iteration"], r["evaluation_success"]) for r in records if "evaluation_success" in r)
    return sum(record.get("candidates", 0) for record in records), curve


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=["plan_path", "sokoban", "sudoku", "crystal"])
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
                cell = measure(world, seed, method)
                path.write_text(json.dumps(asdict(cell), indent=1), encoding="utf-8")
                print(f"{world}, seed {seed}, {method}: {cell.success:.3f} in {cell.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
