"""Files that are whole or not there, whatever happens while they are written: a reader never sees half of one.

Where a power cut must not cost the file either, see `trainer.checkpoints.durable_files`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path


@contextlib.contextmanager
def written_aside(path: Path) -> Generator[Path]:
    """Gives a name beside `path` to write a file to, which takes the place of `path` in one step when the block ends.

    Where the block ends with an error, what it wrote is removed and `path` stays as it was. The name holds the number
    of the process, so that several of them can write the same file: the last one stays.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the error that the caller hears is the first one
            aside.unlink()
        raise
