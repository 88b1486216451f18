"""Is the learning at equal steps as good as before? python -m benchmarks.learning_curve runs/before runs/after

Compares the curves of the policy by itself in two folders of cells of `benchmarks.hybrid`, seed by seed. Make them in
a checkout of the older program and in this one, with the same arguments:

    python -m benchmarks.hybrid --parts hybrid --steps 40000 --seeds 0 1 2 3 4 --games 1 --out runs/before

A seed is a cell that is kept, so an interrupted making goes on with the next one, and processes may share the seeds.
Exit code 1 says that the curve is worse: the 95 % interval of the difference, over the whole curve, lies below 0.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console as Terminal
from rich.table import Table

from benchmarks.hybrid import CURVE_HORIZON, Cell, read_cells
from core.exceptions import ConfigurationError
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.intervals import bootstrap_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """After less before, in milestones of the policy's games: the mean of the seeds and its 95 % interval."""

    steps: int | None
    """Of training; None for the mean over the curve."""
    before: float
    after: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high < 0


def differences(before: Sequence[Cell], after: Sequence[Cell]) -> list[Difference]:
    """One for each moment of the curve, then one for the whole of it.

    Raises ConfigurationError where no seed has a curve on both sides, or curves have other moments.
    """
    older, newer = ({cell.seed: cell.curve for cell in cells if cell.curve} for cells in (before, after))
    seeds = sorted(older.keys() & newer.keys())
    if not seeds:
        raise ConfigurationError(
            f"there are curves of the seeds {sorted(older)} before and {sorted(newer)} after, and of none on both "
            "sides; make the same ones with `python -m benchmarks.hybrid --parts hybrid`"
        )
    moments = {len(curves[seed]) for curves in (older, newer) for seed in seeds}
    if len(moments) > 1:
        raise ConfigurationError(f"curves have {sorted(moments)} points: make both with the same --curve-points")
    pairs = [
        [(statistics.fmean(old.milestones), statistics.fmean(new.milestones)) for old, new in zip(*curves, strict=True)]
        for curves in ((older[seed], newer[seed]) for seed in seeds)
    ]
    found = [
        _difference(newer[seeds[0]][moment].steps, [of_seed[moment] for of_seed in pairs])
        for moment in range(moments.pop())
    ]
    return [*found, _difference(None, [_mean(of_seed) for of_seed in pairs])]


def _mean(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.fmean(old for old, _ in pairs), statistics.fmean(new for _, new in pairs)


def _difference(steps: int | None, pairs: Sequence[tuple[float, float]]) -> Difference:
    return Difference(steps, *_mean(pairs), *bootstrap_interval([new - old for old, new in pairs]))


def main(arguments: list[str] | None = None) -> int:
    """Prints the comparison; 1 where the curve is worse, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="folder of cells")
    parser.add_argument("after", type=Path, help="folder of cells")
    parsed = parser.parse_args(arguments)
    is_worse = []
    status = run_reporting_bad_input(lambda: is_worse.append(_show(parsed.before, parsed.after)))
    return status or int(any(is_worse))


def _show(before: Path, after: Path) -> bool:
    rows = differences(*([cell for cell in read_cells(one) if cell.part == "hybrid"] for one in (before, after)))
    table = Table(title=f"milestones of the policy by itself in {CURVE_HORIZON:,} steps")
    for heading in ("training steps", "before", "after", "difference (95 %)"):
        table.add_column(heading, justify="right")
    for row in rows:
        steps = "whole curve" if row.steps is None else f"{row.steps:,}"
        difference = f"{row.after - row.before:+.2f} ({row.low:+.2f} to {row.high:+.2f})"
        table.add_row(steps, f"{row.before:.2f}", f"{row.after:.2f}", difference)
    Terminal().print(table)
    Terminal().print("the curve is worse" if rows[-1].is_worse else "the curve is not shown to be worse")
    return rows[-1].is_worse


if __name__ == "__main__":
    sys.exit(main())
