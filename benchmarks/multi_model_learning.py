"""Whether agents learn more together than apart: cells of a table, each trained and judged by itself.

A cell is a way of training (`mode/strategy`, or `independent`) and a seed. A team plays the first region for as many
steps in all as as many agents that have nothing in common ("independent": asynchronous, nothing shared, rewards as the
world gives them). Then every agent's policy is frozen and plays new games alone, without teacher or language model;
milestones are counted. Agent i plays the same games in every cell.

A finished cell is a file of its own, so any number of processes may play cells at the same time, and nothing is played
twice. Intervals are Student's over seeds, from three seeds on; with fewer they are bootstrapped over games, and say so.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.vocabulary import AgentMode
from core.whole_files import written_aside
from trainer.evaluation.fleet_evaluator import FleetEvaluator
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.seated_session import SeatedSession
from trainer.multi_model.trainer import MultiModelTrainer

ROOT = Path(__file__).resolve().parent.parent
INDEPENDENT = "independent"
RESAMPLES = 10_000
EPISODE_STEPS = 2048
"""Three games of the rules. A game that the end of an episode cuts short teaches the beginning only, so not too few."""
STUDENT_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""97.5 % quantiles of Student's t for 1 to 9 degrees of freedom."""
FEWEST_SEEDS = 3

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """What all cells of a table have in common."""

    agents: int = 4
    steps: int = 32_768
    """Of all agents together."""
    games: int = 4
    """Of each policy at the end."""
    horizon: int = 1024
    """Steps of such a game at most."""

    @property
    def episodes(self) -> int:
        return max(1, self.steps // (self.agents * EPISODE_STEPS))

    def fits(self, row: dict[str, Any]) -> bool:
        """True for a cell that was made by this plan."""
        return all(row[name] == value for name, value in asdict(self).items())


def names(whole_grid: bool = False) -> list[str]:
    """Ways of training, independent agents first: every strategy of a cooperative team and every mode with averaged
    gradients, or all modes with all strategies."""
    pairs = [(mode, strategy) for mode in TrainingMode for strategy in WeightUpdateStrategy]
    if not whole_grid:
        cooperative, synchronized = TrainingMode.COOPERATIVE, WeightUpdateStrategy.SYNCHRONIZED
        pairs = [(mode, strategy) for mode, strategy in pairs if mode is cooperative or strategy is synchronized]
    return [INDEPENDENT, *(f"{mode.value}/{strategy.value}" for mode, strategy in pairs)]


def make_trainer(folder: str, agents: int, seed: int, workers: int = 2, **changes: Any) -> MultiModelTrainer:
    """A trainer on the cartridge of config.json."""
    values: dict[str, Any] = {"num_models": agents, "model_types": ["rules"], "enable_verl": False}
    values |= {"seed": seed, "checkpoint_dir": folder, "save_interval": 10**6, "enable_areal": False}
    trainer = MultiModelTrainer(MultiModelConfig(**{**values, **changes}))
    trainer.environment = create_cartridge_training_env(ROOT / "config.json", workers=workers)
    return trainer


# -- cells ---------------------------------------------------------------------------------------------------------


def play(name: str, seed: int, plan: Plan, workers: int) -> dict[str, Any]:
    """Trains and judges one cell."""
    if name == INDEPENDENT:
        changes: dict[str, Any] = {"training_mode": TrainingMode.COMPETITIVE, "competition_intensity": 0.0}
    else:
        mode, strategy = name.split("/")
        changes = {"training_mode": TrainingMode(mode), "weight_update_strategy": WeightUpdateStrategy(strategy)}
    begun_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        changes |= {"episode_length": EPISODE_STEPS, "max_episodes": plan.episodes}
        trainer = make_trainer(folder, plan.agents, seed, workers, **changes)
        results = asyncio.run(trainer.train())
        trained_s = time.perf_counter() - begun_s
        milestones = judge(trainer, plan)
        asyncio.run(trainer.shutdown())
    return {
        "name": name,
        "seed": seed,
        **asdict(plan),
        "milestones": milestones,
        "training_rewards": results["training_metrics"]["total_rewards"],
        "training_seconds": round(trained_s, 1),
        "seconds": round(time.perf_counter() - begun_s, 1),
    }


def judge(trainer: MultiModelTrainer, plan: Plan) -> list[list[int]]:
    """By agent: the milestones of every game that its policy plays alone."""
    session = trainer.session
    assert isinstance(session, SeatedSession)
    milestones = []
    for seat in session.seats:
        evaluator = FleetEvaluator(session.fleet, run_seed=seat.lane)
        directive = seat.team.curriculum.directive()
        result = evaluator.evaluate(seat.agent, AgentMode.RL_ONLY, plan.games, plan.horizon, directive)
        assert result is not None
        milestones.append([len(game.milestones) for game in result.episodes])
    return milestones


def path_of(folder: Path, name: str, seed: int) -> Path:
    """The file of a cell."""
    return folder / f"{name.replace('/', '_')}_{seed}.json"


def read_cells(folder: Path, summary: Path | None = None) -> list[dict[str, Any]]:
    """All cells that are kept in `folder`, and those in a `summary` of earlier ones that are not."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    known = {(row["name"], row["seed"]) for row in rows}
    if summary is not None and summary.is_file():
        kept = json.loads(summary.read_text(encoding="utf-8"))
        rows += [row for row in kept if (row["name"], row["seed"]) not in known]
    return rows


def missing(wanted: Sequence[str], seeds: Sequence[int], plan: Plan, rows: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """(name, seed) of the cells that are not there yet, seed by seed."""
    done = {(row["name"], row["seed"]) for row in rows if plan.fits(row)}
    yield from ((name, seed) for seed in seeds for name in wanted if (name, seed) not in done)


def keep(row: dict[str, Any], folder: Path) -> None:
    """Writes a cell, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_aside(path_of(folder, row["name"], row["seed"])) as aside:
        aside.write_text(json.dumps(row) + "\n", encoding="utf-8")


def play_all(cells: Sequence[tuple[str, int]], plan: Plan, folder: Path, workers: int, jobs: int) -> None:
    """Plays cells, `jobs` at a time, each in a process of its own."""

    def play_one(cell: tuple[str, int]) -> None:
        name, seed = cell
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.multi_model", "learn", "--results", str(folder)]
        command += ["--only", name, "--seed", str(seed), "--workers", str(workers)]
        for field, value in asdict(plan).items():
            command += [f"--{field}", str(value)]
        subprocess.run(command, cwd=ROOT, check=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(play_one, cells))


# -- the table -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the table."""

    name: str
    seeds: int
    milestones: tuple[float, float, float]
    """Mean, and the ends of its interval."""
    difference: tuple[float, float, float] | None
    """To independent agents of the same seeds; None for themselves, and while there are none."""

    @property
    def verdict(self) -> str:
        if self.difference is None:
            return ""
        _, low, high = self.difference
        return "better" if low > 0 else "worse" if high < 0 else "no difference shown"


def compare(rows: Sequence[dict[str, Any]], plan: Plan) -> list[Comparison]:
    """Every way of training that there are cells of."""
    of = {(row["name"], row["seed"]): np.array(row["milestones"], dtype=np.float64) for row in rows if plan.fits(row)}
    lines = []
    for name in names(whole_grid=True):
        seeds = sorted(seed for known, seed in of if known == name)
        if not seeds:
            continue
        mine = [of[name, seed].ravel() for seed in seeds]
        paired = [of[name, seed].ravel() - of[INDEPENDENT, seed].ravel() for seed in seeds if (INDEPENDENT, seed) in of]
        difference = interval(paired) if paired and name != INDEPENDENT else None
        lines.append(Comparison(name, len(seeds), interval(mine), difference))
    return lines


def interval(by_seed: Sequence[Values]) -> tuple[float, float, float]:
    """Mean and its 95 % interval: over seeds, or over games while there are fewer than three seeds."""
    if len(by_seed) >= FEWEST_SEEDS:
        units = np.array([row.mean() for row in by_seed])
        spread = STUDENT_T[min(len(units) - 1, len(STUDENT_T)) - 1] * units.std(ddof=1) / len(units) ** 0.5
        return float(units.mean()), float(units.mean() - spread), float(units.mean() + spread)
    games = np.concatenate(list(by_seed))
    dice = np.random.default_rng(0)
    means = games[dice.integers(0, len(games), (RESAMPLES, len(games)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(games.mean()), float(low), float(high)


def table(rows: Sequence[dict[str, Any]], plan: Plan) -> str:
    """Markdown: milestones of the frozen policies, and how many more they are than independent agents'."""
    lines = [
        f"{plan.agents} agents, {plan.steps:,} steps in all, {plan.games} games of at most {plan.horizon:,} steps for "
        "each policy.",
        "",
        "| trained | seeds | milestones | more than independent | verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    for line in compare(rows, plan):
        mean, low, high = line.milestones
        cells = [line.name, str(line.seeds), f"{mean:.2f} ({low:.2f} to {high:.2f})", "", line.verdict]
        if line.difference is not None:
            mean, low, high = line.difference
            cells[3] = f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
        lines.append(f"| {' | '.join(cells)} |")
    if any(line.seeds < FEWEST_SEEDS for line in compare(rows, plan)):
        lines += ["", f"With fewer than {FEWEST_SEEDS} seeds, intervals are over games and say nothing of other seeds."]
    return "\n".join(lines)


def draw(rows: Sequence[dict[str, Any]], plan: Plan, path: Path) -> None:
    """The table as a picture: milestones on the left, differences on the right, a dot a seed."""
    import matplotlib.pyplot as plt

    lines = compare(rows, plan)
    of = {(row["name"], row["seed"]): float(np.mean(row["milestones"])) for row in rows if plan.fits(row)}
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(10, 1.4 + 0.42 * len(lines)), layout="constrained")
    colours = {"better": "#1b7837", "worse": "#b2182b"}
    for place, line in enumerate(lines):
        colour = colours.get(line.verdict, "#555555")
        seeds = {seed: value for (name, seed), value in of.items() if name == line.name}
        for axes, found, dots in (
            (left, line.milestones, list(seeds.values())),
            (right, line.difference, [seeds[s] - of[INDEPENDENT, s] for s in seeds if (INDEPENDENT, s) in of]),
        ):
            if found is None:
                continue
            mean, low, high = found
            axes.plot([low, high], [place, place], color=colour, linewidth=2, zorder=2)
            axes.plot(mean, place, "o", color=colour, markersize=8, zorder=3)
            axes.plot(dots, [place] * len(dots), "|", color=colour, markersize=12, alpha=0.6, zorder=1)
    left.set_yticks(range(len(lines)), [f"{line.name} ({line.seeds})" for line in lines])
    left.invert_yaxis()
    left.set_xlabel("milestones of the policy alone")
    right.set_xlabel("more than independent agents of the same seed")
    right.axvline(0, color="#999999", linewidth=1)
    for axes in (left, right):
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{plan.agents} agents, {plan.steps:,} steps in all: mean, 95 % interval, and a stroke a seed (number of seeds)"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
