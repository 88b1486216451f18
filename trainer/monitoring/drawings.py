"""The pictures of a training log: who cooperated or competed with whom, and metrics over the episodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.arenas.base import Stance
from core.extras import needs_extra
from trainer.monitoring.records import TrainingLog

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODEL_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#5C5C5C")
"""Okabe and Ito's colours, which colour-blind readers tell apart, with a darker yellow and two more."""
COMPETE_COLOUR, BALANCED_COLOUR, COOPERATE_COLOUR = "#C8501E", "#C9C9C9", "#0B7A75"
RUN_COLOUR = "#222222"
MOST_PANELS = 9
SMOOTHING_SHARE = 0.05
"""Width of the running mean, as a share of the episodes drawn."""


def cooperation_share(stances: dict[Stance, int]) -> float | None:
    """Share of cooperation among cooperations and competitions; None without any."""
    either = stances[Stance.COOPERATE] + stances[Stance.COMPETE]
    return stances[Stance.COOPERATE] / either if either else None


def draw_network(log: TrainingLog) -> Figure:
    """Models on a circle, with an arrow to each model they met: its colour shows the stance, its width how often."""
    figure = _figure(7.2, 6.6)
    axes = figure.subplots()
    models, stances = log.models, log.stances()
    places = _circle(len(models))
    most = max((sum(by_stance.values()) for by_stance in stances.values()), default=1)
    for (source, target), by_stance in sorted(stances.items()):
        _arrow(axes, places[models.index(source)], places[models.index(target)], by_stance, most)
    for index, (model, (x, y)) in enumerate(zip(models, places, strict=True)):
        axes.scatter([x], [y], s=1500, color=_colour(index), edgecolors="white", linewidths=2, zorder=3)
        axes.text(x, y, str(index + 1), color="white", ha="center", va="center", fontsize=13, weight="bold", zorder=4)
        axes.text(1.22 * x, 1.22 * y, model, ha=_side(x), va="center", fontsize=10, zorder=4)
    axes.set_xlim(-1.75, 1.75)
    axes.set_ylim(-1.45, 1.35)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title("Who treated whom how", loc="left", fontsize=13, weight="bold")
    _stance_legend(axes)
    if not stances:
        axes.text(0, 0, "no interactions in this log", ha="center", va="center", fontsize=11)
    return figure


def draw_matrix(log: TrainingLog) -> Figure:
    """A square per pair: the share of cooperation when the row acted towards the column."""
    models, stances = log.models, log.stances()
    side = max(3.6, 0.62 * len(models) + 2.4)
    figure = _figure(side + 0.8, side)
    axes = figure.subplots()
    empty = dict.fromkeys(Stance, 0)
    shares = [[cooperation_share(stances.get((row, column), empty)) for column in models] for row in models]
    values = [[math.nan if share is None else share for share in row] for row in shares]
    if models:
        axes.imshow(values, cmap=_stance_map(), vmin=0, vmax=1)
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            if share is not None:
                dark = abs(share - 0.5) > 0.28
                axes.text(
                    x, y, f"{share:.0%}", ha="center", va="center", color="white" if dark else "black", fontsize=9
                )
    axes.set_xticks(range(len(models)), models, rotation=40, ha="right", fontsize=9)
    axes.set_yticks(range(len(models)), models, fontsize=9)
    axes.set_xlabel("was treated")
    axes.set_ylabel("acted")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title("Cooperation, share", loc="left", fontsize=13, weight="bold")
    return figure


def draw_curves(log: TrainingLog) -> Figure:
    """A panel per metric, a line per model: a running mean, with the values themselves behind it."""
    metrics = sorted(log.curves, key=lambda name: (name != "reward", name != "cooperation_ratio", name))[:MOST_PANELS]
    columns = min(2, max(1, len(metrics)))
    rows = max(1, math.ceil(len(metrics) / columns))
    figure = _figure(5.6 * columns, 3.3 * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    models = log.models
    for place, axes in enumerate(grid):
        if place >= len(metrics):
            axes.axis("off")
            continue
        for model in sorted(log.curves[metrics[place]], key=lambda name: name or ""):
            colour = RUN_COLOUR if model is None else _colour(models.index(model))
            episodes, values = log.series(metrics[place], model)
            axes.plot(episodes, values, color=colour, alpha=0.22, linewidth=0.8)
            axes.plot(episodes, _running_mean(values), color=colour, linewidth=1.8, label=model or "all")
        axes.set_title(metrics[place].replace("_", " "), loc="left", fontsize=11, weight="bold")
        axes.set_xlabel("episode", fontsize=9)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    lines = {line.get_label(): line for axes in grid for line in axes.get_lines() if line.get_label()[0] != "_"}
    if lines:
        figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    if not metrics:
        grid[0].text(0.5, 0.5, "no numbers in this log", ha="center", va="center", fontsize=11)
    return figure


def _figure(width: float, height: float) -> Figure:
    """An empty figure that needs no screen; sizes in inches."""
    with needs_extra("no picture can be drawn"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as MakeFigure
    figure = MakeFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _circle(count: int) -> list[tuple[float, float]]:
    """Places on the unit circle, clockwise from the top."""
    angles = [math.pi / 2 - 2 * math.pi * index / max(1, count) for index in range(count)]
    return [(math.cos(angle), math.sin(angle)) for angle in angles]


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], stances: dict[Stance, int], most: int
) -> None:
    from matplotlib.patches import FancyArrowPatch

    share, count = cooperation_share(stances), sum(stances.values())
    colour = BALANCED_COLOUR if share is None else _stance_map()(share)
    arrow = FancyArrowPatch(
        start,
        end,
        connectionstyle="arc3,rad=0.13",  # the two directions bend to different sides
        arrowstyle="-|>,head_length=7,head_width=3.5",
        shrinkA=21,
        shrinkB=21,
        color=colour,
        linewidth=0.8 + 2.4 * count / most,
        zorder=1 if share is None else 2,
    )
    if share is None:
        arrow.set_linestyle(":")
    axes.add_patch(arrow)


def _stance_map() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("stance", [COMPETE_COLOUR, BALANCED_COLOUR, COOPERATE_COLOUR])


def _stance_legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    kinds = (
        ("cooperated always", COOPERATE_COLOUR),
        ("half and half", BALANCED_COLOUR),
        ("competed always", COMPETE_COLOUR),
        ("met only", BALANCED_COLOUR),
    )
    handles = [Line2D([], [], color=colour, linewidth=3, label=text) for text, colour in kinds]
    handles[-1].set_linestyle(":")
    axes.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9, bbox_to_anchor=(0.5, -0.03))


def _side(x: float) -> str:
    return "center" if abs(x) < 0.2 else "left" if x > 0 else "right"


def _colour(index: int) -> str:
    return MODEL_COLOURS[index % len(MODEL_COLOURS)]


def _running_mean(values: Sequence[float]) -> list[float]:
    width = max(1, round(SMOOTHING_SHARE * len(values)))
    means: list[float] = []
    total = 0.0
    for index, value in enumerate(values):
        total += value
        if index >= width:
            total -= values[index - width]
        means.append(total / min(index + 1, width))
    return means
