"""One run per save directory: two would prune each other's checkpoints."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType

from core.exceptions import CheckpointError


class RunLock:
    """Holds `.lock` of a directory while entered. The system lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / ".lock"

    def __enter__(self) -> RunLock:
        """Raises CheckpointError when another process holds it or the directory cannot be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
        except OSError as error:
            raise CheckpointError(f"save_dir {self._path.parent} cannot be written: {error}; choose another") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise CheckpointError(
                f"another run is writing to {self._path.parent}; wait for its end or choose another save_dir"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
