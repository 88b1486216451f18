"""A decision database that was removed while it was open: it still exists for who has it open, and is written again.

On the systems that this project runs on, a removed file lives until the last program that has it open closes it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

Identity = tuple[int, int]
"""Device and inode: they tell a file from another one of the same name."""


def identity_of(file: Path) -> Identity | None:
    """None where there is no such file."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def put_back(connection: sqlite3.Connection, file: Path) -> Path:
    """Writes the whole database that `connection` has open to `file`, where it was removed; returns where it is now.

    Where another file has taken the name since, that one is left alone and the database gets a name beside it. Raises
    OSError or sqlite3.Error when it cannot be written; nothing is in place then.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.writing")
    try:
        copy = sqlite3.connect(temporary)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        place = _free_place(file)
        temporary.replace(place)
    finally:
        for leftover in _with_companions(temporary):
            leftover.unlink(missing_ok=True)
    return place


def _free_place(file: Path) -> Path:
    """An empty file of a name that was free, and that no journal of a removed file will be taken for its own."""
    place, number = file, 0
    while True:
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            number += 1
            place = file.with_name(f"{file.stem}.rescued_{number:03d}{file.suffix}")
            continue
        for companion in _with_companions(place)[1:]:
            companion.unlink(missing_ok=True)  # of the file that was removed: SQLite would play them into the new one
        return place


def _with_companions(file: Path) -> list[Path]:
    """The file and those that SQLite keeps beside it."""
    return [file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm", "-journal"))]
