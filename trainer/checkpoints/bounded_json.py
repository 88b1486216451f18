"""JSON from a file that somebody else may have written: of bounded size, and every way to be wrong is one error."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.exceptions import CheckpointError

MOST_HEAD_BYTES: Final = 16 * 2**20
"""A manifest has a few kilobytes."""
MOST_STATE_BYTES: Final = 2**30
MOST_WEIGHT_BYTES: Final = 2**36


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """A regular file of at most `most_bytes`. Raises OSError, FileNotFoundError among them, for anything else."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path.name} is no regular file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise OSError(f"{path.name} has {size:,} bytes, more than {most_bytes:,}")
        return file.read(size)


def json_of(data: bytes, where: str) -> Any:
    """The value. Raises CheckpointError that begins with `where` for what is no JSON, numbers of thousands of digits or
    beyond all bounds, and objects that are nested too deep."""
    try:
        return json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise CheckpointError(f"{where}: it is nested too deep") from error
    except ValueError as error:
        raise CheckpointError(f"{where}: {error}") from error


def _finite(digits: str) -> float:
    """None of our files holds NaN or an infinity, and what is counted on with one could not be written again."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is not finite")
    return number


def sum_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object's content, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
