"""The names that this program gives to what it writes into a run's folder: nothing else is ever removed or renamed.

A run's folder may be one of the user's own (`"save_dir": "."`), so each name is recognised as a whole, with its number
and its process id; and a folder is removed only when it holds nothing but our files.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from core.exceptions import ConfigurationError

log = logging.getLogger(__name__)

_SIX_DIGITS = "(?:[0-9]{6}|[1-9][0-9]{6,})"
_CHECKPOINT = f"(?:(?:checkpoint|resume)_{_SIX_DIGITS}|best_model)"
NUMBERED: Final = re.compile(f"(checkpoint|resume)_({_SIX_DIGITS})")
PREVIOUS: Final = re.compile(r"previous_([0-9]{3}|[1-9][0-9]{3,})")
"""An earlier run that was set aside."""
UNFINISHED: Final = re.compile(rf"\.(?:{_CHECKPOINT}|latest|training_summary\.json)\.[0-9]+\.writing")
"""Written under this name until it is whole; the number is the process."""
STEPPED_ASIDE: Final = re.compile(rf"\.?({_CHECKPOINT})\.old")
"""Stands aside while another takes its place, or on its way out."""


def folder_of(name: str, folder: str | Path) -> Path:
    """The folder that a caller names. Raises ConfigurationError for "", which would mean the working directory."""
    if not str(folder).strip():
        raise ConfigurationError(f"{name} is empty: name a folder, '.' for the working directory")
    return Path(folder)


def holds_only(path: Path, entries: Collection[str]) -> bool:
    """Whether a path is a file, a link, or a folder with nothing in it but `entries`."""
    return path.is_symlink() or not path.is_dir() or set(os.listdir(path)) <= set(entries)


def remove(path: Path, entries: Collection[str]) -> bool:
    """Removes a file, a link, or a folder of `entries`. A folder that holds anything else stays, and the log says so;
    False then."""
    if not holds_only(path, entries):
        log.warning("%s holds files that are not this program's, so it stays: remove it by hand", path)
        return False
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)
    return True


def remove_in_one_step(folder: Path, entries: Collection[str]) -> None:
    """As `remove`. Deleting a folder takes many steps, so it steps aside first: a kill leaves no half of it under its
    name."""
    aside = folder.with_name(f".{folder.name}.old")
    if not holds_only(folder, entries):
        remove(folder, entries)  # which says why it stays
    elif not aside.exists() or remove(aside, entries):
        folder.rename(aside)
        remove(aside, entries)
