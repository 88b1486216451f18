"""Table and learning curves of `benchmarks.hybrid`: python -m benchmarks.hybrid_report [--runs runs/hybrid] [--write]

Prints the table of the cells that are there. `--write` also puts it between the marks in `docs/hybrid.md`, all cells
into `docs/data/hybrid.json` and the curves into `docs/images/hybrid.png`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.markdown import Markdown

from benchmarks.hybrid import CURVE_HORIZON, FOLDER, Cell, read_cells
from core.history.loops import loop_share
from trainer.evaluation.intervals import wilson_interval

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- hybrid table: written by benchmarks/hybrid_report.py -->", "<!-- end of table -->"
ROWS = {
    "random": "random",
    "rules": "rules alone",
    "language_model": "language model alone",
    "rl_alone": "RL alone",
    "hybrid": "**hybrid**, no LLM",
    "its_policy": "the hybrid's policy alone",
}
HEAD = "| who plays | trained steps | minutes | games | reached (95 %) | median steps (95 %) | milestones | in loops |"


class PlayedGame(Protocol):
    """What the numbers of a row are made from."""

    @property
    def reached(self) -> bool: ...
    @property
    def steps(self) -> int: ...


def table(cells: Sequence[Cell]) -> str:
    """Markdown: a row for each way to play; games of all seeds are pooled."""
    lines = [HEAD, "| --- " * 8 + "|"]
    for row, title in ROWS.items():
        of_row = [cell for cell in cells if row in cell.games]
        games = [game for cell in of_row for game in cell.games[row]]
        if not games:
            continue
        reached = sum(game.reached for game in games)
        low, high = wilson_interval(reached, len(games))
        trained = [cell.training_steps for cell in of_row if cell.training_steps]
        minutes = [cell.training_s / 60 for cell in of_row if cell.training_steps]
        lines.append(
            f"| {title} | {f'{statistics.fmean(trained):,.0f}' if trained else ''} "
            f"| {f'{statistics.fmean(minutes):.0f}' if minutes else ''} "
            f"| {len(games)} on {len(of_row)} seeds | {reached / len(games):.0%} ({low:.0%} to {high:.0%}) "
            f"| {median_steps(games)}{median_interval(games)} "
            f"| {statistics.fmean(game.milestones for game in games):.1f} "
            f"| {loop_share(games):.1%} |"
        )
    return "\n".join(lines)


def median_steps(games: Sequence[PlayedGame]) -> str:
    """Over all games; those that did not get there count as slower than all others."""
    if sum(game.reached for game in games) * 2 <= len(games):
        return "not reached"
    return f"{statistics.median(_ranked(games)):,.0f}"


def median_interval(games: Sequence[PlayedGame]) -> str:
    """ "(2,800 to 3,000)": the 95 % interval of the median by ranks, with no assumption about the steps; "" for few."""
    steps = _ranked(games)
    half = 0.98 * len(steps) ** 0.5
    low, high = round(len(steps) / 2 - half) - 1, round(len(steps) / 2 + half)
    if low < 0 or high >= len(steps) or steps[high] == float("inf"):
        return ""
    return f" ({steps[low]:,.0f} to {steps[high]:,.0f})"


def _ranked(games: Sequence[PlayedGame]) -> list[float]:
    """Steps in order; a game that did not get there is slower than all others."""
    return sorted(game.steps if game.reached else float("inf") for game in games)


def draw(cells: Sequence[Cell], path: Path) -> None:
    """Milestones of the policy by itself against training steps: mean of the seeds and its 95 % interval."""
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for part, label, colour in (("hybrid", "the hybrid's policy", "tab:blue"), ("rl_alone", "RL alone", "tab:gray")):
        curves = [cell.curve for cell in cells if cell.part == part and cell.curve]
        if not curves:
            continue
        steps = np.mean([[point.steps for point in curve] for curve in curves], axis=0)
        means = np.array([[statistics.fmean(point.milestones) for point in curve] for curve in curves])
        middle = means.mean(axis=0)
        axis.plot(steps, middle, "o-", color=colour, label=f"{label} ({len(curves)} seeds)")
        if len(curves) > 1:
            half = 1.96 * means.std(axis=0, ddof=1) / np.sqrt(len(curves))
            axis.fill_between(steps, middle - half, middle + half, color=colour, alpha=0.2, linewidth=0)
    axis.set_xlabel("training steps, all lanes together")
    axis.set_ylabel(f"milestones in {CURVE_HORIZON:,} steps")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    if axis.get_legend_handles_labels()[0]:
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write(cells: Sequence[Cell], docs: Path = DOCS) -> None:
    """Data, picture, and the table between the marks of `hybrid.md`."""
    (docs / "data" / "hybrid.json").write_text(json.dumps([asdict(cell) for cell in cells]), encoding="utf-8")
    draw(cells, docs / "images" / "hybrid.png")
    page = docs / "hybrid.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n{table(cells)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Prints, and writes where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=FOLDER)
    parser.add_argument("--write", action="store_true", help="into the docs as well")
    arguments = parser.parse_args()
    cells = list(read_cells(arguments.runs))
    Console().print(Markdown(table(cells)))
    if arguments.write:
        write(cells)


if __name__ == "__main__":
    main()
