"""The folder of a program that nobody trusts: how much it holds, and its removal, however deep the program nested it.

Nothing here calls itself or builds a long path, so no depth ends it. Links do not occur: the sandbox refuses to make
them.
"""

from __future__ import annotations

import itertools
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

DEEPEST = 32
"""Folders within folders that an honest program needs."""


def holds_more(folder: Path, size_bytes: int, files: int) -> bool:
    """Whether a folder holds more than that in all, is nested deeper than `DEEPEST`, or hides what it holds.

    The program may change the folder meanwhile: what is gone when it is looked at does not count.
    """
    found_bytes = found_files = 0
    waiting = [(str(folder), 0)]
    while waiting:
        path, depth = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    found_files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
                    else:
                        found_bytes += entry.stat(follow_symlinks=False).st_blocks * 512
                    if found_files > files or found_bytes > size_bytes or depth > DEEPEST:
                        return True
        except FileNotFoundError:
            continue
        except OSError:  # made unreadable, or a name too long to reach
            return True
    return False


def remove_folder(folder: Path) -> None:
    """Remove a folder and all it holds: what lies in a folder within is moved up first, then removed like the rest.

    Raises `OSError` if something cannot be removed.
    """
    names = (f"{secrets.token_hex(8)}-{number}" for number in itertools.count())  # unlike any of the program's own
    with _opened(folder) as top:
        while found := os.listdir(top):
            for name in found:
                if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                    os.unlink(name, dir_fd=top)
                    continue
                os.chmod(name, 0o700, dir_fd=top)
                with _opened(name, top) as inner:
                    for below in os.listdir(inner):
                        os.chmod(below, 0o700, dir_fd=inner)  # a folder that its owner may not write cannot be moved
                        os.rename(below, next(names), src_dir_fd=inner, dst_dir_fd=top)
                os.rmdir(name, dir_fd=top)
    folder.rmdir()


@contextmanager
def _opened(folder: Path | str, within: int | None = None) -> Generator[int]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
    try:
        yield number
    finally:
        os.close(number)
