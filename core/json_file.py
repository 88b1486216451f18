"""A JSON object from a file that a person wrote: every mistake is said in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError


def read_object(path: Path) -> dict[str, Any]:
    """The object in a config file. Raises ConfigurationError that begins with the path: what is wrong, the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"config file {path} does not exist; copy config.json of the project or name another"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"config file {path} cannot be read: {error}") from error
    try:
        data = json.loads(text, object_pairs_hook=_object_without_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; JSON has no comments and "
            "no comma after the last entry"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} holds a JSON {type(data).__name__}; a config is an object: {{...}}")
    return data


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(other == key for other, _ in pairs) > 1)
        raise ConfigurationError(f"key {twice!r} is there twice; keep one of them")
    return found


def _no_constant(name: str) -> float:
    raise ConfigurationError(f"{name} is no number that can be used here; give a finite one")
