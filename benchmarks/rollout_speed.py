"""How long an iteration of AT-GRPO takes, by who plays its rollouts: this process, worker processes, Ray's actors.

    python -m benchmarks.rollout_speed --worlds plan_path crystal --rounds 3

Every arm trains from the same model with the same problems, K = 8, for `--iterations` iterations a round; the rounds of
the arms take turns, so that a busy machine is busy for all of them. An arm's figures are the medians of its iterations:

- `seconds` of wall time, and those of them until all answers were there (`rollouts`);
- `path`: processor seconds along the critical path, the driver's and the busiest worker's. Another program on the same
  cores makes `seconds` longer and leaves these alone;
- `tokens` of answers a second of `rollouts`.

`before` is one process that has all the cores and plays all problems in one batch: what there was before workers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import torch

from agents.text.small_policy import small_shape
from agents.text.team import Team, save_base
from trainer.at_grpo.fleet_rollouts import FleetRollouts
from trainer.at_grpo.presets import get_preset
from trainer.at_grpo.reporter import RunReporter
from trainer.at_grpo.rollouts import Rollouts
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Arm = tuple[int, Mapping[str, Any]]
"""Torch's threads in the driver, and what differs in the settings."""


def arms(batch_size: int, threads: int = CORES) -> dict[str, Arm]:
    """By name; `threads` are those of a driver that is not said to have one."""
    chunk = max(1, batch_size // CORES)
    return {
        "before": (threads, {"workers": 0, "rollout_chunk": batch_size}),
        "one process, one thread": (1, {"workers": 0, "rollout_chunk": batch_size}),
        f"{CORES} workers": (threads, {"workers": CORES, "rollout_chunk": chunk}),
        f"{CORES} workers of Ray": (threads, {"workers": CORES, "rollout_chunk": chunk, "cluster": "local"}),
    }


class Timed(ATGRPOTrainer):
    """Notes the processor time of each iteration."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.paths: list[float] = []

    def _iterate(self, team: Team, rollouts: Rollouts, reporter: RunReporter) -> int:
        processes = rollouts.worker_processes() if isinstance(rollouts, FleetRollouts) else ()
        before = [_processor_s(process) for process in (os.getpid(), *processes)]
        candidates = super()._iterate(team, rollouts, reporter)
        own, *workers = (
            _processor_s(process) - was for process, was in zip((os.getpid(), *processes), before, strict=True)
        )
        self.paths.append(own + max(workers, default=0.0))
        return candidates


def _processor_s(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def measure(
    world: str, arm: tuple[int, Mapping[str, Any]], base: Path, folder: Path, to: int
) -> list[dict[str, float]]:
    """Trains an arm's run up to iteration `to`; its new iterations."""
    threads, changes = arm
    torch.set_num_threads(threads)
    config = {**get_preset(f"{world}_two_policy"), "eval_every": 10**6, "eval_episodes": 1, **changes}
    if not (folder / "base").exists():
        shutil.copytree(base, folder / "base")
    trainer = Timed(settings_of(config), folder)
    trainer.train(to)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    played = [line for line in lines if "seconds" in line][-len(trainer.paths) :]
    return [{**line, "path": path} for line, path in zip(played, trainer.paths, strict=True)]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=["plan_path", "crystal"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=3, help="of each arm in each round")
    parser.add_argument(
        "--threads", type=int, default=CORES, help="of torch in the driver; 1 on a busy machine, where they only wait"
    )
    parser.add_argument("--only", nargs="+", choices=list(arms(1)), help="these arms; all of them where none is named")
    arguments = parser.parse_args()
    for world in arguments.worlds:
        config = get_preset(f"{world}_two_policy")
        all_arms = arms(config["batch_size"], arguments.threads)
        chosen = {name: arm for name, arm in all_arms.items() if name in (arguments.only or all_arms)}
        found: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
        with tempfile.TemporaryDirectory() as temporary:
            settings = settings_of(config)
            torch.set_num_threads(1)
            base = make_warm_policy(settings.make_world(), small_shape(), settings.warm_start_steps, 0, lambda _: None)
            save_base(base, Path(temporary) / "base")
            for turn in range(1, arguments.rounds + 1):
                for name, arm in chosen.items():
                    begun = time.perf_counter()
                    to = turn * arguments.iterations
                    found[name] += measure(world, arm, Path(temporary) / "base", Path(temporary) / name, to)
                    print(f"{world}, round {turn}, {name}: {time.perf_counter() - begun:.0f} s", flush=True)
        for name, iterations in found.items():
            middle = {
                key: statistics.median(line[key] for line in iterations)
                for key in ("seconds", "rollout_seconds", "path")
            }
            speed = statistics.median(line["tokens"] / line["rollout_seconds"] for line in iterations)
            print(
                f"{world}, {name}: {middle['seconds']:.2f} seconds, {middle['rollout_seconds']:.2f} of them rollouts, "
                f"path {middle['path']:.2f}, {speed:,.0f} tokens a second ({len(iterations)} iterations)",
                flush=True,
            )


if __name__ == "__main__":
    main()
