"""Paths as a config writes them: checked and with `~` expanded where they are read, and no two of them for one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator

from core.exceptions import ConfigurationError

LONGEST_NAME_BYTES: Final = 240
"""File systems take 255; SQLite and atomic writing need some for names beside it."""
LONGEST_PATH_BYTES: Final = 3800
"""Linux takes 4,095, with the names that are made below it."""
BESIDE_A_DATABASE: Final = ("-wal", "-shm", "-journal")
"""Files that SQLite makes beside its own."""


def path_text(value: object) -> object:
    """A path that a file system can have, with `~` and `~user` expanded; what is no path is left to the type's check.

    Raises ValueError in a few words for the empty text, a NUL, a name or a path that is too long, and a user whom
    nobody knows.
    """
    if not isinstance(value, str | Path):
        return value
    text = str(value)
    if not text.strip():
        raise ValueError("a path cannot be empty; write '.' for the folder of the config")
    if "\0" in text:
        raise ValueError("a path cannot hold a NUL character; take it out")
    expanded = os.path.expanduser(text)
    if expanded.startswith("~") and text.startswith("~"):
        raise ValueError(f"no user {text.partition('/')[0][1:]!r} is known here; write the whole path, or './~...'")
    if (longest := max(len(os.fsencode(part)) for part in expanded.split("/"))) > LONGEST_NAME_BYTES:
        raise ValueError(f"a name in it has {longest} bytes; {LONGEST_NAME_BYTES} are possible")
    if len(os.fsencode(expanded)) > LONGEST_PATH_BYTES:
        raise ValueError(f"it has {len(os.fsencode(expanded))} bytes; {LONGEST_PATH_BYTES} are possible")
    return Path(expanded) if isinstance(value, Path) else expanded


ConfigPath = Annotated[Path, BeforeValidator(path_text)]
PathText = Annotated[str, BeforeValidator(path_text)]
"""The same as text, for settings that know no `Path`."""


def placed(path: str | Path, folder: Path) -> Path:
    """A path of a config with a relative one taken from `folder`. Raises ConfigurationError where it gets too long."""
    whole = folder / path
    if len(os.fsencode(whole)) > LONGEST_PATH_BYTES:
        raise ConfigurationError(
            f"the path {str(whole)[:60]!r}... has {len(os.fsencode(whole))} bytes; {LONGEST_PATH_BYTES} are possible: "
            "shorten it"
        )
    return whole


def refuse_one_file_for_two(written: Mapping[str, Path | None], others: Mapping[str, Path | None]) -> None:
    """Raises ConfigurationError where a file that is written is also meant for something else, or lies on its way.

    Both go by the key of the config; None is not set. `written` are databases, `others` files that are only read and
    folders.
    """
    named = [(key, Path(os.path.realpath(path))) for key, path in {**written, **others}.items() if path is not None]
    for key, path in named[: sum(path is not None for path in written.values())]:
        taken = {path, *(path.with_name(path.name + suffix) for suffix in BESIDE_A_DATABASE)}
        for other_key, other in named:
            if other_key == key:
                continue
            if not taken.isdisjoint((other, *other.parents)) or _are_one_file(path, other):
                raise ConfigurationError(
                    f"{key} and {other_key} cannot both be at {path}: a file that is written serves one of them; "
                    "name another for one"
                )


def _are_one_file(one: Path, other: Path) -> bool:
    """Whether both are there and the same, by whatever names."""
    try:
        return one.samefile(other)
    except OSError:
        return False
