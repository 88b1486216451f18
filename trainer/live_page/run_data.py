"""What the page shows of a decision record: runs, curves, who decides where, patterns. JSON-able dicts, for the page
and for the report alike."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from core.game.game_data import GameData
from core.history.outcome import MICRO
from core.history.patterns import find_patterns
from core.history.store import HistoryStore
from core.history.summaries import RunSummary, summarize_run
from core.vocabulary import MapId

MOST_POINTS: Final = 2000
"""Of a curve; where a run has more episodes, equal stretches of it are one point each."""
MOST_RUNS: Final = 50
PATTERNS_OF_A_KIND: Final = 6
LEAST_FREQUENCY: Final = 3
Z_95: Final = 1.96


def runs_of(store: HistoryStore) -> list[dict[str, Any]]:
    """The newest runs of the record, newest first, each with its numbers and a 95 % interval of its mean reward."""
    return [_run(summarize_run(store.connection, run)) for run in reversed(store.runs()[-MOST_RUNS:])]


def _run(summary: RunSummary) -> dict[str, Any]:
    spread = Z_95 * summary.reward_standard_error
    return {
        "name": summary.name,
        "started_at": summary.started_at.isoformat(timespec="seconds"),
        "episodes": summary.episodes,
        "decisions": summary.decisions,
        "mean_reward": _finite(summary.mean_reward),
        "reward_low": _finite(summary.mean_reward - spread),
        "reward_high": _finite(summary.mean_reward + spread),
        "best_reward": _finite(summary.best_reward),
        "mean_steps": summary.mean_steps,
        "loop_share": summary.loop_share,
        "sources": {name: asdict(source) for name, source in summary.sources.items()},
        "milestones": {name: asdict(milestone) for name, milestone in summary.milestones.items()},
    }


def curves_of(store: HistoryStore, run_name: str | None) -> dict[str, Any]:
    """Per episode of a run (the newest where None): number, reward, steps, share of each source and of loops, count of
    milestones. `HistoryError` where there is no such run."""
    run = store.find_run(run_name)
    rows = store.connection.execute(
        "select e.number, e.reward, e.steps, e.llm_steps, e.rules_steps, e.policy_steps, e.loop_steps, "
        "(select count(*) from milestones m where m.episode_id = e.id) from episodes e "
        "where e.run_id = ? order by e.number",
        (run.id,),
    ).fetchall()
    width = max(1, math.ceil(len(rows) / MOST_POINTS))
    points = [_point(rows[first : first + width]) for first in range(0, len(rows), width)]
    names = ("episode", "reward", "steps", "llm", "rules", "policy", "loops", "milestones")
    return {
        "run": run.name,
        "episodes": len(rows),
        **{name: [point[place] for point in points] for place, name in enumerate(names)},
        "sources": _sources_by_mode(store, run.id),
    }


def _point(rows: list[tuple[Any, ...]]) -> tuple[float, ...]:
    """A stretch of episodes as one point; shares are of its steps."""
    steps = max(1, sum(row[2] for row in rows))
    shares = [sum(row[place] for row in rows) / steps for place in (3, 4, 5, 6)]
    reward, length, milestones = (statistics.fmean(row[place] for row in rows) for place in (1, 2, 7))
    return rows[-1][0], reward, length, *shares, milestones


def _sources_by_mode(store: HistoryStore, run_id: int) -> list[dict[str, Any]]:
    rows = store.connection.execute(
        "select m.name, s.name, r.n, r.outcome_micro, r.confidence_micro from run_sources r "
        "join names m on m.id = r.mode_id join names s on s.id = r.source_id where r.run_id = ? "
        "order by m.name, s.name",
        (run_id,),
    )
    return [
        {"mode": mode, "source": source, "decisions": n, "outcome": out / n / MICRO, "confidence": sure / n / MICRO}
        for mode, source, n, out, sure in rows
    ]


def patterns_of(store: HistoryStore) -> list[dict[str, Any]]:
    """The most frequent patterns of each kind, over all runs of the record."""
    found = find_patterns(store.connection, LEAST_FREQUENCY, limit=PATTERNS_OF_A_KIND)
    return [
        {
            "kind": pattern.kind.value.replace("_", " "),
            "times": pattern.frequency,
            "outcome": pattern.mean_outcome,
            "pattern": pattern.description,
        }
        for pattern in found
    ]


def maps_of(cells: Counter[tuple[int, int, int, int]], game: GameData | None) -> list[dict[str, Any]]:
    """Visited maps, the most visited first: name, size in cells, and [x, y, visits] of each visited cell. A map that
    the game's data lacks gets its numbers as its name, and the size that its cells need."""
    by_map: dict[tuple[int, int], list[list[int]]] = {}
    for (group, number, x, y), count in cells.items():
        by_map.setdefault((group, number), []).append([x, y, count])
    found: list[dict[str, Any]] = []
    for (group, number), visited in by_map.items():
        known = None if game is None else game.maps.get(MapId(group, number))
        found.append(
            {
                "name": f"map {group},{number}" if known is None else known.name,
                "width": max([0 if known is None else known.width, *(x + 1 for x, _, _ in visited)]),
                "height": max([0 if known is None else known.height, *(y + 1 for _, y, _ in visited)]),
                "cells": sorted(visited),
                "visits": sum(count for _, _, count in visited),
            }
        )
    return sorted(found, key=lambda one: -one["visits"])


def metric_lines(file: Path, kinds: Iterable[str]) -> list[dict[str, Any]]:
    """The lines of a JSON-lines file whose `kind` is wanted, of each (kind, number) the last; half a line is none."""
    wanted = set(kinds)
    kept: dict[tuple[str, Any], dict[str, Any]] = {}
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, Mapping) and row.get("kind") in wanted:
            kept[str(row["kind"]), json.dumps([row.get("episode"), row.get("mode"), row.get("update")])] = dict(row)
    return list(kept.values())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
