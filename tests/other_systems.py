"""Takes away from Python what other systems lack, for tests that run a program as it would run there.

`python -m tests.other_systems MODULE ARGUMENTS...` runs a module in a Python without fork, fcntl, resource, poll,
signal masks and load averages, as on Windows. Libraries are imported before: only this project's code is tried. The
lock of Windows is stood in for by one of Linux that also belongs to the open file.
"""

from __future__ import annotations

import fcntl
import os
import runpy
import select
import signal
import struct
import sys
import types
from typing import Any

import psutil
import pyboy
import rich.progress
import stable_baselines3
import torch
import transformers
import typer

LIBRARIES = (psutil, pyboy, rich.progress, stable_baselines3, torch, transformers, typer)
_NAMES: dict[types.ModuleType, tuple[str, ...]] = {
    os: (
        *("fork", "register_at_fork", "getloadavg", "sched_getaffinity", "killpg", "setsid", "waitstatus_to_exitcode"),
        *("O_DIRECTORY", "WNOHANG", "uname", "getuid"),
    ),
    select: ("poll", "epoll"),
    signal: ("pthread_sigmask", "SIGKILL", "SIGHUP", "setitimer"),
}


def _windows_locking() -> types.ModuleType:
    """A `msvcrt` with the one call that is used of it: a byte range, of the open file, at the file's position."""
    module: Any = types.ModuleType("msvcrt")
    module.LK_NBLCK, module.LK_UNLCK = 2, 0

    def locking(descriptor: int, mode: int, count: int) -> None:
        may_write = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        kind = fcntl.F_UNLCK if mode == module.LK_UNLCK else fcntl.F_WRLCK if may_write else fcntl.F_RDLCK
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi", kind, os.SEEK_SET, place, count, 0))
        except BlockingIOError as error:
            raise PermissionError(13, "Permission denied") from error

    module.locking = locking
    return module


def be_another_system() -> None:
    """From now on, for the whole process."""
    sys.modules["msvcrt"] = _windows_locking()
    for name in ("fcntl", "resource", "termios", "pwd", "grp"):
        sys.modules[name] = None  # type: ignore[assignment]  # so Python says that a module is not there
    for module, names in _NAMES.items():
        for name in names:
            delattr(module, name)


if __name__ == "__main__":
    be_another_system()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
