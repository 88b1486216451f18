"""Many agents at once: what they cost, and whether they learn more together than apart.

    python -m benchmarks.multi_model scale  [--agents 1 2 4 8] [--steps 4096] [--model rules|small|pocket]
    python -m benchmarks.multi_model learn  [--agents 4] [--steps 65536] [--seeds 3] [--games 8] [--horizon 600]
    python -m benchmarks.multi_model table

`scale` trains 1, 2, 4 and 8 agents, each number in a process of its own, and reports environment steps per second of
all agents together, and the memory of the whole process tree (proportional set size).

`learn` trains a team for `--steps` environment steps of all agents together, once for every mode and strategy, and as
many agents for as many steps with nothing in common ("independent": asynchronous, nothing shared, rewards unshaped).
Then every agent's policy is frozen and plays new games alone, without guide or language model; milestones are counted.
Every finished cell is appended to `--results`, so the run may be stopped and goes on where it was; `table` prints what
is there. Intervals are 95 % bootstrap intervals over seeds (over games while there are fewer than three seeds).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.rules import RulePlayer
from core.vocabulary import AgentMode
from trainer.evaluation import Evaluator
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.cartridge_session import CartridgeSession
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.trainer import MultiModelTrainer

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "runs" / "multi_model_benchmark.jsonl"
INDEPENDENT = "independent"
RESAMPLES = 10_000
EPISODE_STEPS = 512


def make_trainer(folder: str, agents: int, seed: int, **changes: Any) -> MultiModelTrainer:
    """A trainer on the cartridge of config.json."""
    values: dict[str, Any] = {"num_models": agents, "model_types": ["rules"], "episode_length": EPISODE_STEPS}
    config = MultiModelConfig(**{**values, "seed": seed, "checkpoint_dir": folder, "save_interval": 10**6, **changes})
    trainer = MultiModelTrainer(config)
    trainer.environment = create_cartridge_training_env(ROOT / "config.json")
    return trainer


# -- what they cost ------------------------------------------------------------------------------------------------


def scale(agents: Sequence[int], steps: int, model: str) -> None:
    """One line a number of agents, and the two ratios that are promised."""
    rows = []
    for count in agents:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.multi_model", "scale-one"]
        command += ["--agents", str(count), "--steps", str(steps), "--model", model]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        row = json.loads(done.stdout.splitlines()[-1])
        rows.append(row)
        print(f"{count} agents: {row['steps_per_s']:.0f} steps/s in all, {row['memory_mb']:.0f} MB", flush=True)
    by_count = {row["agents"]: row for row in rows}
    first, last = rows[0], rows[-1]
    if last["agents"] > first["agents"]:
        grown = (last["memory_mb"] - first["memory_mb"]) / (last["agents"] - first["agents"])
        print(f"memory of a further agent: {grown:.1f} MB")
    if 2 in by_count and 8 in by_count:
        print(f"throughput of 8 agents / 2 agents: {by_count[8]['steps_per_s'] / by_count[2]['steps_per_s']:.2f}")


def scale_one(agents: int, steps: int, model: str) -> None:
    """Trains `agents` for `steps` each, after one episode that warms up, and prints a JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(folder, agents, seed=1, model_types=[model], max_episodes=1)
        asyncio.run(trainer.train())
        trainer.config.max_episodes += max(1, steps // EPISODE_STEPS)
        begun_s, begun_steps = time.perf_counter(), trainer.metrics.steps
        asyncio.run(trainer.train())
        seconds = time.perf_counter() - begun_s
        played = trainer.metrics.steps - begun_steps
        memory_mb = memory_of_tree_mb()
        asyncio.run(trainer.shutdown())
    print(json.dumps({"agents": agents, "steps_per_s": played / seconds, "memory_mb": memory_mb}))


def memory_of_tree_mb() -> float:
    """Proportional set size of this process and its children: shared pages are counted once in all."""
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split()
    total_kb = 0
    for process in (str(own), *children):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb / 1024


# -- what they learn -----------------------------------------------------------------------------------------------


def cells() -> list[tuple[str, str]]:
    """(mode, strategy) of every cell, the independent agents first."""
    pairs = [(mode.value, strategy.value) for mode in TrainingMode for strategy in WeightUpdateStrategy]
    return [(INDEPENDENT, INDEPENDENT), *pairs]


def learn(arguments: argparse.Namespace) -> None:
    """Plays the cells that the file of results does not have yet, one seed after the other."""
    done = {(row["mode"], row["strategy"], row["seed"]) for row in read_results(arguments) if fits(row, arguments)}
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for mode, strategy in cells():
            wanted = not arguments.cells or f"{mode}/{strategy}" in arguments.cells or mode == INDEPENDENT
            if (mode, strategy, seed) in done or not wanted:
                continue
            row = learn_one(mode, strategy, seed, arguments)
            with arguments.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            mean = float(np.mean(row["milestones"]))
            print(f"seed {seed} {mode} {strategy}: {mean:.2f} milestones, {row['seconds']:.0f} s", flush=True)
    print(table(read_results(arguments), arguments))


def learn_one(mode: str, strategy: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and judges one cell."""
    changes: dict[str, Any] = {}
    if mode == INDEPENDENT:
        changes = {"training_mode": TrainingMode.COMPETITIVE, "competition_intensity": 0.0}
    else:
        changes = {"training_mode": TrainingMode(mode), "weight_update_strategy": WeightUpdateStrategy(strategy)}
    episodes = max(1, arguments.steps // (arguments.agents * EPISODE_STEPS))
    begun_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(folder, arguments.agents, seed, max_episodes=episodes, **changes)
        results = asyncio.run(trainer.train())
        milestones, rewards = judge(trainer, arguments.games, arguments.horizon)
        asyncio.run(trainer.shutdown())
    return {
        "mode": mode,
        "strategy": strategy,
        "seed": seed,
        "agents": arguments.agents,
        "steps": arguments.steps,
        "games": arguments.games,
        "horizon": arguments.horizon,
        "milestones": milestones,
        "rewards": rewards,
        "training_reward": results["training_metrics"]["total_rewards"][-1] / arguments.agents,
        "seconds": time.perf_counter() - begun_s,
    }


def judge(trainer: MultiModelTrainer, games: int, horizon: int) -> tuple[list[int], list[float]]:
    """Milestones and rewards of every game of every agent's policy alone; all agents play the same games."""
    session = trainer.session
    assert isinstance(session, CartridgeSession)
    world = session.env.rom.world
    evaluator = Evaluator(session.env, lambda lanes: [RulePlayer(world, seed=lane) for lane in range(lanes)], 0)
    milestones: list[int] = []
    rewards: list[float] = []
    for agent in session.agents:
        directive = agent.knowledge.curriculum.directive()
        result = evaluator.evaluate(agent.agent, AgentMode.RL_ONLY, games, horizon, directive)
        assert result is not None
        milestones += [len(game.milestones) for game in result.episodes]
        rewards += [game.reward for game in result.episodes]
    return milestones, rewards


# -- the table -----------------------------------------------------------------------------------------------------


def read_results(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Every row of the file."""
    if not arguments.results.is_file():
        return []
    return [json.loads(line) for line in arguments.results.read_text(encoding="utf-8").splitlines()]


def fits(row: dict[str, Any], arguments: argparse.Namespace) -> bool:
    """True when the row was made with these numbers."""
    return all(row[name] == getattr(arguments, name) for name in ("agents", "steps", "games", "horizon"))


def table(rows: Sequence[dict[str, Any]], arguments: argparse.Namespace) -> str:
    """Markdown: milestones of the frozen policies, and the difference to independent agents of the same seeds."""
    rows = [row for row in rows if fits(row, arguments)]
    of = {(row["mode"], row["strategy"], row["seed"]): row["milestones"] for row in rows}
    lines = [
        f"{arguments.agents} agents, {arguments.steps:,} steps in all, {arguments.games} games of at most "
        f"{arguments.horizon} steps for each policy.",
        "",
        "| mode | strategy | seeds | milestones | more than independent | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for mode, strategy in cells():
        seeds = sorted(seed for (m, s, seed) in of if (m, s) == (mode, strategy))
        if not seeds:
            continue
        mine = [np.array(of[mode, strategy, seed], dtype=np.float64) for seed in seeds]
        paired = [seed for seed in seeds if (INDEPENDENT, INDEPENDENT, seed) in of]
        low, high = interval(mine)
        cell = f"| {mode} | {strategy} | {len(seeds)} | {np.mean(np.concatenate(mine)):.2f} ({low:.2f} to {high:.2f}) |"
        if mode == INDEPENDENT or not paired:
            lines.append(f"{cell} | |")
            continue
        differences = [
            np.array(of[mode, strategy, seed], dtype=np.float64) - np.array(of[INDEPENDENT, INDEPENDENT, seed])
            for seed in paired
        ]
        low, high = interval(differences)
        verdict = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
        lines.append(f"{cell} {np.mean(np.concatenate(differences)):+.2f} ({low:+.2f} to {high:+.2f}) | {verdict} |")
    return "\n".join(lines)


def interval(by_seed: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean; what is drawn again is seeds, or games while there are under three."""
    units = np.array([row.mean() for row in by_seed]) if len(by_seed) >= 3 else np.concatenate(by_seed)
    dice = np.random.default_rng(0)
    means = units[dice.integers(0, len(units), (RESAMPLES, len(units)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("scale", "scale-one", "learn", "table"))
    parser.add_argument("--agents", type=int, nargs="+")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--model", default="rules")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--games", type=int, default=8)
    parser.add_argument("--horizon", type=int, default=600)
    parser.add_argument("--cells", nargs="*", help="mode/strategy of the cells to play; all if none is named")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.what == "scale":
        scale(arguments.agents or (1, 2, 4, 8), arguments.steps or 4096, arguments.model)
        return
    if arguments.what == "scale-one":
        scale_one(arguments.agents[0], arguments.steps, arguments.model)
        return
    arguments.agents = arguments.agents[0] if arguments.agents else 4
    arguments.steps = arguments.steps or 65_536
    if arguments.what == "learn":
        learn(arguments)
    else:
        print(table(read_results(arguments), arguments))


if __name__ == "__main__":
    main()
