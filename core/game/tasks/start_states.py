"""The save states of a suite, in one compressed file beside it: `tasks.states.zip` beside `tasks.json`.

Each entry is a save state of the emulator; `starts.json` says which ROM they belong to and what had been reached in
each. The same states give the same bytes. Nothing in the file is executed.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from core import exceptions
from core.game.files.form import Form
from core.game.tasks.task import TaskStart
from core.whole_files import written_aside

INDEX: Final = "starts.json"
STATES_SUFFIX: Final = ".states.zip"
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: when a file was made is no part of it."""
_MOST_BYTES: Final = 4_000_000
"""Of one state, unpacked."""


class _StartForm(Form):
    reached: tuple[str, ...]


class _IndexForm(Form):
    rom_sha1: str
    pyboy: str
    starts: dict[str, _StartForm]


@dataclass(frozen=True, slots=True)
class StartStates:
    """All moments of a suite."""

    rom_sha1: str
    pyboy: str
    """The emulator's version that wrote them."""
    starts: Mapping[str, TaskStart]


def states_beside(suite: Traversable | Path) -> str:
    """The name of the file with the states of a suite's file."""
    return suite.name.removesuffix(".json") + STATES_SUFFIX


def read_states(file: Traversable | Path) -> StartStates:
    """What `write_states` wrote; `core.exceptions.EnvironmentError` for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            index = _IndexForm.model_validate_json(archive.read(INDEX))
            starts = {key: TaskStart(_read(archive, key), row.reached) for key, row in index.starts.items()}
    except OSError as error:
        raise exceptions.EnvironmentError(
            f"cannot read the states of the tasks, {file}: {error.strerror or error}. "
            "`crystal-agent tasks make` makes them"
        ) from error
    except (zipfile.BadZipFile, KeyError, ValueError, ValidationError, EOFError) as error:
        raise exceptions.EnvironmentError(
            f"{file} holds no states of tasks ({type(error).__name__}): `crystal-agent tasks make` makes them anew"
        ) from error
    return StartStates(index.rom_sha1, index.pyboy, starts)


def _read(archive: zipfile.ZipFile, key: str) -> bytes:
    entry = archive.getinfo(f"{key}.state")
    if entry.file_size > _MOST_BYTES:
        raise ValueError(f"{key} has {entry.file_size} bytes")
    return archive.read(entry)


def write_states(path: Path, states: StartStates) -> None:
    """Writes a file that is whole or not there."""
    told = {
        "rom_sha1": states.rom_sha1,
        "pyboy": states.pyboy,
        "starts": {key: {"reached": list(one.reached)} for key, one in sorted(states.starts.items())},
    }
    with (
        written_aside(path) as aside,
        zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        archive.writestr(_entry(INDEX), json.dumps(told, indent=1))
        for key, one in sorted(states.starts.items()):
            archive.writestr(_entry(f"{key}.state"), one.state)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
