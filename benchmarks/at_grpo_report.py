"""What the AT-GRPO benchmark has measured so far, as numbers, a table and curves in the docs.

    python -m benchmarks.at_grpo_report

Writes `docs/data/at_grpo.json` (every cell), `docs/images/at_grpo_curves.png` (every run's curve) and the table between
the marks in `docs/at_grpo.md`. Cells that are missing stay empty; run it again when there are more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt

from benchmarks.at_grpo import FOLDER, METHODS, PRESET_OF, Cell, finished_cells

DOCS = Path("docs")
BEGIN, END = "<!-- at_grpo table: written by benchmarks/at_grpo_report.py -->", "<!-- end of table -->"
TITLES = {
    "plan_path": "plan_path 10 x 10",
    "sokoban": "sokoban 6 x 6, one box",
    "sudoku": "sudoku 4 x 4",
    "crystal": "crystal, on the cartridge",
}
ROWS = {
    "before": "before",
    "format_stage": "after the format stage",
    "single_agent": "single-agent GRPO",
    "shared": "AT-GRPO, one shared model",
    "per_role": "AT-GRPO, a model per role",
    "swapped": "the same, roles swapped",
}
PUBLISHED = (
    "| the paper, single-agent GRPO (1.7B / 8B) | 0.11 / 0.47 | 0.03 / 0.14 | 0.29 / 0.54 | |",
    "| the paper, AT-GRPO per role (1.7B / 8B) | 0.97 / 0.96 | 0.115 / 0.98 | 0.99 / 0.99 | |",
)
COLOURS = {"single_agent": "tab:gray", "shared": "tab:orange", "per_role": "tab:blue"}


def table(cells: Sequence[Cell]) -> str:
    """Markdown, two tables: a method a row, a world a column; first the mean of the seeds, then every seed."""
    means, seeds = _head(), _head()
    for method in METHODS:
        of_method = [[cell for cell in cells if (cell.world, cell.method) == (world, method)] for world in TITLES]
        means.append(_row(ROWS[method], [_mean(found) for found in of_method]))
        seeds.append(_row(ROWS[method], [_every_seed(found) for found in of_method]))
    return "\n".join([*means, *PUBLISHED, "", "Seed 0, 1, 2:", "", *seeds])


def _head() -> list[str]:
    return [_row("", list(TITLES.values())), "|---" * (1 + len(TITLES)) + "|"]


def _row(title: str, entries: Sequence[str]) -> str:
    return f"| {title} | " + " | ".join(entries) + " |"


def _mean(cells: Sequence[Cell]) -> str:
    return f"**{sum(cell.success for cell in cells) / len(cells):.3f}**" if cells else ""


def _every_seed(cells: Sequence[Cell]) -> str:
    return ", ".join(f"{cell.success:.3f}" for cell in sorted(cells, key=lambda cell: cell.seed))


def draw(cells: Sequence[Cell], path: Path) -> None:
    """One picture a world: success on validation problems by iteration, a line a run."""
    figure, axes = plt.subplots(1, len(TITLES), figsize=(4 * len(TITLES), 3.2), sharey=True, layout="constrained")
    for axis, (world, title) in zip(axes, TITLES.items(), strict=True):
        axis.set(title=title, xlabel="iteration", ylim=(-0.03, 1.03))
        axis.grid(alpha=0.3)
        for method in PRESET_OF:
            runs = [cell for cell in cells if (cell.world, cell.method) == (world, method)]
            for number, run in enumerate(sorted(runs, key=lambda cell: cell.seed)):
                label = ROWS[method] if number == 0 else None
                axis.plot(*zip(*run.curve, strict=True), color=COLOURS[method], alpha=0.8, lw=1.4, label=label)
    axes[0].set_ylabel("solved, likeliest answers")
    axes[0].legend(fontsize=8, loc="center right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def put_table(document: Path, text: str) -> None:
    """Replace what stands between the marks."""
    content = document.read_text(encoding="utf-8")
    head, _, rest = content.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise SystemExit(f"{document} has no marks for the table: {BEGIN} ... {END}")
    document.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the benchmark wrote its cells")
    cells = list(finished_cells(parser.parse_args().folder))
    (DOCS / "data").mkdir(exist_ok=True)
    numbers = json.dumps([asdict(cell) for cell in cells], indent=1)
    (DOCS / "data" / "at_grpo.json").write_text(numbers + "\n", encoding="utf-8")
    draw(cells, DOCS / "images" / "at_grpo_curves.png")
    put_table(DOCS / "at_grpo.md", table(cells))
    print(f"{len(cells)} cells")


if __name__ == "__main__":
    main()
