"""From a JSON file to checked `Settings`.

Unknown keys are errors that name the nearest known key. Relative paths in a file are relative to *that file's folder*,
so a run means the same from wherever it is started; paths on a command line are relative to the working directory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.agent.curriculum_settings import RENAMED_KEYS
from core.exceptions import ConfigurationError
from core.registry import import_from
from core.schema import parsed
from trainer.settings.models import Settings


def load_settings(path: str | Path) -> Settings:
    """Reads and checks a JSON file. Where it names code of the user's own (`Settings.code_paths`), modules in its
    folder can be imported from now on.

    Raises ConfigurationError in one line: what is wrong, what was seen, the remedy."""
    path = Path(path)
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
    try:
        settings = parsed(Settings, data, RENAMED_KEYS).in_folder(path.resolve().parent)
        if settings.code_paths:
            import_from(path.resolve().parent)
        settings.rewards.check_names(settings.reward_kinds())
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return settings


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(other == key for other, _ in pairs) > 1)
        raise ConfigurationError(f"key {twice!r} is there twice; keep one of them")
    return found


def _no_constant(name: str) -> float:
    raise ConfigurationError(f"{name} is no number that can be used here; give a finite one")
