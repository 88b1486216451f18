"""`crystal-agent compare`: whole trainings side by side, each with several seeds, with intervals and a plot.

Each record file is one way of training, and each run in it is one seed. A way's number is the mean over its seeds of
their last episodes, with a 95 % interval of that mean by bootstrap over the seeds; of a single run the interval is over
its episodes, which says nothing of other seeds, and the table says so.
"""

from __future__ import annotations

import statistics
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.exceptions import ConfigurationError, HistoryError
from core.history.store import HistoryStore
from trainer.commands.printing import print_json, print_table
from trainer.commands.registry import COMMANDS
from trainer.evaluation.intervals import bootstrap_interval
from trainer.live_page.run_data import curves_of


class Measure(StrEnum):
    """What is compared, by episode."""

    REWARD = "reward"
    MILESTONES = "milestones"
    STEPS = "steps"
    LOOPS = "loops"


@COMMANDS.register("compare")
def compare(
    db: Annotated[list[Path], typer.Option("--db", help="A record file; give it again for each way of training.")],
    run: Annotated[list[str] | None, typer.Option(help="Only runs of this name; may be repeated.")] = None,
    measure: Annotated[Measure, typer.Option(help="What is compared.")] = Measure.REWARD,
    last: Annotated[int, typer.Option(min=1, help="Episodes at the end of each run that count.")] = 50,
    plot: Annotated[Path | None, typer.Option(help="Also draw the curves into this new .png or .svg file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Set ways of training side by side: one record file each, one run per seed."""
    if plot is not None and (plot.exists() or plot.suffix not in (".png", ".svg")):
        raise ConfigurationError(f"cannot plot into {plot}: name a new file that ends with .png or .svg")
    labels = labels_of(db)
    curves = {label: _curves(path, run, measure) for label, path in zip(labels, db, strict=True)}
    rows = []
    for label, runs in curves.items():
        ends = [statistics.fmean(values[-last:]) for values in runs.values()]
        spread = ends if len(ends) > 1 else next(iter(runs.values()))[-last:]
        low, high = bootstrap_interval(spread)
        rows.append(
            {
                "way": label,
                "runs": len(runs),
                "episodes": sum(map(len, runs.values())),
                "mean": statistics.fmean(ends),
                "low": low,
                "high": high,
                "interval_over": "seeds" if len(ends) > 1 else "episodes of one run",
            }
        )
    if json:
        print_json(rows)
    else:
        title = f"{measure.value} of the last {last} episodes, 95 % bootstrap interval of the mean"
        print_table(title, list(rows[0]), [list(row.values()) for row in rows])
    if plot is not None:
        from trainer.monitoring.comparison_plot import draw_comparison

        draw_comparison({label: list(runs.values()) for label, runs in curves.items()}, measure.value, plot)
        if not json:
            typer.echo(f"wrote {plot}")


def labels_of(paths: list[Path]) -> list[str]:
    """A short name for each file: its own, or that of its folder where two have the same."""
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [f"{path.resolve().parent.name}/{path.stem}" for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise ConfigurationError("the same record file is named twice; name each --db once")
    return names


def _curves(path: Path, wanted: list[str] | None, measure: Measure) -> dict[str, list[float]]:
    """By run with an episode: the measure of each episode, or of equal stretches of very long runs."""
    with HistoryStore(path, must_exist=True) as store:
        names = [one.name for one in store.runs() if wanted is None or one.name in wanted]
        found = {name: curves_of(store, name) for name in names}
    kept = {name: [float(value) for value in one[measure.value]] for name, one in found.items() if one["episodes"]}
    if not kept:
        what = "no run with an episode" if wanted is None else f"no run called {' or '.join(wanted)} with an episode"
        raise HistoryError(f"{path} has {what}: there is nothing to compare")
    return kept
