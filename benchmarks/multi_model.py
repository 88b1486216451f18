"""Many agents at once: what they cost, and whether they learn more together than apart.

    python -m benchmarks.multi_model scale  [--agents 1 2 4 8] [--steps 4096] [--model rules|small|pocket]
    python -m benchmarks.multi_model learn  [--seeds 3] [--jobs 2] [--whole-grid] [--steps 32768]
    python -m benchmarks.multi_model learn  --only cooperative/synchronized --seed 0     # one cell
    python -m benchmarks.multi_model report

`scale` trains 1, 2, 4 and 8 agents, each number in a process of its own, and reports environment steps per second of
all agents together, the memory of the whole process tree (proportional set size), and the most that the main process
held at any moment (resident set size). Beside them it trains one agent by the ordinary trainer, in a fleet of as many
lanes as there are agents, and prints what is promised: all agents together at least 90 % as fast as that fleet, and at
most 60 MB for a further agent. The processor time of a step says the same on a machine that has other things to do.

`learn` plays the cells that are not there yet (`benchmarks/multi_model_learning.py`); each is kept in `--results`, so
it may be stopped and goes on where it was. A cell computes in one thread, beside `--workers` emulator processes.
`report` puts all cells into docs/data/multi_model_learn.json, draws docs/images/multi_model_learn.png and prints the
table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.multi_model_learning import (
    ROOT,
    Plan,
    draw,
    keep,
    make_trainer,
    missing,
    names,
    play,
    play_all,
    read_cells,
    table,
)
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config

RESULTS = ROOT / "runs" / "multi_model_learn"
DATA = ROOT / "docs" / "data" / "multi_model_learn.json"
PICTURE = ROOT / "docs" / "images" / "multi_model_learn.png"
SCALE_EPISODE_STEPS = 512
WORKERS = 2
SPEED_BAR = 0.9
MEMORY_BAR_MB = 60.0


# -- what they cost ------------------------------------------------------------------------------------------------


def scale(agents: Sequence[int], steps: int, model: str) -> None:
    """One line a number of agents, and the two ratios that are promised."""
    rows = []
    for count in agents:
        rows.append(row := _apart("scale-one", count, steps, model))
        print(
            f"{count} agents: {row['steps_per_s']:.0f} steps/s in all, {row['cpu_us']:.0f} us of processor time "
            f"a step ({row['main_cpu_us']:.0f} of the main process), {row['memory_mb']:.0f} MB (most of the main "
            f"process: {row['peak_mb']:.0f} MB)",
            flush=True,
        )
    first, last = rows[0], rows[-1]
    fleet = _apart("scale-fleet", last["agents"], steps, model)
    print(
        f"one agent in a fleet of {last['agents']} lanes: {fleet['steps_per_s']:.0f} steps/s, {fleet['cpu_us']:.0f} us "
        f"of processor time a step ({fleet['main_cpu_us']:.0f} of the main process), {fleet['memory_mb']:.0f} MB"
    )
    print(
        f"{last['agents']} agents / one agent's fleet: {last['steps_per_s'] / fleet['steps_per_s']:.2f} of the speed "
        f"(promised: {SPEED_BAR:.2f}), {last['cpu_us'] / fleet['cpu_us']:.2f} times the processor time a step"
    )
    if last["agents"] > first["agents"]:
        grown = (last["memory_mb"] - first["memory_mb"]) / (last["agents"] - first["agents"])
        print(f"memory of a further agent: {grown:.1f} MB (promised: {MEMORY_BAR_MB:.0f} at most)")


def _apart(what: str, count: int, steps: int, model: str) -> dict[str, float]:
    """What a process of its own has measured."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.multi_model", what]
    command += ["--agents", str(count), "--steps", str(steps), "--model", model]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def scale_one(agents: int, steps: int, model: str) -> None:
    """Trains `agents` for `steps` each, after one episode that warms up, and prints a JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(
            folder, agents, seed=1, model_types=[model], max_episodes=1, episode_length=SCALE_EPISODE_STEPS
        )
        asyncio.run(trainer.train())
        trainer.config.max_episodes += max(1, steps // SCALE_EPISODE_STEPS)
        begun_s, begun_cpu, begun_steps = time.perf_counter(), CpuTime.now(), trainer.metrics.steps
        asyncio.run(trainer.train())
        seconds, cpu = time.perf_counter() - begun_s, CpuTime.now() - begun_cpu
        row = _row(agents, trainer.metrics.steps - begun_steps, seconds, cpu)
        asyncio.run(trainer.shutdown())
    print(json.dumps(row))


def scale_fleet(lanes: int, steps: int, model: str) -> None:
    """Trains one agent by the ordinary trainer in so many lanes, `steps` in each, and prints a JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        config = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
        config |= {
            "rom_path": str(ROOT / config["rom_path"]),
            "save_dir": f"{folder}/checkpoints",
            "decision_db_path": f"{folder}/decisions.db",
            "policy": "sb3",  # the network that several models have
            "llm_model": "none" if model == "rules" else model,
            "max_steps_per_episode": SCALE_EPISODE_STEPS,
            "total_episodes": lanes,
            "eval_episodes": 0,
            "lanes": lanes,
            "workers": WORKERS,
            "log_level": "WARNING",
        }
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        trainer = create_trainer_from_config(path)
        trainer.train(total_episodes=lanes)  # it warms up
        begun_s, begun_cpu, begun_steps = time.perf_counter(), CpuTime.now(), trainer.run.tally.steps
        trainer.train(total_episodes=lanes * (1 + max(1, steps // SCALE_EPISODE_STEPS)))
        seconds, cpu = time.perf_counter() - begun_s, CpuTime.now() - begun_cpu
        row = _row(1, trainer.run.tally.steps - begun_steps, seconds, cpu)
        trainer.close()
    print(json.dumps(row))


def _row(agents: int, steps: int, seconds: float, cpu: CpuTime) -> dict[str, float]:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "agents": agents,
        "steps_per_s": steps / seconds,
        "cpu_us": 1e6 * (cpu.main_s + cpu.children_s) / steps,
        "main_cpu_us": 1e6 * cpu.main_s / steps,
        "memory_mb": memory_of_tree_mb(),
        "peak_mb": peak_mb,
    }


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Processor time so far, of this process and of its children."""

    main_s: float
    children_s: float

    @classmethod
    def now(cls) -> CpuTime:
        own = psutil.Process()
        main_s, *children_s = (sum(process.cpu_times()[:2]) for process in (own, *own.children()))
        return cls(main_s, sum(children_s))

    def __sub__(self, before: CpuTime) -> CpuTime:
        return CpuTime(self.main_s - before.main_s, self.children_s - before.children_s)


def memory_of_tree_mb() -> float:
    """Proportional set size of this process and its children: shared pages are counted once in all."""
    own = psutil.Process()
    return sum(process.memory_full_info().pss for process in (own, *own.children())) / 2**20


# -- what they learn -----------------------------------------------------------------------------------------------


def learn(arguments: argparse.Namespace, plan: Plan) -> None:
    """Plays the cells that are not there yet; a single one in this process, several each in one of its own."""
    wanted = arguments.only or names(arguments.whole_grid)
    seeds = [arguments.seed] if arguments.seed is not None else range(arguments.seeds)
    cells = list(missing(wanted, seeds, plan, read_cells(arguments.results, DATA)))
    if len(cells) > 1:
        play_all(cells, plan, arguments.results, arguments.workers, arguments.jobs)
        return
    for name, seed in cells:
        row = play(name, seed, plan, arguments.workers)
        keep(row, arguments.results)
        mean = sum(map(sum, row["milestones"])) / (plan.agents * plan.games)
        print(f"{name} seed {seed}: {mean:.2f} milestones, {row['seconds']:.0f} s", flush=True)


def report(arguments: argparse.Namespace, plan: Plan) -> None:
    """Keeps all cells in the docs, draws them, and prints the table."""
    rows = read_cells(arguments.results, DATA)
    if not any(plan.fits(row) for row in rows):
        raise SystemExit(f"no cell of this plan in {arguments.results} or {DATA}: play some with `learn` first")
    rows.sort(key=lambda row: (row["name"], row["seed"]))
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    draw(rows, plan, PICTURE)
    print(table(rows, plan))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("scale", "scale-one", "scale-fleet", "learn", "report"))
    parser.add_argument("--agents", type=int, nargs="+")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--model", default="rules")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="mode/strategy or independent; a part of the table")
    parser.add_argument("--whole-grid", action="store_true", help="all modes with all strategies")
    parser.add_argument("--seed", type=int, help="this seed only")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to this number less one")
    parser.add_argument("--games", type=int, default=Plan().games)
    parser.add_argument("--horizon", type=int, default=Plan().horizon)
    parser.add_argument("--workers", type=int, default=1, help="emulator processes of a cell")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.what == "scale":
        scale(arguments.agents or (1, 2, 4, 8), arguments.steps or 4096, arguments.model)
        return
    if arguments.what in ("scale-one", "scale-fleet"):
        one = scale_one if arguments.what == "scale-one" else scale_fleet
        one(arguments.agents[0], arguments.steps, arguments.model)
        return
    agents = arguments.agents[0] if arguments.agents else Plan().agents
    plan = Plan(agents, arguments.steps or Plan().steps, arguments.games, arguments.horizon)
    if unknown := set(arguments.only or ()) - set(names(whole_grid=True)):
        parser.error(f"no cell is called {', '.join(sorted(unknown))}: {', '.join(names(whole_grid=True))}")
    (learn if arguments.what == "learn" else report)(arguments, plan)


if __name__ == "__main__":
    main()
