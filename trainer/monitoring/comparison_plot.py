"""Curves of several ways of training in one picture: the mean over seeds, and where the seeds lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from core.extras import needs_extra

SMOOTHED_EPISODES: Final = 20


def draw_comparison(ways: Mapping[str, Sequence[Sequence[float]]], measure: str, path: Path) -> None:
    """Draws `ways` (name to one sequence of values per seed) into `path`: running means of 20 episodes, their mean over
    the seeds, and a band from the least to the greatest seed. Needs the extra `plots`."""
    with needs_extra("a plot of a comparison"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    (FigureCanvasSVG if path.suffix == ".svg" else FigureCanvasAgg)(figure)
    axes = figure.add_subplot()
    for name, seeds in ways.items():
        smooth = [_running_mean(np.asarray(seed, dtype=np.float64)) for seed in seeds]
        shortest = min(map(len, smooth))
        rows = np.array([seed[:shortest] for seed in smooth])
        episodes = np.arange(1, shortest + 1)
        (line,) = axes.plot(episodes, rows.mean(axis=0), label=f"{name} ({len(seeds)} runs)")
        if len(seeds) > 1:
            axes.fill_between(episodes, rows.min(axis=0), rows.max(axis=0), color=line.get_color(), alpha=0.2, lw=0)
    axes.set(xlabel="episode", ylabel=f"{measure}, mean of {SMOOTHED_EPISODES} episodes")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def _running_mean(values: np.ndarray) -> np.ndarray:
    sums = np.cumsum(np.insert(values, 0, 0.0))
    ends = np.arange(1, values.size + 1)
    begins = np.maximum(0, ends - SMOOTHED_EPISODES)
    return (sums[ends] - sums[begins]) / (ends - begins)
