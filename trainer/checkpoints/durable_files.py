"""Files that survive a kill and a power cut: written aside, flushed to the disk, and put in place by a rename."""

from __future__ import annotations

import os
from pathlib import Path

from core.whole_files import written_aside


def write_text_atomically(path: Path, text: str) -> None:
    """Replaces a file as a whole, so that a reader or a kill sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        write_durably(aside, text.encode())
    flush_directory(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file and waits until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_directory(path: Path) -> None:
    """Waits until the disk has the directory's entries: a rename is durable only then. Windows has no such call; there
    the file system keeps its renames in a journal."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
