"""How commands print: a rich table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Cell = str | int | float | None


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table on standard output; numbers are right-aligned, floats get three decimals, None is a dash."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    body = [list(row) for row in rows]
    for index, column in enumerate(columns):
        is_number = any(isinstance(row[index], int | float) for row in body)
        words = column.replace("_", " ")
        longest_word = max((len(word) for word in words.split()), default=0)
        table.add_column(words, justify="right" if is_number else "left", overflow="fold", min_width=longest_word)
    for row in body:
        table.add_row(*(_spelt(cell) for cell in row))
    Console().print(table)


def _spelt(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.3f}"
    # Text from the database may hold square brackets, which rich would read as markup.
    return str(cell).replace("[", r"\[")


def print_progress(line: str) -> None:
    """A line about work that goes on, on standard error: programs that read the output do not see it."""
    print(line, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """JSON on standard output; times in ISO 8601."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_jsonable))


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")
