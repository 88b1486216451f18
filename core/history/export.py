"""Decisions out of the database, for other programs: CSV, JSON lines or Parquet, streamed in the order of playing."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from core.exceptions import ConfigurationError, HistoryError
from core.history.decision_columns import COLUMNS, Kind
from core.whole_files import written_aside

_BATCH_ROWS = 20_000
_Rows = list[tuple[Any, ...]]


class ExportFormat(StrEnum):
    """File formats, named by their usual suffix."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


EXPORT_COLUMNS: Final[Mapping[str, Kind]] = {
    "id": Kind.NAME,
    "time_utc": Kind.NAME,
    "run": Kind.NAME,
    "episode": Kind.INTEGER,
    "step": Kind.INTEGER,
    "mode": Kind.NAME,
    "map": Kind.NAME,
    **{name: column.kind for name, column in COLUMNS.items() if column.exported},
}
"""Columns of the view `decision_list`, in the order of exported files."""


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """Which decisions to export; None means all."""

    run: str | None = None
    episode: int | None = None


def export_decisions(
    connection: sqlite3.Connection, target: Path, file_format: ExportFormat, choice: ExportChoice
) -> int:
    """Write the chosen decisions to `target`, which must not exist; returns how many.

    The file appears under its name only when it is complete. Parquet needs the package `pyarrow`.
    """
    if target.exists():
        raise ConfigurationError(f"{target} exists already; name a file that does not")
    if choice.episode is not None and not _has_episode(connection, choice):
        where = f"run {choice.run!r} has" if choice.run is not None else "no run has"
        raise HistoryError(
            f"{where} {'no' if choice.run is not None else 'an'} episode {choice.episode}; `crystal-agent decisions "
            "compare` counts the episodes of each run"
        )
    if not target.parent.is_dir():
        raise ConfigurationError(f"the directory {target.parent} does not exist; create it first")
    try:
        with written_aside(target) as aside:
            count = _WRITERS[file_format](_batches(connection, choice), aside)
    except OSError as error:
        raise HistoryError(f"cannot write {target}: {error.strerror}; check rights and free disk space") from error
    return count


def _has_episode(connection: sqlite3.Connection, choice: ExportChoice) -> bool:
    return connection.execute(
        "select exists(select 1 from episodes e join runs r on r.id = e.run_id "
        "where e.number = :episode and (:run is null or r.name = :run))",
        {"run": choice.run, "episode": choice.episode},
    ).fetchone()[0]


def format_of(target: Path) -> ExportFormat:
    """The format that a file's suffix names. Raises ConfigurationError for a suffix that names none."""
    suffix = target.suffix.removeprefix(".").lower()
    if suffix not in set(ExportFormat):
        raise ConfigurationError(
            f"{target} ends with {target.suffix or 'no suffix'}, which names no format; end it with "
            f"{', '.join('.' + one for one in ExportFormat)}, or give --format (spreadsheets open csv)"
        )
    return ExportFormat(suffix)


def _batches(connection: sqlite3.Connection, choice: ExportChoice) -> Iterator[_Rows]:
    cursor = connection.execute(
        f"select {', '.join(EXPORT_COLUMNS)} from decision_list "
        "where (:run is null or run = :run) and (:episode is null or episode = :episode) order by episode_id, step",
        {"run": choice.run, "episode": choice.episode},
    )
    while rows := cursor.fetchmany(_BATCH_ROWS):
        yield rows


def _write_csv(batches: Iterator[_Rows], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(EXPORT_COLUMNS)
        for rows in batches:
            writer.writerows(rows)
            count += len(rows)
    return count


def _write_json_lines(batches: Iterator[_Rows], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for rows in batches:
            for row in rows:
                stream.write(json.dumps(dict(zip(EXPORT_COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")
            count += len(rows)
    return count


def _write_parquet(batches: Iterator[_Rows], path: Path) -> int:
    try:  # any: pyarrow brings no types
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise ConfigurationError("Parquet needs the package pyarrow: pip install pyarrow; or export csv") from error
    numbers = {Kind.INTEGER: arrow.int64(), Kind.REAL: arrow.float64()}
    schema = arrow.schema([(name, numbers.get(kind, arrow.string())) for name, kind in EXPORT_COLUMNS.items()])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in batches:
            columns = dict(zip(EXPORT_COLUMNS, zip(*rows, strict=True), strict=True))
            writer.write_table(arrow.Table.from_pydict(columns, schema=schema))
            count += len(rows)
    return count


_WRITERS = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON_LINES: _write_json_lines,
    ExportFormat.PARQUET: _write_parquet,
}
