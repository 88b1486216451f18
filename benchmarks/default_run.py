"""What the default run reaches, over several seeds: python -m benchmarks.default_run [--seeds 0 1 2 3 4] [--games 6]

Each seed is a whole training of `config.json` with its evaluations at the end: new games with a frozen agent, on seeds
that no training meets. A seed is a *cell*, a JSON file in `--out`: what is done is not done again, and a training that
was interrupted goes on where its last finished episode ended. The table has all seeds' games together, with 95 % Wilson
intervals; `--table` prints it without training.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from trainer.checkpoints.durable_files import write_text_atomically
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.intervals import wilson_interval
from trainer.hybrid_llm_rl_trainer import create_trainer
from trainer.settings import Settings, load_settings

CONFIG = Path(__file__).resolve().parent.parent / "config.json"
FOLDER = Path("runs/default_run")
SEEDS = (0, 1, 2, 3, 4)
NAMES = {
    "untrained": "policy alone, before its first update",
    "rl_only": "policy alone, after training",
    "adaptive": "adaptive",
    "rules_only": "rules alone",
    "llm_only": "language model alone",
}


def cell_of(settings: Settings, seed: int, games: int, out: Path) -> dict[str, Any]:
    """The training of one seed, from its cell where there is one."""
    path = out / f"seed_{seed}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    folder = out / f"seed_{seed}"
    own = settings.changed(
        seed=seed, eval_episodes=games, save_dir=folder / "checkpoints", decision_db_path=folder / "decisions.db"
    )
    resumes = (folder / "checkpoints/latest").exists()
    trainer = create_trainer(own, resume_from="latest" if resumes else None)
    try:
        summary = trainer.train(**own.train_arguments())
    finally:
        trainer.close()
    if summary["interrupted"]:
        raise KeyboardInterrupt
    results = dict(summary["evaluation_by_mode"])
    if summary["evaluation_untrained"] is not None:
        results["untrained"] = summary["evaluation_untrained"]
    cell = {
        "seed": seed,
        "policy": own.policy,
        "steps": summary["total_steps"],
        "minutes": summary["duration_s"] / 60,
        "results": results,
    }
    write_text_atomically(path, json.dumps(cell, indent=1) + "\n")
    return cell


def table(cells: list[dict[str, Any]]) -> list[str]:
    """Markdown: all games of all seeds together."""
    lines = [
        "| who plays | reward | milestones | reached the end (95 %) | least of a seed | steps |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for mode, name in NAMES.items():
        found = [cell["results"][mode] for cell in cells if mode in cell["results"]]
        if not found:
            continue
        games = sum(one["episodes"] for one in found)
        ended = [round(one["success_rate"] * one["episodes"]) for one in found]
        low, high = wilson_interval(sum(ended), games)
        reward, milestones, steps = (
            statistics.fmean(one[key] for one in found) for key in ("avg_reward", "avg_milestones", "avg_length")
        )
        worst = min(found, key=lambda one: one["success_rate"])
        lines.append(
            f"| {name} | {reward:.1f} | {milestones:.1f} | {sum(ended)} of {games} ({low:.0%} to {high:.0%})"
            f" | {round(worst['success_rate'] * worst['episodes'])} of {worst['episodes']} | {steps:.0f} |"
        )
    steps = statistics.fmean(cell["steps"] for cell in cells)
    minutes = statistics.fmean(cell["minutes"] for cell in cells)
    return [*lines, "", f"{len(cells)} seeds, {steps:,.0f} steps and {minutes:.1f} minutes of training on average."]


def main(arguments: list[str]) -> None:
    """Trains what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--games", type=int, default=6, help="of each way and seed")
    parser.add_argument("--policy", choices=("heads", "sb3"), help="instead of the config's")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--table", action="store_true", help="of what is done; trains nothing")
    given = parser.parse_args(arguments)
    if given.table:
        cells = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(given.out.glob("seed_*.json"))]
    else:
        given.out.mkdir(parents=True, exist_ok=True)
        settings = load_settings(given.config).changed(policy=given.policy)
        cells = [cell_of(settings, seed, given.games, given.out.resolve()) for seed in given.seeds]
    print("\n".join(table(cells)) if cells else f"no cell is in {given.out}")


if __name__ == "__main__":
    sys.exit(run_reporting_bad_input(lambda: main(sys.argv[1:])))
