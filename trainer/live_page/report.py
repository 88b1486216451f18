"""A run as one file that needs nothing else: curves, milestones, sources, losses, maps, patterns, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from core.history.store import HistoryStore
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.lane_views.lane_view import all_cells
from trainer.live_page.assets import chart_library, filled
from trainer.live_page.run_data import curves_of, maps_of, metric_lines, patterns_of, runs_of
from trainer.live_page.server import ServedRun
from trainer.run.curves import FILE_NAME as CURVES
from trainer.run.summary import FILE_NAME as SUMMARY

FILE_NAME: Final = "report.html"


def write_report(run: ServedRun, run_name: str | None, path: Path) -> Path:
    """Writes the report of a run of the record (the newest where None), about 5 MB, most of it the chart library.

    Raises HistoryError where the record has no such run, or none at all.
    """
    with HistoryStore(run.database, must_exist=True) as store:
        curves = curves_of(store, run_name)
        name = curves["run"]
        lines = metric_lines(run.save_dir / CURVES, ("evaluation", "update"))
        summary = _summary(run.save_dir / SUMMARY)
        data = {
            "curves": {**curves, "lines": [line for line in lines if line.get("run") == name]},
            "summary": summary if summary.get("run") == name else None,
            "runs": runs_of(store),
            "patterns": patterns_of(store),
            "maps": maps_of(all_cells(run.folder), run.game),
            "settings": list(_flat(json.loads(store.find_run(name).settings))),
        }
    told = json.dumps(data).replace("<", "\\u003c")  # no text of it ends the element that it stands in
    write_text_atomically(path, filled("report.html", **{"data": told, "plotly.js": chart_library()}))
    return path


def _summary(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _flat(settings: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value if isinstance(value, str) else json.dumps(value)
