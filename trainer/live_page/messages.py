"""What a training and its page tell each other, as files in the run's folder: how it stands, and what it is asked."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.whole_files import written_aside

STANDING: Final = "standing.json"
COMMAND: Final = "command"
TOKEN: Final = "token"
MOST_BYTES: Final = 2**20


class PageCommand(StrEnum):
    """What a page may ask of a training."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


def write_standing(folder: Path, standing: Mapping[str, Any]) -> None:
    """Replaces how the run stands. Not flushed to the disk: the next second says it anew."""
    _replace(folder / STANDING, json.dumps(standing))


def read_standing(folder: Path) -> dict[str, Any]:
    """How the run stood last; empty where nothing was said."""
    try:
        with (folder / STANDING).open(encoding="utf-8") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def ask(folder: Path, command: PageCommand) -> None:
    """Leaves a command for the training; a newer one takes its place."""
    _replace(folder / COMMAND, command.value)


def take_command(folder: Path) -> PageCommand | None:
    """The command that was left, once; None without one."""
    file = folder / COMMAND
    try:
        with file.open(encoding="utf-8") as opened:
            word = opened.read(100)
        file.unlink()
        return PageCommand(word)
    except (OSError, ValueError):
        return None


def token_of(folder: Path) -> str:
    """The word that every command needs, made when there is none yet. Only the file's owner can read it."""
    file = folder / TOKEN
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="utf-8")
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(token := secrets.token_urlsafe(18))
    return token


def _replace(file: Path, text: str) -> None:
    with written_aside(file) as aside:
        aside.write_text(text, encoding="utf-8")
