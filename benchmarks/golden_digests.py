"""What is kept of a decision record and of a checkpoint to compare two runs: hashes that a new name does not change."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

CLOCK = re.compile(
    r"run|run_name|duration_s|seconds|steps_per_s|latency_.*|episode_time|training_time|last_weight_update|"
    r"compute_utilization|memory_usage|throughput|model_path"
)
"""Keys of results that hold times, names of runs, paths or memory."""
CLOCK_COLUMNS = frozenset({"started_at_s", "seconds", "elapsed_ms"})
KEYS = ("run", "episode", "number", "step", "mode", "context", "option", "source", "milestone", "reasoning", "action")
"""Columns that order rows, after ids are spelt out; the other columns break ties."""
NAMED = ("source", "strategy", "option", "milestone", "mode")
NOT_COMPARED = ("runs", "run_changes", "names")
"""A run's row and its changes hold settings and the time; names are words that the other tables spell out."""


def without_clock(value: Any) -> Any:
    """A result without what depends on the clock or the machine; tuples and sets become
    lists, enums their values."""
    if isinstance(value, dict):
        return {_spelt(key): without_clock(inner) for key, inner in value.items() if not CLOCK.fullmatch(_spelt(key))}
    if isinstance(value, list | tuple):
        return [without_clock(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(without_clock(inner) for inner in value)
    if isinstance(value, Enum):
        return value.value
    return value.item() if isinstance(value, np.generic) else value


def _spelt(key: Any) -> str:
    """A key as JSON has it: a tuple's parts in a row, an enum's value."""
    return " ".join(map(_spelt, key)) if isinstance(key, tuple) else str(without_clock(key))


def hashed(values: Iterable[Any]) -> str:
    """A hash of JSON-able values, in their order; floats count to the last bit."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n")
    return digest.hexdigest()[:16]


def record_digest(path: Path) -> dict[str, Any]:
    """By table of a decisions.db: the number of rows and a hash of each column."""
    if not path.is_file():
        raise SystemExit(f"{path} is not there: the run wrote no decision record")
    connection = sqlite3.connect(path)
    try:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by name")
            if not name.startswith(("_", "sqlite_")) and "_fts" not in name and name not in NOT_COMPARED
        ]
        words = _words(connection)
        return {table: _table_digest(connection, table, words) for table in tables}
    finally:
        connection.close()


def _words(connection: sqlite3.Connection) -> dict[str, dict[int, Any]]:
    """By column with an id: what the id stands for."""
    names = dict(connection.execute("select id, name from names"))
    runs = {run: place for place, (run,) in enumerate(connection.execute("select id from runs order by id"))}
    episodes = connection.execute("select id, run_id, number from episodes")
    return {
        **{f"{name}_id": names for name in NAMED},
        "context_id": dict(connection.execute("select id, json from contexts")),
        "reasoning_id": dict(connection.execute("select id, text from reasonings")),
        "run_id": runs,
        "episode_id": {episode: [runs[run], number] for episode, run, number in episodes},
    }


def _table_digest(connection: sqlite3.Connection, table: str, words: dict[str, dict[int, Any]]) -> dict[str, Any]:
    cursor = connection.execute(f'select * from "{table}"')
    columns = [column for (column, *_) in cursor.description]
    kept = [column for column in columns if column not in CLOCK_COLUMNS and column != "id"]
    rows = []
    for row in cursor:
        cells = dict(zip(columns, row, strict=True))
        rows.append(
            {name.removesuffix("_id"): _comparable(words.get(name, {}).get(cells[name], cells[name])) for name in kept}
        )
    rows.sort(key=lambda cells: json.dumps([*(cells.get(key) for key in KEYS), cells]))
    return {
        "rows": len(rows),
        **{name.removesuffix("_id"): hashed(row[name.removesuffix("_id")] for row in rows) for name in kept},
    }


def _comparable(value: Any) -> Any:
    """A save state by its hash."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def weights_digest(folder: Path) -> dict[str, Any]:
    """The safetensors files below a folder: how many tensors and numbers, and one hash of the sorted tensors."""
    tensors: list[tuple[str, bytes]] = []
    numbers = 0
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                tensor = file.get_tensor(name)
                numbers += tensor.numel()
                raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
                tensors.append((f"{tensor.dtype}{tuple(tensor.shape)}", hashlib.sha256(raw).digest()))
    if not tensors:
        raise SystemExit(f"{folder} holds no weights")
    tensors.sort()
    return {
        "tensors": len(tensors),
        "numbers": numbers,
        "sha256": hashed(piece for shape, raw in tensors for piece in (shape, raw)),
    }
