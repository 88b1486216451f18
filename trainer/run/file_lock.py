"""Locks of whole files, on each system by its own call. The system lets go of them when the process ends."""

from __future__ import annotations

from io import FileIO
from typing import Any

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    import msvcrt

    _windows: Any = msvcrt

    def lock_file(file: FileIO) -> None:
        """Takes the lock at once. Raises BlockingIOError when another has it, OSError where files cannot be locked."""
        file.seek(_PAST_THE_END)
        try:
            _windows.locking(file.fileno(), _windows.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error

    def unlock_file(file: FileIO) -> None:
        """Others may have it now."""
        file.seek(_PAST_THE_END)
        _windows.locking(file.fileno(), _windows.LK_UNLCK, 1)

else:

    def lock_file(file: FileIO) -> None:
        """Takes the lock at once. Raises BlockingIOError when another has it, OSError where files cannot be locked."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock_file(file: FileIO) -> None:
        """Others may have it now."""
        fcntl.flock(file, fcntl.LOCK_UN)


_PAST_THE_END = 2**30
"""A byte that no lock file has: Windows keeps others from reading what is locked."""
