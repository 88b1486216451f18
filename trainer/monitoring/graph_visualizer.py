"""From a monitor's log to pictures and one self-contained page.

visualizer = create_graph_visualizer("./logs/metrics.json")
visualizer.save_png(Path("pictures"))
visualizer.save_html(Path("training.html"))
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from core.arenas.base import Stance
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.monitoring.drawings import cooperation_share, draw_curves, draw_matrix, draw_network
from trainer.monitoring.records import TrainingLog, read_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES: dict[str, tuple[Callable[[TrainingLog], Figure], str]] = {
    "network": (draw_network, "Models on a circle; an arrow's colour says how its source treated its target"),
    "cooperation": (draw_matrix, "Share of cooperation, acting model by row, treated model by column"),
    "curves": (draw_curves, "Metrics over the episodes, a line for each model"),
}
"""Pictures by file name: the function that draws each, and a caption."""
PNG_DOTS_PER_INCH = 130
COMPARED_SHARE = 0.1
"""Share of the first and of the last episodes that the table compares."""
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.6rem;margin:0}p.lead{color:#555;margin:.2rem 0 1.5rem}
.tiles{display:flex;flex-wrap:wrap;gap:1rem;margin-bottom:1.5rem}
.tile{border:1px solid #ddd;border-radius:8px;padding:.6rem 1rem;min-width:8rem}
.tile b{display:block;font-size:1.5rem}
.pair{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}.pair figure{flex:1 1 24rem}
figure{margin:0 0 1.5rem}img{max-width:100%;height:auto;border:1px solid #eee;border-radius:8px}
figcaption{color:#555;font-size:.85rem}
table{border-collapse:collapse;margin-bottom:2rem}th,td{padding:.35rem .9rem;border-bottom:1px solid #ddd}
th,td{text-align:right}th:first-child,td:first-child{text-align:left}
"""


class GraphVisualizer:
    """Draws one log. The file is read again for every picture, so it also shows a running training.

    Args:
        log_file: what a `UnifiedMonitor` wrote.
    """

    def __init__(self, log_file: str | Path) -> None:
        self.log_file = Path(log_file)

    def read(self) -> TrainingLog:
        """The present log; `ConfigurationError` when there is none."""
        return read_log(self.log_file)

    def save_png(self, folder: str | Path) -> list[Path]:
        """Write `network.png`, `cooperation.png` and `curves.png`; returns their paths."""
        log, target = self.read(), Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        written = []
        for name, (draw, _) in PICTURES.items():
            written.append(target / f"{name}.png")
            draw(log).savefig(written[-1], dpi=PNG_DOTS_PER_INCH)
        return written

    def save_html(self, path: str | Path) -> Path:
        """Write one page with the pictures, a table of the models and the totals; returns its path."""
        log, target = self.read(), Path(path)
        write_text_atomically(target, self._page(log))
        return target

    def _page(self, log: TrainingLog) -> str:
        network, cooperation, curves = (_figure(log, name) for name in PICTURES)
        title = f"Training of {len(log.models)} models"
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<style>{_STYLE}</style></head><body>\n"
            f'<h1>{title}</h1><p class="lead">{html.escape(str(self.log_file))}</p>\n'
            f"{_tiles(log)}\n{_table(log)}\n"
            f'<div class="pair">{network}{cooperation}</div>\n{curves}\n</body></html>\n'
        )


def _figure(log: TrainingLog, name: str) -> str:
    draw, words = PICTURES[name]
    drawn = io.BytesIO()
    draw(log).savefig(drawn, format="svg")
    data = base64.b64encode(drawn.getvalue()).decode()
    image = f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{data}">'
    return f"<figure>{image}<figcaption>{html.escape(words)}.</figcaption></figure>"


def _tiles(log: TrainingLog) -> str:
    episodes = {episode for by_model in log.curves.values() for series in by_model.values() for episode in series}
    total = dict.fromkeys(Stance, 0)
    for by_stance in log.stances().values():
        for stance, count in by_stance.items():
            total[stance] += count
    facts = [
        ("models", str(len(log.models))),
        ("episodes", str(len(episodes | set(log.interactions)))),
        ("interactions", f"{sum(total.values()):,}"),
        ("cooperation", _percent(cooperation_share(total))),
    ]
    if log.skipped_lines:
        facts.append(("half-written lines skipped", str(log.skipped_lines)))
    return (
        '<div class="tiles">'
        + "".join(f'<div class="tile"><b>{value}</b>{name}</div>' for name, value in facts)
        + "</div>"
    )


def _table(log: TrainingLog) -> str:
    stances = log.stances()
    head = ("model", "reward at first", "reward at last", "cooperated", "was cooperated with")
    rows = []
    for model in log.models:
        values = log.series("reward", model)[1]
        few = max(1, round(COMPARED_SHARE * len(values)))
        given = _total(by_stance for (source, _), by_stance in stances.items() if source == model)
        got = _total(by_stance for (_, target), by_stance in stances.items() if target == model)
        first, last = (f"{mean(values[:few]):.3f}", f"{mean(values[-few:]):.3f}") if values else ("-", "-")
        rows.append((model, first, last, _percent(cooperation_share(given)), _percent(cooperation_share(got))))
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        "<table><thead><tr>"
        + "".join(f"<th>{name}</th>" for name in head)
        + f"</tr></thead><tbody>{cells}</tbody></table>"
    )


def _total(parts: Iterable[dict[Stance, int]]) -> dict[Stance, int]:
    total = dict.fromkeys(Stance, 0)
    for part in parts:
        for stance, count in part.items():
            total[stance] += count
    return total


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def create_graph_visualizer(log_file: str) -> GraphVisualizer:
    """Pictures of the log that a monitor wrote."""
    return GraphVisualizer(log_file)
