"""One run per save directory: two would prune each other's checkpoints and each other's episodes.

The lock is taken before the first change: before a resume takes later episodes out of the decision record, before an
earlier run is set aside.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final
from weakref import WeakSet

from core.exceptions import CheckpointError
from trainer.checkpoints.own_names import folder_of
from trainer.run.file_lock import lock_file, unlock_file

FILE: Final = ".lock"
_held: WeakSet[FileIO] = WeakSet()
"""Files of the locks that this process holds."""


class RunLock:
    """Holds `.lock` of a directory while entered, or from `keep` to `let_go`. The system lets go of it when the process
    ends, however it ends; processes that it has forked do not hold it.

    One lock may be entered several times over.
    """

    def __init__(self, directory: str | Path) -> None:
        """Raises ConfigurationError for "" as the directory; makes nothing."""
        self._path = folder_of("save_dir", directory) / FILE
        self._file: FileIO | None = None
        self._entered = 0
        self._is_kept = False

    def __enter__(self) -> RunLock:
        """Raises CheckpointError when another run holds it or the directory cannot be written."""
        if self._file is None:
            self._take()
        self._entered += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        if not (self._entered or self._is_kept):
            self.let_go()

    def is_of(self, directory: Path) -> bool:
        """Whether it is this directory's lock."""
        return self._path.parent == directory

    def check(self) -> None:
        """Raises CheckpointError when another run holds it; makes nothing."""
        if self._file is None:
            refuse_if_running(self._path.parent)

    def keep(self) -> None:
        """Stays held after the block that is entered now, until `let_go`."""
        self._is_kept = True

    def let_go(self) -> None:
        """Others may have it now, unless a block is entered: then at that block's end."""
        self._is_kept = False
        if self._file is None or self._entered:
            return
        _held.discard(self._file)
        unlock_file(self._file)
        self._file.close()
        self._file = None

    def _take(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = FileIO(self._path, "a")  # what a user may have in it stays
        except OSError as error:
            raise CheckpointError(f"save_dir {self._path.parent} cannot be written: {error}; choose another") from error
        _lock(file, self._path.parent)
        _held.add(file)
        self._file = file


def refuse_if_running(directory: Path) -> None:
    """Raises CheckpointError when a run is writing to the directory now. Changes nothing."""
    try:
        file = FileIO(directory / FILE)
    except OSError:
        return  # no run was ever there, or none that this user may write to
    _lock(file, directory)
    file.close()


def _lock(file: FileIO, directory: Path) -> None:
    """Takes the lock at once; the file is closed where that fails."""
    try:
        lock_file(file)
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError):
            raise CheckpointError(
                f"another run is writing to {directory}; wait for its end or choose another save_dir"
            ) from error
        raise CheckpointError(
            f"save_dir {directory} cannot be locked: {error}; choose one on a disk that knows file locks"
        ) from error


def _close_in_child() -> None:
    """A lock belongs to the open file, which a forked process shares: it would hold it as long as it lives."""
    for file in list(_held):
        file.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
