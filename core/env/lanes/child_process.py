"""A forked child as its parent sees it end."""

from __future__ import annotations

import os
import signal
import time
from typing import Final

LOOK_S: Final = 0.002


def end_of(process: int) -> str:
    """Clears a dead child away and says how it ended."""
    try:
        _, status = os.waitpid(process, 0)
    except ChildProcessError:
        return "ended"
    code = os.waitstatus_to_exitcode(status)
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def await_end_of(process: int, deadline_s: float) -> None:
    """Waits for a child that was told to leave; kills it at the deadline (a time of `time.monotonic`)."""
    while not _has_left(process):
        if time.monotonic() > deadline_s:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return
        time.sleep(LOOK_S)


def _has_left(process: int) -> bool:
    """Whether it has ended; it is then no zombie any more."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
