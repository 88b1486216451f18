"""The lines of a monitor's log: numbers of an episode, and its interactions.

One JSON object a line. `{"kind": "metrics", "time": s, "episode": n, "model": id or null, "values": {name: number}}`
and `{"kind": "interactions", "time": s, "episode": n, "edges": [[source, target, stance, count], ...]}`. A resumed
run writes the episodes after its checkpoint again; of two lines about the same thing the later one counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.arenas.base import Stance
from core.exceptions import ConfigurationError

Edge = tuple[str, str]
"""Source and target of an interaction."""


@dataclass(frozen=True, slots=True)
class MetricRecord:
    """Numbers of one episode: a model's, or the whole run's where `model` is None."""

    time_s: float
    """Since the epoch."""
    episode: int
    model: str | None
    values: Mapping[str, float]

    def line(self) -> str:
        """One line. Numbers that JSON lacks (NaN, infinities) become null."""
        values = {name: value if math.isfinite(value) else None for name, value in self.values.items()}
        return json.dumps(
            {
                "kind": "metrics",
                "time": self.time_s,
                "episode": self.episode,
                "model": self.model,
                "values": values,
            }
        )


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """Counts of the interactions in one episode."""

    time_s: float
    episode: int
    counts: Mapping[tuple[str, str, Stance], int]
    """Counts by source, target and stance."""

    def line(self) -> str:
        edges = [[source, target, stance.value, count] for (source, target, stance), count in self.counts.items()]
        return json.dumps({"kind": "interactions", "time": self.time_s, "episode": self.episode, "edges": edges})


@dataclass(slots=True)
class TrainingLog:
    """A whole log in memory."""

    curves: dict[str, dict[str | None, dict[int, float]]] = field(default_factory=dict)
    """Values by metric, model and episode."""
    interactions: dict[int, dict[tuple[str, str, Stance], int]] = field(default_factory=dict)
    """Counts by episode."""
    skipped_lines: int = 0
    """Lines that a kill left half-written."""

    @property
    def models(self) -> list[str]:
        """Everyone who has numbers or met someone, sorted."""
        named = {model for by_model in self.curves.values() for model in by_model if model is not None}
        for counts in self.interactions.values():
            for source, target, _ in counts:
                named |= {source, target}
        return sorted(named)

    def stances(self) -> dict[Edge, dict[Stance, int]]:
        """Counts of the stances by pair, over all episodes."""
        total: dict[Edge, dict[Stance, int]] = {}
        for counts in self.interactions.values():
            for (source, target, stance), count in counts.items():
                by_stance = total.setdefault((source, target), dict.fromkeys(Stance, 0))
                by_stance[stance] += count
        return total

    def series(self, metric: str, model: str | None) -> tuple[Sequence[int], Sequence[float]]:
        """Episodes in order, and the metric's values in them."""
        points = sorted(self.curves.get(metric, {}).get(model, {}).items())
        return [episode for episode, _ in points], [value for _, value in points]


def read_log(path: Path) -> TrainingLog:
    """Read a log; `ConfigurationError` when there is none or it belongs to another program."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"the log {path} cannot be read: {error}; a monitor writes it") from error
    log = TrainingLog()
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            log.skipped_lines += 1
            continue
        try:
            _add(log, entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(f"{path}, line {number} is not of a monitor's log: {error!r}") from error
    return log


def _add(log: TrainingLog, entry: Mapping[str, object]) -> None:
    episode = entry["episode"]
    if not isinstance(episode, int):
        raise TypeError(f"episode is {episode!r}")
    if entry["kind"] == "metrics":
        values, model = entry["values"], entry["model"]
        if not isinstance(values, dict) or not (model is None or isinstance(model, str)):
            raise TypeError(f"values are {values!r}")
        for name, value in values.items():
            if value is not None:
                log.curves.setdefault(name, {}).setdefault(model, {})[episode] = float(value)
    elif entry["kind"] == "interactions":
        edges = entry["edges"]
        if not isinstance(edges, list):
            raise TypeError(f"edges are {edges!r}")
        log.interactions[episode] = {
            (source, target, Stance(stance)): int(count) for source, target, stance, count in edges
        }
    else:
        raise ValueError(f"kind is {entry['kind']!r}")
